"""Hundreds of calls that come and go: what is sent is what changed, and in the end nothing of them is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.cluster.l7mp import Call
from tests.cluster.media import Media, MediaPod
from tests.envoy.world import GRACES

pytestmark = pytest.mark.timeout(120)

COUNT = 250
"""Calls; four digits each, so that all have the same size."""
AT_A_TIME = 50
"""How many there are at a time."""
EVERY = 25
"""How many calls there are to each one that is tried."""
MORE = 1.1
"""How much more may be sent for many than for one, so many times."""
RESOURCES = {"Cluster", "Listener", "ClusterLoadAssignment"}


async def test_calls_that_come_and_go_leave_nothing(media: Media) -> None:
    await media.begin(1, *GRACES)
    before = await sizes(media)
    nothing = await media.figures("legation_response_bytes_total")
    (worker,) = media.workers
    start(media, Call(number=1_000))
    await media.has(media.ingress, [Call(number=1_000)])
    end(media, Call(number=1_000))
    await gone(media, before)
    one = await media.figures("legation_response_bytes_total")

    calls = [Call(number=number) for number in range(1_001, 1_001 + COUNT)]
    for number, call in enumerate(calls):
        start(media, call)
        if number >= AT_A_TIME:
            end(media, calls[number - AT_A_TIME])
        if number % EVERY == 0:
            await listens(worker, call.names("worker"))
            await media.answers(*call.ports)
    for call in calls[-AT_A_TIME:]:
        end(media, call)
    await gone(media, before)
    many = await media.figures("legation_response_bytes_total")
    for each in RESOURCES:
        assert many[each] - one[each] <= MORE * COUNT * (one[each] - nothing.get(each, 0)), each


def start(media: Media, call: Call) -> None:
    """Begin a call, as its controller would."""
    for each in media.objects(call):
        media.admin.create(each)


def end(media: Media, call: Call) -> None:
    """End it."""
    for each in media.objects(call):
        media.admin.delete(each)


async def listens(pod: MediaPod, names: list[str]) -> None:
    """Wait until a Pod's Envoy has these listeners, beside others."""

    async def right() -> bool:
        told = await pod.proxy.envoy.ask("/listeners")
        return all(f"{name}::" in told for name in names)

    await pod.proxy.until(right, f"listeners {names}")


async def sizes(media: Media) -> Sequence[Mapping[str, float]]:
    """Return what there is in legation, of this team and of others in the cluster."""
    return [await media.figures(f"legation_{each}") for each in ("streams", "objects", "resources", "problems")]


async def gone(media: Media, before: Sequence[Mapping[str, float]]) -> None:
    """Wait until nothing of any call is left: in an Envoy, on the wire, in legation."""
    for pod in (media.ingress, *media.workers):
        await media.has(pod, [])
        for what in ("dynamic_active_clusters", "dynamic_warming_clusters", "dynamic_listeners"):
            await lacks(pod, f"/config_dump?resource={what}")
        await lacks(pod, "/config_dump?include_eds&resource=dynamic_endpoint_configs")
        await lacks(pod, "/stats?filter=call-")

    async def as_before() -> bool:
        return await sizes(media) == before

    async def at_rest() -> bool:
        told = [each for proxy in await media.replica.all_proxies() for each in proxy["types"]]
        return not any(each["pending_for"] or each["refused"] for each in told)

    await media.replica.until(as_before, f"{before}")
    await media.replica.until(at_rest, "Envoys that owe no answer")


async def lacks(pod: MediaPod, page: str) -> None:
    """Wait until no call is on a page of a Pod's Envoy."""

    async def right() -> bool:
        return "call-" not in await pod.proxy.envoy.ask(page)

    await pod.proxy.until(right, f"no call on {page}")
