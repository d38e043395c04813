"""Sidecars and legation that see who the other one is, as the chart has it: TLS, and a token of the very Pod."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from demo import web
from demo.programs import free_ports
from legation.envoy.trust import CA_FILE
from legation.pki import certificates
from legation.pki.certificates import Pair, Usage
from tests.cluster import manifests, workloads
from tests.cluster.admin import Refused, reference
from tests.cluster.pod_volumes import swap
from tests.cluster.running_pod import RunningPod
from tests.cluster.stage import Stage
from tests.cluster.workloads import Workloads
from tests.envoy.watching import PATIENCE

pytestmark = pytest.mark.timeout(300)
EXAMPLE = Path(__file__).parents[2] / "examples" / "pod-to-pod"
VOLUME = "legation-trust"
OFTEN = ("--max-connection-age", "1s", "--max-connection-age-grace", "1s")
"""Envoys come back again and again, and show what they have by then."""


@pytest.fixture
async def example(stage: Stage) -> AsyncIterator[Workloads]:
    """Two workloads whose Pods ask for sidecars; neither they nor legation run."""
    async with workloads.opened(stage) as made:
        yield made


async def served(example: Workloads, *options: str, values: tuple[str, ...] = ()) -> None:
    """Start legation, and apply the workloads."""
    await example.serve(*options, values=values)
    example.apply(*sorted(EXAMPLE.glob("*.yaml")))


async def proxies(example: Workloads) -> dict[str, Any]:
    """Return who is connected, and who was denied."""
    found: dict[str, Any] = json.loads(await example.legation.page("/proxies"))
    return found


async def denied(example: Workloads, pod: RunningPod) -> str:
    """Wait until a Pod's sidecar is denied, and return why."""

    async def told() -> str:
        found = (await proxies(example)).get("denied", [])
        return next((str(each) for each in found if pod.name in str(each)), "")

    words: str = await example.until(told, f"{pod.name} denied")
    return words


async def connected(example: Workloads, pod: RunningPod) -> None:
    """Wait until a Pod's sidecar is connected."""

    async def told() -> bool:
        node = f"{pod.name}.{example.stage.namespace}"
        return any(each["node"] == node for each in (await proxies(example))["proxies"])

    await example.until(told, f"{pod.name} connected")


async def figure(pod: RunningPod, name: str) -> int:
    """Return a figure of a Pod's Envoy; 0 where there is none."""
    return (await pod.statistics(f"^{name.replace('.', '[.]')}$")).get(name, 0)


async def grows(example: Workloads, pod: RunningPod, name: str, *, by: int = 2) -> None:
    """Wait until a figure of a Pod's Envoy has grown."""
    before = await figure(pod, name)

    async def grown() -> bool:
        return await figure(pod, name) >= before + by

    await example.until(grown, f"{name} of {pod.name}")


async def test_a_pod_waits_for_whom_to_trust_and_is_served_by_tls_then(example: Workloads) -> None:
    """In a namespace where nothing of it was before."""
    authority = reference("v1", "ConfigMap", "legation-ca", example.stage.namespace)
    await served(example)
    with pytest.raises(Refused, match="not found"):
        example.stage.admin.get(authority)
    pod = await example.run("b", "b-1")
    assert example.stage.admin.get(authority)["data"][CA_FILE] == pod.volumes.read(VOLUME, CA_FILE)
    await connected(example, pod)
    assert await figure(pod, "cluster.xds_cluster.ssl.handshake") >= 1
    assert (await proxies(example)).get("denied", []) == []


