"""The manifests of examples/pod-to-pod: A calls B through injected sidecars, and notices nothing that comes or goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from demo import web
from demo.stage import legation
from tests.cluster import workloads
from tests.cluster.admin import reference
from tests.cluster.chart import token_of
from tests.cluster.running_pod import RunningPod
from tests.cluster.stage import Stage
from tests.cluster.workloads import Workloads
from tests.envoy.watching import TOLERANCE

pytestmark = pytest.mark.timeout(300)
EXAMPLE = Path(__file__).parents[2] / "examples" / "pod-to-pod"
NEXT = EXAMPLE / "next"
UPSTREAM = NEXT / "upstream.yaml"
A_FIFTH = {"b-1": 0.4, "b-2": 0.4, "next-1": 0.2}
A_HALF = {"b-1": 0.25, "b-2": 0.25, "next-1": 0.5}
ENOUGH = 60
"""Answers within a second, from which shares can be told."""


@pytest.fixture
async def example(stage: Stage) -> AsyncIterator[Workloads]:
    """Legation with its injector, and the example as its page has it applied; two Pods of B and one of A run."""
    async with workloads.opened(stage) as made:
        await made.serve()
        made.apply(*sorted(EXAMPLE.glob("*.yaml")))
        made.endpoints("b", [await made.run("b", name) for name in ("b-1", "b-2")])
        await made.run("a", "a-1")
        await answer(made, "b-1", "b-2")
        yield made
        (a,) = (each for each in made.pods if each.of == "a")
        assert not a.failures()


def pod(example: Workloads, name: str) -> RunningPod:
    (found,) = (each for each in example.pods if each.name == name)
    return found


async def answer(example: Workloads, *names: str, **shares: float) -> None:
    """Wait until these Pods answer A and no others; all alike, or with these shares."""
    wanted = shares or {each: 1 / len(names) for each in names}
    seen: Counter[str] = Counter()
    since = len(pod(example, "a-1").answers())

    async def right() -> bool:
        nonlocal seen
        # One second after the other, the newest alone, but for those that are too few to tell.
        seen = Counter()
        for each in reversed(pod(example, "a-1").answers()[since:]):
            seen += each
            if seen.total() >= ENOUGH:
                break
        return (
            seen.total() >= ENOUGH
            and seen.keys() == wanted.keys()
            and all(abs(seen[name] / seen.total() - share) <= TOLERANCE for name, share in wanted.items())
        )

    await example.until(right, f"answers of {wanted}")


async def test_each_request_goes_through_both_sidecars(example: Workloads) -> None:
    a, b = pod(example, "a-1"), pod(example, "b-1")

    async def counted(of: RunningPod, listener: str) -> int:
        return (await of.statistics(rf"^http\.{listener}\.downstream_rq_2xx$"))[f"http.{listener}.downstream_rq_2xx"]

    before = [await counted(a, "to-b"), await counted(b, "in")]
    await answer(example, "b-1", "b-2")
    assert await counted(a, "to-b") > before[0]
    assert await counted(b, "in") > before[1]
    with pytest.raises(ConnectionError):
        # The program listens at the loopback alone.
        await web.get(f"{b.address}:8080", "/")


async def test_a_service_is_scaled_up_and_down(example: Workloads) -> None:
    """Pods that end drain first: their sidecars and their programs serve what comes late."""
    one, two = pod(example, "b-1"), pod(example, "b-2")
    three, four = [await example.run("b", name) for name in ("b-3", "b-4")]
    example.endpoints("b", [one, two, three, four])
    await answer(example, "b-1", "b-2", "b-3", "b-4")
    # Most of them at once.
    await example.end(one, two, three, service="b", left=[four])
    await answer(example, "b-4")


async def test_an_upstream_takes_its_share_and_gives_it_back(example: Workloads) -> None:
    """As an object of the cluster."""
    await next_version(example)
    upstream = reference("legation.dev/v1alpha1", "Upstream", "b-next", example.stage.namespace)
    for _ in range(2):
        example.apply(UPSTREAM)
        await answer(example, **A_FIFTH)
        example.stage.admin.patch(upstream | {"spec": {"weight": 100}})
        await answer(example, **A_HALF)
        example.stage.admin.delete(upstream)
        await answer(example, "b-1", "b-2")
        await example.until(partial(lacks, pod(example, "a-1"), "b-next"), "no cluster b-next")


async def test_an_upstream_is_added_and_removed_by_the_management_api(example: Workloads) -> None:
    """It makes the same object, and knows when the sidecar has accepted it."""
    await next_version(example)
    where = ("-n", example.stage.namespace, "--server", example.management, "--wait", *shown(example))
    to = ("--service", "b-next:http", "--route", "to-b", "--label", "app=a")
    for _ in range(2):
        for weight, shares in ((25, A_FIFTH), (100, A_HALF)):
            said = await legation("upstream", "add", "b-next", *to, "--weight", str(weight), *where)
            assert f"accepted by 1 Envoy: a-1.{example.stage.namespace}" in said
            await answer(example, **shares)
        await legation("upstream", "remove", "b-next", *where)
        await answer(example, "b-1", "b-2")
        await example.until(partial(lacks, pod(example, "a-1"), "b-next"), "no cluster b-next")


def shown(example: Workloads) -> tuple[str, ...]:
    """Return what a person shows to the management API who may write upstreams, and whom that person trusts."""
    admin, here = example.stage.admin, example.stage.namespace
    example.apply(NEXT / "operator.yaml")
    (ca, token) = (example.stage.folder / each for each in ("ca.crt", "token"))
    ca.write_text(admin.get(reference("v1", "ConfigMap", "legation-ca", here))["data"]["ca.crt"])
    token.write_text(token_of(admin, here, "operator", audience="legation"))
    return ("--ca", str(ca), "--token-file", str(token))


async def next_version(example: Workloads) -> None:
    """Have a Pod of the next version, and its Service; nobody calls it."""
    example.apply(NEXT / "b-next.yaml")
    example.endpoints("b-next", [await example.run("b-next", "next-1")])


async def lacks(of: RunningPod, cluster: str) -> bool:
    """Say whether a sidecar has no such cluster any more."""
    return cluster not in await of.clusters()
