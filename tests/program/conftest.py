"""What each of these tests leaves is collected where it was made."""

import gc

import pytest


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """A Qt loop's timers must not die in another thread's garbage collection."""
    gc.collect()
