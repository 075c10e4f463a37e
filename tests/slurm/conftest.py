"""One cluster for all tests, which ends with them whatever happens."""

import signal
import sys
from pathlib import Path

import pytest
from cluster import Cluster, missing

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
# Minutes on two cores that have nothing else to do; a test that hangs must not hang the machine.
SECONDS_AT_MOST = 1200


@pytest.fixture(scope="session", autouse=True)
def limit():
    """End the whole of it where it takes too long."""

    def end(*_: object) -> None:
        pytest.exit(f"not done after {SECONDS_AT_MOST} s", returncode=1)

    signal.signal(signal.SIGALRM, end)
    signal.alarm(SECONDS_AT_MOST)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """The cluster, both nodes idle; after the tests nothing of it runs any more."""
    if reason := missing():
        pytest.skip(reason)
    made = Cluster(tmp_path_factory.getbasetemp() / "slurm")
    try:
        made.start()
        yield made
    finally:
        left = made.stop()
    assert left == []
