"""A real API server, without which this tier has no meaning. All tests share one, each has a namespace of its own.

Tests with traffic have another one, inside a network where Pods have addresses: those whose fixture is `stage`.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import pytest
import yaml

from tests.cluster import house as houses
from tests.cluster import media as media_pods
from tests.cluster import sidecars as sidecar_programs
from tests.cluster import stage as stages
from tests.cluster.admin import Admin
from tests.cluster.api_server import ApiServer, Binaries
from tests.cluster.go_programs import Missing, built
from tests.cluster.house import House
from tests.cluster.media import Media
from tests.cluster.network import Network
from tests.cluster.sidecars import Sidecars
from tests.cluster.stage import Stage

Found = TypeVar("Found")

HELM = Path(__file__).parent / "helm"
HELM_PACKAGE = "helm.sh/helm/v4/cmd/helm"
USERS = {"legation": "token-of-legation", "nobody": "token-of-nobody"}
"""Users without a right of their own; a test that needs one with rights binds a role to `legation`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the first build of the API server take its time."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            # The limit is for what a test does: fixtures have their own.
            own = item.get_closest_marker("timeout")
            args, options = (own.args, own.kwargs) if own else ((), {})
            item.add_marker(pytest.mark.timeout(*args, **{**options, "func_only": True}), append=False)


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """What runs."""
    return needed(Binaries.found)


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program of Helm."""
    return needed(partial(built, HELM, HELM_PACKAGE))


@pytest.fixture(scope="session")
def api_server(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The API server of all tests; one that stops or restarts it leaves it running."""
    with ApiServer(tmp_path_factory.mktemp("api-server"), USERS, binaries) as server:
        yield server


@pytest.fixture(scope="session")
def admin(api_server: ApiServer) -> Iterator[Admin]:
    """Who may do everything there."""
    with Admin(api_server) as client:
        yield client


@pytest.fixture(scope="module")
def crds(admin: Admin) -> None:
    """Our kinds, as `legation crds` prints them."""
    folder = files("legation.crds").iterdir()
    definitions = [yaml.safe_load(each.read_text()) for each in folder if each.name.endswith(".yaml")]
    for each in definitions:
        admin.apply(each)
    for each in definitions:
        admin.wait_crd(each["metadata"]["name"])


@pytest.fixture
def namespace(admin: Admin) -> str:
    """A fresh namespace; what is in it goes with the API server's folder."""
    return fresh_namespace(admin)


@pytest.fixture(scope="session")
def house(binaries: Binaries, helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """What all tests with traffic share."""
    with needed(Network) as network, houses.opened(network, tmp_path_factory.mktemp("house"), binaries, helm) as made:
        yield made


@pytest.fixture
async def stage(house: House, tmp_path: Path) -> AsyncIterator[Stage]:
    """A fresh namespace with nothing in it, where the test starts what it needs; nothing that it sends leaves it."""
    with house.network.entered():
        async with stages.opened(house, fresh_namespace(house.admin), tmp_path) as made:
            yield made


@pytest.fixture
async def media(stage: Stage) -> AsyncIterator[Media]:
    """A team of media in the stage's namespace, which has nothing yet."""
    async with media_pods.opened(stage) as made:
        yield made


@pytest.fixture
def sidecars(stage: Stage) -> Iterator[Sidecars]:
    """Programs that write files, in the stage's namespace; its cluster then knows TrafficSplits."""
    with sidecar_programs.opened(stage) as made:
        yield made


def fresh_namespace(admin: Admin) -> str:
    """Make a namespace that no other test has."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    admin.namespace(name)
    return name


def needed(find: Callable[[], Found]) -> Found:
    """Return what is found; without it tests are skipped, except in CI: there it has to be."""
    try:
        return find()
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs all of the cluster: {missing}")
        pytest.skip(str(missing))
