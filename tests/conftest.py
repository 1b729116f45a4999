"""What every test gets: a seeded generator, a compile cache of the session's own, and Qt without a display.

The environment is set while this file is read, which is before any test module imports graphengine. Under
pytest-xdist the first process makes the cache and its workers inherit it, so they also share compiled kernels.
"""

import hashlib
import os
import shutil
import sys
import tempfile

import hypothesis
import numpy as np
import pytest

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

if not IS_WORKER:
    os.environ["GRAPHENGINE_CACHE_DIR"] = tempfile.mkdtemp(prefix="graphengine-tests-")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["GRAPHENGINE_TIER"] = "kernels"         # tests of compiled results do not race with a compiler

pytest.register_assert_rewrite("checks")

# The first example of a test may wait for a compiler, so time says nothing about it. The examples are the same in
# every run, so what fails belongs to the change under test; `--hypothesis-profile=search` looks for others.
for profile, derandomize in (("search", False), ("graphengine", True)):
    hypothesis.settings.register_profile(
        profile, deadline=None, derandomize=derandomize, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("graphengine")


def pytest_addoption(parser):
    parser.addoption("--update-snapshots", action="store_true", help="write the texts that snapshot tests compare")


def pytest_unconfigure():
    if not IS_WORKER:
        shutil.rmtree(os.environ["GRAPHENGINE_CACHE_DIR"], ignore_errors=True)


@pytest.fixture
def rng(request):
    """Random numbers that depend on the test's name and parameters only, not on which tests ran before."""
    digest = hashlib.sha256(request.node.nodeid.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


@pytest.fixture
def own_graph():
    """A graph that is the default one during the test; files of which each test wants it say so in `pytestmark`."""
    import graphengine as tf

    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def session(own_graph):
    """A session on it."""
    import graphengine as tf

    with tf.Session() as session:
        yield session


@pytest.fixture(autouse=True)
def nothing_left():
    """No test is given the seed that one before it set for all graphs, nor the kernels that one began to compile."""
    yield
    package = sys.modules.get("graphengine")
    if package is not None:
        package.random.set_seed(None)
    module = sys.modules.get("graphengine.runtime.compiler")
    background = module and module.default_compiler()._background
    if background:
        background.submit(int).result()     # one thread compiles, one thing after the other
