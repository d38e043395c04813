"""Calls through two hops: all streams of one reach one worker, whoever comes and goes."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.cluster.datagrams import talking
from tests.cluster.l7mp import STREAMS, Call
from tests.cluster.media import Media

pytestmark = pytest.mark.timeout(120)

CALLS = [Call(number=number) for number in range(200)]
FEW = 0.05
"""Which part of the calls that need not move may move: Maglev's tables differ in a few places."""
GRACE = 30
"""Seconds that a Pod has for ending: more than the test takes."""


async def test_all_streams_of_a_call_reach_one_worker(media: Media) -> None:
    """A worker joins: open sessions stay and lose nothing, new ones of its share go to it. A worker ends: only its
    calls move, the open ones as well."""
    await media.begin(4)
    await media.take(CALLS)
    streams = await media.dial(CALLS)
    everything = [each for some in streams.values() for each in some]
    first = await media.workers_of(streams)
    assert set(first.values()) == {each.name for each in media.workers}

    async with talking(everything):
        joined = await media.join("worker-5", CALLS)
    await media.answered(everything)
    assert await media.workers_of(streams) == first
    fresh = await media.dial(CALLS)
    second = await media.workers_of(fresh)
    others = {name for name, worker in second.items() if worker != joined.name}
    assert 0 < len(CALLS) - len(others) < len(CALLS) / 2
    assert len({name for name in others if second[name] != first[name]}) < FEW * len(others)

    ending = media.workers.pop(0)
    kept = [name for name, worker in second.items() if worker != ending.name]
    others_of = [each for name in kept for each in fresh[name]]
    before = Counter(await media.figures("legation_responses_total"))
    async with talking(others_of):
        media.admin.delete(ending.reference, grace=GRACE)
        await media.healthy(CALLS, len(media.workers))
    await media.answered(others_of)
    # Nothing but the workers of each cluster was sent, each once.
    sent = Counter(await media.figures("legation_responses_total")) - before
    assert sent == {"ClusterLoadAssignment": len(CALLS) * len(STREAMS)}
    third = await media.workers_of(fresh)
    assert ending.name not in third.values()
    assert {name: third[name] for name in kept} == {name: second[name] for name in kept}


async def test_connections_reach_the_worker_of_the_datagrams(media: Media) -> None:
    """Of each call two listeners take datagrams, and two take connections; the key is the same."""
    calls = CALLS[:20]
    await media.begin(3)
    for call in calls:
        for each in media.objects(call):
            for listener in each["spec"]["listeners"][2:]:
                listener["tcp"] = listener.pop("udp")
            media.admin.apply(each)
    for pod in (*media.workers, media.ingress):
        await media.has(pod, calls)
    found = await media.workers_of(
        {call.name: [await media.stream(media.ingress, each) for each in call.ports[:2]] for call in calls}
    )
    assert len(set(found.values())) == 3
    for call in calls:
        for port in call.ports[2:]:
            assert await media.connected(port) == found[call.name]
