"""The webhook's own certificate in a Secret and a configuration, at an API server on loopback, over years."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from legation.api.admission.configuration import MUTATING, VALIDATING
from legation.api.admission.keeping import Keeping
from legation.api.keeping import secret
from legation.api.keeping.secret import SECRETS, WEBHOOK
from legation.kube.client import Client
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName
from legation.pki import certificates
from legation.pki.authorities import DAY
from legation.pki.rotation import Kept
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube
from legation.tls.material import Material
from legation.tls.shown import Shown as Showing

BEGIN = 1_800_000_000.0
SECRET = NamespacedName("home", "hook")
CONFIGURATION = NamespacedName("", "legation.home")
PATIENCE = 20.0


class Shown(Showing):
    """Notes what was shown."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now=now)
        self.certificates: list[bytes] = []

    def show(self, material: Material) -> None:
        super().show(material)
        self.certificates.append(material.certificate)


class World:
    """An API server with the chart's objects, and replicas."""

    def __init__(self, kube: FakeKube, stack: contextlib.AsyncExitStack) -> None:
        self.kube, self.clock = kube, ManualClock()
        self.kinds: tuple[ApiKind, ...] = (VALIDATING,)
        self._stack = stack

    def replica(self, *, leads: bool = True, kinds: Sequence[ApiKind] = (VALIDATING,)) -> Replica:
        """Start one more."""
        replica = Replica(self, leads=leads, kinds=kinds)
        task = asyncio.create_task(replica.keeping.run())
        self._stack.push_async_callback(replica.client.aclose)
        self._stack.push_async_callback(ended, task)
        return replica

    @property
    def kept(self) -> Kept | None:
        """What the Secret holds."""
        found = self.kube.objects(SECRETS).get(SECRET)
        return secret._kept(secret._decoded((found or {}).get("data") or {}), WEBHOOK)

    @property
    def bundles(self) -> list[bytes]:
        """Whom the API server trusts."""
        found = [each for kind in self.kinds for each in self.kube.get(kind, "", CONFIGURATION.name)["webhooks"]]
        return [base64.b64decode(each["clientConfig"].get("caBundle", "")) for each in found]

    def settled(self) -> bool:
        """Say whether there is a certificate, and the API server trusts it, which is known."""
        kept = self.kept
        if kept is None or any(each.published is None for each in kept.authorities):
            return False
        return self.bundles == [kept.trusted] * len(self.bundles)

    async def passing(self, condition: Callable[[], bool]) -> None:
        """Let time pass until it is so: who was at something when the clock was moved may wait for its next try."""
        while not condition():
            await self.clock.advance(0.1)
            # The network has no manual clock.
            await asyncio.sleep(0.001)

    async def until_settled(self) -> Kept:
        """Wait for that, and return what is kept."""
        await self.passing(self.settled)
        kept = self.kept
        assert kept is not None
        return kept

    def configure(self, kind: ApiKind = VALIDATING, **client: str) -> None:
        """Write the configuration as somebody does who knows nothing of the certificate."""
        config = {"service": {"name": "hook", "namespace": "home"}, **client}
        webhooks = [{"name": f"{each}.legation.dev", "clientConfig": config} for each in ("objects", "configmaps")]
        head: dict[str, Any] = {"apiVersion": kind.api_version, "kind": kind.kind}
        self.kube.put({**head, "metadata": {"name": CONFIGURATION.name}, "webhooks": webhooks})

    def empty_secret(self) -> None:
        """Write the Secret as the chart has it."""
        head = {"apiVersion": "v1", "kind": "Secret", "type": WEBHOOK.type}
        self.kube.put({**head, "metadata": {"namespace": SECRET.namespace, "name": SECRET.name}})


