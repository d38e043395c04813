"""Calls that come, change and go: nothing is lost, nothing stays, and nobody waits for who is not there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.cluster.datagrams import talking
from tests.cluster.l7mp import HEALTH_PORT, WORKER, Call
from tests.cluster.media import Media, MediaPod
from tests.envoy.watching import PATIENCE

CHECKED = Call(
    number=0,
    cluster={"health_check": {"interval": 1_000, "protocol": "TCP", "timeout": 500}},
    endpoint={"health_check_port": HEALTH_PORT},
)
LONG = ("--removal-grace", "300s", "--drain-grace", "600s")
"""Graces of legation: who waited for one would not be in time."""
OTHER_PORT, OTHER_NAME = 9_999, "ingress-other"


@pytest.mark.parametrize("like", [Call(number=0), CHECKED], ids=["unchecked", "checked"])
async def test_the_first_datagram_that_a_listener_takes_is_answered(media: Media, like: Call) -> None:
    """The cluster, with its workers, is there before the listener is."""
    await media.begin(2)
    for number in range(5):
        call = replace(like, number=number)
        worker, ingress = media.objects(call)
        for made, pods, ports in (
            (worker, media.workers, call.worker_ports),
            (ingress, [media.ingress], call.ports),
        ):
            streams = [await media.stream(pod, port) for pod in pods for port in ports]
            first = asyncio.gather(*(each.first() for each in streams))
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(each.refusal.wait() for each in streams))
                media.admin.apply(made)
                await first


async def test_what_is_edited_or_deleted_goes_at_once(media: Media) -> None:
    """The port of a listener, the cluster of another, all of a third, and in the end the whole call."""
    edited, kept = calls = [Call(number=0), Call(number=1)]
    await media.begin(1, *LONG)
    await media.take(calls)
    streams = await media.dial([kept])
    ingress = media.ingress.proxy
    one, two, three, four = edited.names("ingress")
    async with talking(streams[kept.name]):
        changed = edited.ingress(media.namespace)
        listeners = changed["spec"]["listeners"]
        listeners[0]["udp"]["port"] = OTHER_PORT
        listeners[1]["udp"]["cluster"]["name"] = OTHER_NAME
        del listeners[2]
        media.admin.apply(changed)
        await ingress.listeners(one, two, four, *kept.names("ingress"))
        await ingress.clusters(has=[one, OTHER_NAME, four], lacks=[two, three])
        await media.answers(OTHER_PORT, edited.ports[1], edited.ports[3])
        await media.closed(edited.ports[0], edited.ports[2])

        for each in media.objects(edited):
            media.admin.delete(each)
        for pod in (media.ingress, *media.workers):
            await media.has(pod, [kept])
        await ingress.clusters(lacks=[one, OTHER_NAME, four])
        await media.workers[0].proxy.clusters(lacks=edited.names("worker"))
        await media.closed(OTHER_PORT, *edited.ports[1:])
    await media.answered(streams[kept.name])


async def test_the_ports_of_a_call_that_is_over_serve_the_next(media: Media) -> None:
    """At once: the old listeners end their days meanwhile."""
    await media.begin(1)
    for number in range(3):
        call = Call(number=number, place=0)
        for each in media.objects(call):
            media.admin.apply(each)
        await media.has(media.workers[0], [call])
        await media.has(media.ingress, [call])
        await media.answers(*call.ports)
        for each in media.objects(call):
            media.admin.delete(each)


async def test_who_is_not_there_delays_nobody(media: Media) -> None:
    """An Envoy that has ended, one that hangs, and a Pod without one. The one that hung has all when it goes on."""
    early, late = [Call(number=each) for each in range(5)], [Call(number=each) for each in range(5, 50)]
    await media.begin(3)
    await media.take(early)
    alive, ended, hanging = media.workers
    media.pod("without-envoy", WORKER)
    media.workers = [alive]
    for each in (ended, hanging):
        each.ready(value=False)
    await media.healthy(early, 1)
    ended.proxy.envoy.kill()
    with stopped(hanging):
        await media.take([*early, *late])
        assert set((await media.workers_of(await media.dial([*early, *late]))).values()) == {alive.name}
        for call in early:
            for made in media.objects(call):
                media.admin.delete(made)
        for pod in (alive, media.ingress):
            await media.has(pod, late)
    await media.has(hanging, late)


@contextlib.contextmanager
def stopped(pod: MediaPod) -> Iterator[None]:
    """Let the Envoy of a Pod do nothing until the block ends; its connections stay."""
    os.kill(pod.proxy.envoy.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pod.proxy.envoy.pid, signal.SIGCONT)
