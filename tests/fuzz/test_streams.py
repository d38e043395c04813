"""Whatever a client says, whenever, and whatever is published meanwhile: a legal answer or a closed stream."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TypeAlias

from envoy.service.discovery.v3 import discovery_pb2
from hypothesis import given, note
from hypothesis import strategies as st
from structlog.testing import capture_logs

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, ResourceType
from tests.fuzz.requests import Ask, ask, contents, some_type
from tests.fuzz.rig import Rig

Step: TypeAlias = Ask | bytes | list[Resource] | float | str


def some_step(draw: Random) -> Step:
    """Return what happens next."""
    dice = draw.random()
    if dice < 0.7:
        return ask(draw)
    if dice < 0.85:
        return contents(draw)
    if dice < 0.92:
        return draw.choice((0.5, 1.0, 25.0, 700.0))
    if dice < 0.99:
        return draw.choice(("stop reading", "read on", "read on", "hang up"))
    return draw.randbytes(draw.randrange(40))


def some_service(draw: Random) -> ResourceType | None:
    """Return the type of a stream; None for an aggregated one."""
    row = some_type(draw)
    return row if row.sotw_method and draw.random() < 0.4 else None


async def play(*, delta: bool, streams: list[ResourceType | None], script: list[tuple[int, Step]]) -> list[str]:
    """Do the steps, each on one of the streams; return what was not legal."""
    rig = Rig()
    calls = [rig.open(delta=delta, row=row) for row in streams]
    for number, step in script:
        at = number % len(calls)
        call = calls[at]
        if call.ended or call.judge.must_close:
            call = calls[at] = rig.open(delta=delta, row=streams[at])
        match step:
            case Ask():
                call.say(step.data(delta=delta, first=not call.said, nonces=call.judge.nonces))
            case bytes():
                call.say(step)
            case list():
                rig.publish(step)
            case float():
                await rig.clock.advance(step)
            case "hang up":
                call.serving.cancel()
                call.ended = True
            case "stop reading":
                call.reads.clear()
            case _:
                call.reads.set()
        await rig.settle()
    for call in calls:
        call.reads.set()
    await rig.settle()
    faults = [*rig.faults(), *await _good_client(rig)]
    await rig.close()
    return [*faults, *(f"kept {seat.node.id}" for seat in rig.feed.seats)]


async def _good_client(rig: Rig) -> list[str]:
    """Whatever others did, one that asks for everything gets everything."""
    if rig.feed.snapshot is None:
        return []
    call = rig.open(delta=True, row=None, peer="good")
    call.say(Ask(type="Cluster").data(delta=True, first=True, nonces=()))
    for answered in range(20):
        await rig.settle()
        if len(call.written) > answered:
            call.say(Ask(type="Cluster", nonce="last").data(delta=True, first=False, nonces=call.judge.nonces))
        else:
            # One that names what does not exist waits a moment for it.
            await rig.clock.advance(30.0)
    got = [
        each.name for data in call.written for each in discovery_pb2.DeltaDiscoveryResponse.FromString(data).resources
    ]
    want = list(rig.feed.snapshot[CLUSTER].resources)
    return [] if sorted(got) == sorted(want) and call.written else [f"a good client got {got} in place of {want}"]


@given(seed=st.integers(0, 2**32), delta=st.booleans(), length=st.integers(5, 80))
def test_a_legal_answer_or_a_closed_stream(*, seed: int, delta: bool, length: int) -> None:
    draw = Random(seed)
    streams = [some_service(draw) for _ in range(draw.randint(1, 3))]
    script = [(draw.randrange(3), some_step(draw)) for _ in range(length)]
    note(f"{streams}\n" + "\n".join(f"{at % len(streams)}: {step!r}" for at, step in script))
    with capture_logs() as logs:
        faults = asyncio.run(play(delta=delta, streams=streams, script=script))

    assert faults == []
    assert [log for log in logs if log["log_level"] == "error"] == []
