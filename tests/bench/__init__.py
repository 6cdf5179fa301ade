"""Measurements: each prints its figure beside the floor or limit of the same run."""
