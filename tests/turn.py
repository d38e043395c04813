"""One response at a time, of one stream of a client."""

from __future__ import annotations

from legation.model.events import Sent
from legation.protocol.messages import Response
from legation.protocol.sequence import Sequence


def next_response(sequence: Sequence, now: float, owner: object) -> tuple[Response, Sent] | None:
    """Return the next message of that stream; None when it has nothing to say or it is not its turn."""
    for _, response, sent in sequence.turns(now, lambda stream: stream is owner):
        return response, sent
    return None