class Replica:
    """One that keeps the certificate, and shows it."""

    def __init__(self, world: World, *, leads: bool, kinds: Sequence[ApiKind]) -> None:
        self.leads = leads
        self._world = world
        self.shown = Shown(lambda: BEGIN + world.clock.now())
        self.client = Client(world.kube.connection)
        self.keeping = Keeping(
            self.client,
            shown=self.shown,
            names=("hook.home.svc",),
            namespace=SECRET.namespace,
            secret=SECRET.name,
            configurations=dict.fromkeys(kinds, CONFIGURATION.name),
            leads=lambda: self.leads,
            clock=world.clock,
            chance=lambda: 0.0,
            unix_time=lambda: BEGIN + world.clock.now(),
        )

    async def shows(self, kept: Kept) -> None:
        """Wait until it shows that."""
        await self._world.passing(lambda: kept.server.certificate in self.shown.certificates[-1:])

    def words(self) -> list[str]:
        return [str(each) for each in self.keeping.problems()]


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with asyncio.timeout(PATIENCE), FakeKube() as kube, contextlib.AsyncExitStack() as stack:
        kube.install(VALIDATING)
        made = World(kube, stack)
        made.configure()
        made.empty_secret()
        yield made


async def test_who_leads_fills_the_secret_and_has_the_api_server_trust_it(world: World) -> None:
    one, two = world.replica(), world.replica(leads=False)
    kept = await world.until_settled()
    await one.shows(kept)
    await two.shows(kept)
    assert one.words() == two.words() == []
    assert world.kube.get(SECRETS, *SECRET)["type"] == "legation.dev/webhook"


async def test_who_does_not_lead_writes_nothing_until_it_does(world: World) -> None:
    replica = world.replica(leads=False)
    await world.kube.wait(lambda: world.kube.watches == 2)
    await world.clock.advance(20)
    assert not {"patch", "create"} & {each.verb for each in world.kube.asked}
    assert not replica.shown.ready
    replica.leads = True
    await world.clock.advance(5)
    await replica.shows(await world.until_settled())


async def test_a_secret_that_is_not_there_is_made(world: World) -> None:
    world.kube.delete(SECRETS, *SECRET)
    replica = world.replica()
    await replica.shows(await world.until_settled())


async def test_a_replica_that_comes_later_shows_what_is_kept(world: World) -> None:
    first = world.replica()
    kept = await world.until_settled()
    second = world.replica()
    await second.shows(kept)
    assert first.shown.certificates == second.shown.certificates
    assert world.kept == kept


async def test_it_is_renewed_in_time_and_every_replica_shows_the_new_one(world: World) -> None:
    one, two = world.replica(), world.replica(leads=False)
    kept = await world.until_settled()
    await one.shows(kept)
    world.clock.step(60 * DAY)
    await world.passing(lambda: world.kept != kept)
    after = await world.until_settled()
    await one.shows(after)
    await two.shows(after)
    assert after.authorities == kept.authorities


async def test_a_new_authority_is_trusted_beside_the_old_one(world: World) -> None:
    replica = world.replica()
    kept = await world.until_settled()
    world.clock.step(244 * DAY)
    await world.passing(lambda: world.kept is not None and len(world.kept.authorities) == 2)
    after = await world.until_settled()
    assert after.authorities[1] == kept.authorities[0]
    assert certificates.is_signed_by(after.server.certificate, kept.trusted)
    await replica.shows(after)


async def test_what_somebody_else_writes_into_the_configuration_is_mended(world: World) -> None:
    world.replica()
    await world.until_settled()
    for other in ({}, {"caBundle": base64.b64encode(b"other").decode()}):
        world.configure(VALIDATING, **other)
        assert not world.settled()
        await world.until_settled()


async def test_where_a_secret_was_emptied_or_deleted_a_new_authority_is_begun_and_nobody_is_cut_off(
    world: World,
) -> None:
    replica = world.replica()
    kept = await world.until_settled()
    for destroy in (world.empty_secret, lambda: world.kube.delete(SECRETS, *SECRET)):
        destroy()
        assert not world.settled()
        after = await world.until_settled()
        assert after.authorities[0] != kept.authorities[0]
        assert [each.certificate for each in after.authorities[1:]] == [each.certificate for each in kept.authorities]
        await replica.shows(after)
        kept = after


