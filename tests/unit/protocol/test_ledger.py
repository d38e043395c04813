"""What is put aside after a refusal, and when it comes back."""

from __future__ import annotations

import pytest

from legation.model.events import Event, Refused
from legation.model.resource_types import CLUSTER
from legation.model.snapshot import Snapshot, collect
from legation.protocol.messages import DeltaRequest, SotwRequest
from legation.protocol.sequence import Sequence, Variant
from tests.small_world import resource
from tests.turn import next_response

STREAM = object()


class Talk:
    """A client that subscribes to all clusters."""

    def __init__(self, variant: Variant) -> None:
        self.sequence = Sequence()
        self.variant = variant
        self.machine = self.sequence.open(CLUSTER, variant=variant, owner=STREAM)
        self.say()

    def have(self, **versions: str) -> None:
        clusters = [resource(CLUSTER, name, version) for name, version in versions.items()]
        self.sequence.retarget(Snapshot.of([collect(CLUSTER, clusters)]))

    def say(self, nonce: str = "", error: str | None = None) -> tuple[Event, ...]:
        request = SotwRequest if self.variant is Variant.SOTW else DeltaRequest
        return self.sequence.receive(self.machine, request(type=CLUSTER, nonce=nonce, error=error), 0.0)

    def hear(self) -> tuple[str, set[str]] | None:
        """Return the nonce of the next response and the clusters in it."""
        found = next_response(self.sequence, 0.0, STREAM)
        return found and (found[0].nonce, {each.name for each in found[0].resources})


@pytest.fixture(params=Variant)
def talk(request: pytest.FixtureRequest) -> Talk:
    return Talk(request.param)


def test_it_is_told_whether_the_words_name_who_is_put_aside(talk: Talk) -> None:
    talk.have(a="1", b="1")
    talk.hear()
    (event,) = talk.say("1", "cluster b: bad")
    assert isinstance(event, Refused)
    assert ({each.name for each in event.suspects}, event.parked) == ({"b"}, ())


def test_who_is_blamed_comes_back_alone(talk: Talk) -> None:
    talk.have(a="1", b="1")
    talk.hear()
    talk.say("1", "cluster b: no good")
    assert talk.hear() == ("2", {"a"})
    talk.say("2")
    talk.have(a="1", b="2")
    assert talk.hear() == ("3", {"a", "b"} if talk.variant is Variant.SOTW else {"b"})
