"""The ConfigMaps that tell Pods whom to trust, at an API server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from legation.api.keeping.config_maps import CONFIG_MAPS, ConfigMaps
from legation.api.keeping.keeper import Keeper
from legation.api.keeping.secret import SECRETS, TLS
from legation.kube.client import Client
from legation.pki.authorities import DAY, Lives
from legation.pki.certificates import Usage
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube
from legation.tls.material import Material
from legation.tls.ports import Ports, Whom

BEGIN = 1_800_000_000.0
LIVES = Lives(authority=30 * DAY, certificate=2 * DAY)
FILES = {"ca-sds.json": "{}"}
PATIENCE = 20.0


class World:
    """An API server, and one replica that leads."""

    def __init__(self, kube: FakeKube) -> None:
        self.kube, self.clock = kube, ManualClock()
        self.namespaces: set[str] = {"shop"}
        self.leads = True
        self.client = Client(kube.connection)
        self.ports = Ports(now=self.now)
        self.trusted = self.ports.trusting(Whom.OWN)
        self.config_maps = ConfigMaps(
            self.client, name="legation-ca", namespaces=lambda: self.namespaces, files=FILES, clock=self.clock
        )
        self.keeper = Keeper(
            self.client,
            shown=self.ports,
            names=("legation.home.svc",),
            namespace="home",
            name="legation-tls",
            layout=TLS,
            publisher=self.config_maps,
            leads=lambda: self.leads,
            clock=self.clock,
            chance=lambda: 0.0,
            code="tls",
            subject="legation",
            usage=Usage.BOTH,
            unix_time=self.now,
            lives=LIVES,
        )

    def now(self) -> float:
        return BEGIN + self.clock.now()

    @property
    def shown(self) -> Material | None:
        return self.ports.material

    def said(self, namespace: str) -> dict[str, str] | None:
        """Return what the ConfigMap of a namespace says."""
        for key, each in self.kube.objects(CONFIG_MAPS).items():
            if (key.namespace, key.name) == (namespace, "legation-ca"):
                return dict(each["data"])
        return None

    def all_trust(self) -> bool:
        """Say whether all namespaces have what is shown."""
        shown = self.shown
        if shown is None or shown.authorities is None:
            return False
        wanted = {"ca.crt": shown.authorities.decode(), **FILES}
        return all(self.said(each) == wanted for each in self.namespaces)

    async def passing(self, condition: Callable[[], bool]) -> None:
        """Let time pass until it is so."""
        while not condition():
            await self.clock.advance(0.5)
            # The network has no manual clock.
            await asyncio.sleep(0.001)

    def words(self) -> list[str]:
        return [str(each) for each in self.keeper.problems()]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with asyncio.timeout(PATIENCE), FakeKube() as kube, contextlib.AsyncExitStack() as stack:
        kube.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "home", "name": "legation-tls"}})
        kube.install(CONFIG_MAPS)
        made = World(kube)
        stack.push_async_callback(made.client.aclose)
        task = asyncio.create_task(made.keeper.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_pods_learn_whom_to_trust(world: World) -> None:
    await world.passing(world.all_trust)
    assert set(world.kube.get(SECRETS, "home", "legation-tls")["data"]) == {
        "tls.crt",
        "tls.key",
        "ca.crt",
        "authorities.json",
    }
    assert world.trusted.ready
    assert world.words() == []


async def test_a_namespace_that_is_new_is_served_and_one_that_is_not_asked_for_is_left_alone(world: World) -> None:
    await world.passing(world.all_trust)
    world.namespaces = {"new"}
    await world.passing(world.all_trust)
    assert world.said("shop") is not None


async def test_one_that_somebody_deleted_comes_back(world: World) -> None:
    await world.passing(world.all_trust)
    world.kube.delete(CONFIG_MAPS, "shop", "legation-ca")
    await world.passing(world.all_trust)


async def test_every_bundle_is_handed_out_before_its_newest_authority_signs(world: World) -> None:
    await world.passing(world.all_trust)
    first = world.shown
    assert first is not None
    world.clock.step(21 * DAY)

    def has_two() -> bool:
        shown = world.shown
        return shown is not None and (shown.authorities or b"").count(b"BEGIN") == 2 and world.all_trust()

    await world.passing(has_two)
    assert world.shown is not None
    assert (first.authorities or b"") in (world.shown.authorities or b"")


async def test_where_it_cannot_be_written_it_is_told_and_tried_again(world: World) -> None:
    world.kube.forbid("patch", "configmaps")
    await world.passing(lambda: bool(world.words()))
    (told,) = world.words()
    assert "cannot write the ConfigMap shop/legation-ca" in told
    assert "verbs: [create]" in told
    assert "PRIVATE" not in told
    # What is shown does not wait for it.
    assert world.shown is not None
    world.kube.allow("patch", "configmaps")
    await world.passing(world.all_trust)
    await world.passing(lambda: not world.words())


async def test_who_does_not_lead_any_more_tells_nothing_of_it(world: World) -> None:
    world.kube.forbid("patch", "configmaps")
    await world.passing(lambda: bool(world.words()))
    world.leads = False
    await world.passing(lambda: not world.words())


async def test_of_many_refusals_some_are_told(world: World) -> None:
    world.kube.forbid("patch", "configmaps")
    world.namespaces = {f"n{number}" for number in range(20)}
    await world.passing(lambda: len(world.words()) == 6 and "15 more namespaces" in world.words()[-1])
