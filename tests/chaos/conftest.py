"""How long the chaos run is, and the processes that it needs."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import engines
from tests.chaos import databases, processes
from tests.chaos.machine import Chaos
from tests.chaos.steps import Steps


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos")
    group.addoption("--chaos-steps", type=int, default=0, help="steps of the chaos run (default: a handful)")
    group.addoption("--chaos-seed", type=int, default=None, help="repeat the run with this seed")
    group.addoption("--chaos-mutations", action="store_true", help="show that each safeguard is needed")
    group.addoption("--fuzz-cases", type=int, default=300, help="malformed webhook bodies to try")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the mutations out unless they are asked for."""
    is_left_out = collection_path.name == "test_mutations.py" and not config.getoption("--chaos-mutations")
    return True if is_left_out else None


@pytest.fixture(scope="session")
def chaos_seed(request: pytest.FixtureRequest) -> int:
    seed = request.config.getoption("--chaos-seed")
    if seed is not None:
        return int(seed)
    # The handful of steps among the other tests are always the same ones.
    return random.SystemRandom().randrange(2**32) if request.config.getoption("--chaos-steps") else 1


@pytest.fixture(scope="session")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Chaos]]:
    """The machine, with its processes running."""
    folder: Path = tmp_path_factory.mktemp("chaos")
    servers = {"postgres_url": engines.POSTGRES_URL, "mongodb_url": engines.MONGODB_URL}
    made = databases.prepared(engines.ENGINE, folder, **servers)
    with made as database, processes.started(database, folder) as started:
        Steps.processes = started
        Steps.tally = Counter()
        yield Chaos