async def test_where_legation_may_not_say_whom_to_trust_that_is_told(example: Workloads) -> None:
    """Meanwhile the kubelet keeps the Pod waiting."""
    admin, here = example.stage.admin, example.stage.namespace
    authority = reference("v1", "ConfigMap", "legation-ca", here)
    await served(example)
    role = reference("rbac.authorization.k8s.io/v1", "Role", f"{example.legation.home}:legation", here)
    rules = admin.get(role)["rules"]
    # The first of them reads those that hold configuration.
    written = [each for each in rules if each["resources"] == ["configmaps"]][1:]
    admin.patch(role | {"rules": [each for each in rules if each not in written]})
    pod = manifests.pod(here, "edge-0")
    pod["spec"]["volumes"] = [{"name": "trust", "configMap": {"name": "legation-ca"}}]
    pod["spec"]["containers"][0]["securityContext"] = workloads.STRICT
    admin.create(pod)

    async def told() -> bool:
        words = await example.legation.problems()
        return "legation-ca" in words and here in words

    await example.until(told, "the right that is missing")
    with pytest.raises(Refused, match="not found"):
        admin.get(authority)
    admin.patch(role | {"rules": rules})

    async def made() -> bool:
        with contextlib.suppress(Refused):
            return "BEGIN CERTIFICATE" in admin.get(authority)["data"][CA_FILE]
        return False

    # It tries again later and later.
    await web.until(made, within=6 * PATIENCE, what="the ConfigMap")


async def test_who_shows_the_token_of_another_pod_is_nobody(example: Workloads) -> None:
    await served(example)
    honest, thief = await example.run("b", "b-1"), await example.admit("b", "b-2")
    thief.volumes = honest.volumes
    thief.sidecar = example.start(thief, thief.envoy)
    assert "b-2" in await denied(example, thief)
    await connected(example, honest)
    assert await figure(thief, "listener_manager.lds.update_success") == 0


async def test_who_shows_no_token_is_nobody(example: Workloads) -> None:
    await served(example)
    silent = await example.admit("b", "b-1", auth="none")
    silent.sidecar = example.start(silent, silent.envoy)
    await denied(example, silent)
    assert await figure(silent, "cluster.xds_cluster.ssl.handshake") >= 1


async def test_who_proves_who_it_is_is_given_secrets(example: Workloads) -> None:
    """Without that anybody has asked for it, as the chart has it."""
    namespace, (_, pair) = example.stage.namespace, made_pair("shop.example")
    await served(example)
    example.stage.apply(
        manifests.tls_secret(namespace, "cert", pair.certificate, pair.key),
        manifests.route(namespace, "b"),
        manifests.listener(namespace, "secure", {"role": "callee"}, certificate=f"{namespace}/cert"),
    )
    pod = await example.run("b", "b-1")

    async def given() -> bool:
        found = await pod.statistics(r"server_ssl_socket_factory\.ssl_context_update_by_sds$")
        return any(found.values())

    await example.until(given, "a certificate for its listener")


async def test_a_token_is_followed_by_its_successor(example: Workloads) -> None:
    await served(example, *OFTEN)
    pod = await example.run("b", "b-1")
    before = pod.volumes.read(VOLUME, "token")
    for _ in range(3):
        pod.volumes.bring(tokens=True)
        await grows(example, pod, "cluster.xds_cluster.upstream_rq_total")
    assert pod.volumes.read(VOLUME, "token") != before
    await connected(example, pod)
    assert (await proxies(example)).get("denied", []) == []


async def test_a_pod_that_is_deleted_is_served_no_more(example: Workloads) -> None:
    """Its stream ends, and its token opens no other one."""
    await served(example, "--pod-wait", "100ms")
    pod = await example.run("b", "b-1")
    await connected(example, pod)
    example.stage.admin.delete(manifests.pod(example.stage.namespace, pod.name))

    async def turned_away() -> bool:
        found = await proxies(example)
        return pod.name not in str(found["proxies"]) and pod.name in str([found["turned_away"], found["denied"]])

    await example.until(turned_away, f"{pod.name} turned away")
    # What it has it keeps: its program may still need it.
    assert await pod.probe(pod.envoy, "readinessProbe")


