"""What is compared here is compiled code, never the interpreter that may run before it."""
import pytest

from graphengine import config


@pytest.fixture(autouse=True)
def kernels_only():
    with config.override(tier="kernels"):
        yield
