"""The path that the API server alone knows: in the Secret, in the configuration, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from legation.api.admission.configuration import VALIDATING
from legation.api.admission.keeping import Configurations, Pointing
from legation.api.admission.secret_path import KEY, SecretPath
from legation.api.keeping.secret import SECRETS
from legation.kube.client import Client
from legation.model.cluster import NamespacedName
from legation.model.problems import Problem
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube

SECRET = NamespacedName("home", "hook")
NAME = "legation.home"
PATIENCE = 20.0


class Files:
    """Shows a certificate of somebody else's."""

    def problems(self) -> tuple[Problem, ...]:
        return ()

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()


class Replica:
    def __init__(self, world: World, *, leads: bool) -> None:
        self.leads = leads
        self.client = Client(world.kube.connection)
        self.path = SecretPath(
            self.client,
            namespace=SECRET.namespace,
            name=SECRET.name,
            leads=lambda: self.leads,
            clock=world.clock,
            chance=lambda: 0.0,
        )
        configurations = Configurations(
            self.client, {VALIDATING: NAME}, path=self.path, clock=world.clock, chance=lambda: 0.0
        )
        self.pointing = Pointing(Files(), configurations=configurations, leads=lambda: self.leads, clock=world.clock)

    def words(self) -> list[str]:
        return [str(each) for each in self.pointing.problems()]


class World:
    """An API server with the chart's objects, and replicas."""

    def __init__(self, kube: FakeKube, stack: contextlib.AsyncExitStack) -> None:
        self.kube, self.clock, self._stack = kube, ManualClock(), stack

    def replica(self, *, leads: bool = True) -> Replica:
        made = Replica(self, leads=leads)
        task = asyncio.create_task(made.pointing.run())
        self._stack.push_async_callback(made.client.aclose)
        self._stack.push_async_callback(ended, task)
        return made

    def configure(self, **service: str) -> None:
        client = {"caBundle": "AA==", "service": {"name": "hook", "namespace": "home", **service}}
        webhooks = [{"name": f"{each}.legation.dev", "clientConfig": client} for each in ("objects", "configmaps")]
        head = {"apiVersion": VALIDATING.api_version, "kind": VALIDATING.kind, "metadata": {"name": NAME}}
        self.kube.put({**head, "webhooks": webhooks})

    def keep(self, **data: str) -> None:
        metadata = {"namespace": SECRET.namespace, "name": SECRET.name}
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in data.items()}
        self.kube.put({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})

    @property
    def secret(self) -> str:
        found = self.kube.objects(SECRETS).get(SECRET) or {}
        return base64.b64decode((found.get("data") or {}).get(KEY, "")).decode()

    @property
    def paths(self) -> set[str]:
        webhooks = self.kube.get(VALIDATING, "", NAME)["webhooks"]
        return {each["clientConfig"]["service"].get("path", "") for each in webhooks}

    async def passing(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self.clock.advance(0.1)
            # The network has no manual clock.
            await asyncio.sleep(0.001)

    async def settled(self) -> str:
        await self.passing(lambda: bool(self.secret) and self.paths == {f"/validate/{self.secret}"})
        return self.secret


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with asyncio.timeout(PATIENCE), FakeKube() as kube, contextlib.AsyncExitStack() as stack:
        kube.install(VALIDATING)
        made = World(kube, stack)
        made.configure()
        made.keep()
        yield made


async def test_who_leads_makes_it_and_all_replicas_know_it(world: World) -> None:
    one, two = world.replica(), world.replica(leads=False)
    secret = await world.settled()
    assert len(secret) == 64
    await world.passing(lambda: one.path.is_it(secret) and two.path.is_it(secret))
    assert not [each for each in ("", secret[:-1], f"{secret}0", "\ud800") if one.path.is_it(each)]
    assert one.words() == two.words() == []


async def test_what_is_there_already_is_gone_on_with_and_beside_it_all_stays(world: World) -> None:
    world.keep(**{KEY: "ab" * 32, "server.crt": "c"})
    world.replica()
    assert await world.settled() == "ab" * 32
    assert set(world.kube.get(SECRETS, *SECRET)["data"]) == {KEY, "server.crt"}


@pytest.mark.parametrize("text", ["", "ab", "G" * 64, "a" * 63, "../" * 21 + "a"])
async def test_one_that_is_good_for_nothing_lets_nobody_in_and_is_made_anew(world: World, text: str) -> None:
    world.keep(**{KEY: text})
    other = world.replica(leads=False)
    await world.kube.wait(lambda: world.kube.watches == 2)
    assert not other.path.is_it(text)
    other.leads = True
    await world.passing(lambda: len(world.secret) == 64 and world.secret != text)
    await world.settled()


async def test_what_somebody_resets_is_put_back_and_a_secret_that_went_is_made_anew(world: World) -> None:
    replica = world.replica()
    before = await world.settled()
    world.configure(path="/validate")
    assert await world.settled() == before
    for destroy in (partial(world.keep), partial(world.kube.delete, SECRETS, *SECRET)):
        destroy()
        await world.passing(lambda: bool(world.secret))
        after = await world.settled()
        assert after != before
        await world.passing(partial(replica.path.is_it, after))
        assert not replica.path.is_it(before)
        before = after


async def test_who_does_not_lead_writes_nothing(world: World) -> None:
    world.replica(leads=False)
    await world.kube.wait(lambda: world.kube.watches == 2)
    await world.clock.advance(30)
    assert not {"patch", "create"} & {each.verb for each in world.kube.asked}


async def test_a_right_that_is_missing_is_told_with_its_rule(world: World) -> None:
    world.kube.forbid("patch", "secrets")
    replica = world.replica()
    await world.passing(lambda: len(replica.words()) == 1)
    assert "objects are checked in themselves alone: cannot patch the Secret home/hook" in replica.words()[0]
    assert "verbs: [get, watch, patch]" in replica.words()[0]
    world.kube.allow("patch", "secrets")
    await world.settled()
    await world.passing(lambda: not replica.words())


async def test_it_is_in_no_log_line_problem_or_repr(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.kube.forbid("patch", VALIDATING.plural)
    replica = world.replica()
    await world.passing(lambda: len(replica.words()) == 1)
    world.kube.allow("patch", VALIDATING.plural)
    secret = await world.settled()
    said = capsys.readouterr()
    shown = (said.out, said.err, *replica.words(), repr(replica.path._found.object), repr(replica.path))
    assert "another path" in said.out
    assert not [each for each in shown if secret in each]
