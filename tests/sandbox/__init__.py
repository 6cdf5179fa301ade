"""The sandbox: tried against the official description, the official SDK, and the service's written rules."""