async def test_while_the_api_server_is_away_who_was_let_in_stays(example: Workloads) -> None:
    await served(example, *OFTEN)
    pod = await example.run("b", "b-1")
    await connected(example, pod)
    async with example.stage.without_api():
        await grows(example, pod, "cluster.xds_cluster.upstream_rq_total", by=3)
        await connected(example, pod)


async def test_another_authority_is_trusted_before_it_signs_and_nobody_notices(example: Workloads) -> None:
    """The certificate is that of others; legation tells whom to trust, and the kubelet brings it a minute later."""
    folder, name = example.stage.folder / "certificates", f"legation.{example.legation.home}.svc"
    old, new = (made_pair(name) for _ in range(2))
    swap(folder, shown(old, trusted=[old]))
    await served(example, "--tls", str(folder), *OFTEN, values=('tls.secretName="given"',))
    pods = [await example.run("b", each) for each in ("b-1", "b-2")]
    example.endpoints("b", pods)
    pods.append(await example.run("a", "a-1"))
    await example.seconds(1)
    for now, trusted in ((old, [old, new]), (new, [old, new]), (new, [new])):
        swap(folder, shown(now, trusted=trusted))
        await example.until(partial(says, example, trusted), "the authorities")
        for each in pods:
            each.volumes.bring()
        await asyncio.gather(*(grows(example, each, "cluster.xds_cluster.ssl.handshake") for each in pods))
    for each in pods:
        assert await figure(each, "cluster.xds_cluster.ssl.fail_verify_error") == 0
        await connected(example, each)
    assert not pods[-1].failures()


def made_pair(name: str) -> tuple[Pair, Pair]:
    """Return an authority, and a certificate that it has signed."""
    now = time.time()
    signer = certificates.authority(now=now, seconds=3600)
    return signer, certificates.issue(signer, names=(name, "127.0.0.1"), now=now, seconds=3600, usage=Usage.BOTH)


def shown(pair: tuple[Pair, Pair], *, trusted: list[tuple[Pair, Pair]]) -> dict[str, str]:
    """Return the files of a server."""
    _, own = pair
    return {"tls.crt": own.certificate.decode(), "tls.key": own.key.decode(), CA_FILE: bundle(trusted)}


def bundle(trusted: list[tuple[Pair, Pair]]) -> str:
    """Return the authorities."""
    return "".join(signer.certificate.decode() for signer, _ in trusted)


async def says(example: Workloads, trusted: list[tuple[Pair, Pair]]) -> bool:
    """Say whether the ConfigMap holds these authorities."""
    found = example.stage.admin.get(reference("v1", "ConfigMap", "legation-ca", example.stage.namespace))
    return len(found["data"][CA_FILE].split("BEGIN")) == len(bundle(trusted).split("BEGIN"))


async def test_envoys_from_before_tls_are_brought_along(example: Workloads) -> None:
    """As the page on upgrading has it: two ports, then one; no request of theirs fails."""
    (plain,) = free_ports(1)
    await served(example, values=(f"tls.plainPort={plain}",))
    old = await example.run("b", "b-1", tls="disabled", xds=f"{example.address}:{plain}")
    new = await example.run("b", "b-2")
    example.endpoints("b", [old, new])
    caller = await example.run("a", "a-1")
    for each in (old, new, caller):
        await connected(example, each)
    assert "b-1" in await denied(example, old)
    assert await figure(old, "cluster.xds_cluster.ssl.handshake") == 0
    await example.seconds(2)
    # The port is closed.
    example.legation.stop()
    await example.serve()
    for each in (new, caller):
        await connected(example, each)
    late = await example.run("b", "b-3")
    example.endpoints("b", [old, new, late])
    await example.until(partial(answers, caller, {"b-1", "b-2", "b-3"}), "answers of all")
    assert not caller.failures()
    assert f"b-1.{example.stage.namespace}" not in {each["node"] for each in (await proxies(example))["proxies"]}


async def answers(caller: RunningPod, names: set[str]) -> bool:
    """Say whether these, and no others, answered in the last second."""
    return set(caller.answers()[-1]) == names