async def test_where_nobody_knows_any_more_all_is_made_anew(world: World) -> None:
    world.kube.put(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": dict(zip(("namespace", "name"), SECRET, strict=True)),
            "data": {"trusted.crt": "AA=="},
        }
    )
    replica = world.replica()
    await replica.shows(await world.until_settled())


async def test_a_new_authority_signs_only_when_the_api_server_trusts_it(world: World) -> None:
    replica = world.replica()
    await world.until_settled()
    world.kube.forbid("patch", VALIDATING.plural)
    world.clock.step(244 * DAY)
    await world.passing(lambda: world.kept is not None and len(world.kept.authorities) == 2)
    await until(world, replica, "cannot put the certificate's authority into the ValidatingWebhookConfiguration")
    kept = world.kept
    assert kept is not None
    assert kept.authorities[0].published is None
    world.kube.allow("patch", VALIDATING.plural)
    await world.passing(lambda: world.kept is not None and world.kept.authorities[0].published is not None)
    await world.until_settled()


async def test_where_two_write_at_once_all_show_what_was_written(world: World) -> None:
    """The one that leads no more may not know it yet."""
    one, two = world.replica(), world.replica()
    kept = await world.until_settled()
    await one.shows(kept)
    await two.shows(kept)


async def test_a_right_that_is_missing_is_told_with_its_rule(world: World) -> None:
    world.kube.forbid("patch", "secrets")
    world.kube.forbid("patch", VALIDATING.plural)
    replica = world.replica()
    await world.kube.wait(lambda: world.kube.count("patch", "secrets") > 0)
    await until(world, replica, "cannot patch the Secret home/hook")
    assert "verbs: [get, watch, patch]" in replica.words()[0]
    world.kube.allow("patch", "secrets")
    await world.clock.advance(10)
    await until(world, replica, "cannot put the certificate's authority into the ValidatingWebhookConfiguration")
    world.kube.allow("patch", VALIDATING.plural)
    await world.clock.advance(10)
    await world.until_settled()
    await until(world, replica)


async def test_a_configuration_that_is_not_there_is_told(world: World) -> None:
    world.kube.delete(VALIDATING, "", CONFIGURATION.name)
    replica = world.replica()
    await until(world, replica, "there is no ValidatingWebhookConfiguration legation.home, so nobody asks the webhook")
    world.configure()
    await world.until_settled()
    await until(world, replica)


async def test_two_configurations_trust_the_same_and_one_that_fails_keeps_the_other_from_nothing(world: World) -> None:
    world.kube.install(MUTATING)
    replica = world.replica(kinds=(MUTATING, VALIDATING))
    await until(world, replica, "there is no MutatingWebhookConfiguration legation.home, so nobody asks the webhook")
    assert "--injector-configuration" in replica.words()[0]
    await world.until_settled()
    world.kube.forbid("patch", MUTATING.plural)
    world.configure(MUTATING)
    await until(world, replica, "cannot put the certificate's authority into the MutatingWebhookConfiguration")
    world.configure()
    await world.until_settled()
    world.kube.allow("patch", MUTATING.plural)
    world.kinds = (MUTATING, VALIDATING)
    await world.clock.advance(10)
    await world.until_settled()
    await until(world, replica)


async def test_without_a_configuration_the_certificate_is_kept_all_the_same(world: World) -> None:
    replica = world.replica(kinds=())
    await world.kube.wait(lambda: world.kept is not None)
    assert world.kept is not None
    await replica.shows(world.kept)
    assert VALIDATING.plural not in {each.plural for each in world.kube.asked}


async def test_no_key_is_in_the_log(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    replica = world.replica()
    await replica.shows(await world.until_settled())
    said = capsys.readouterr()
    assert "certificate" in said.out
    assert "PRIVATE" not in said.out + said.err


async def until(world: World, replica: Replica, *words: str) -> None:
    """Wait until it tells these problems, and no others."""

    def told() -> bool:
        found = replica.words()
        return len(found) == len(words) and all(word in each for word, each in zip(words, found, strict=True))

    await world.passing(told)
