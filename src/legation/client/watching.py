"""One watch over many streams: where it goes on, and when. No I/O; chance is an argument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from legation.client import messages
from legation.client.errors import ClientError, Unavailable
from legation.client.repeating import watch_pause
from legation.client.values import Event, ObjectChange, Reference, StoredObject, Synced
from legation.management.v1 import management_pb2 as pb


class Watching:
    """What is known of a watch. A stream of `request` is told here, event by event, and so is its end.

    While a stream still says what there is, nobody can go on in its middle: one that ends then is begun anew, and an
    object that was told and is not told again has gone meanwhile.
    """

    def __init__(self, request: pb.WatchRequest) -> None:
        """Take what the watch asks for; the token in it follows what is heard."""
        self.request = request
        self._failures = 0
        """Streams in a row that said nothing."""
        self._was_reached = False
        self._is_going_on = bool(request.resume_token)
        """Whether events can be gone on after."""
        self._before: dict[Reference, StoredObject] = {}
        """Objects that ended streams told, and this one has not yet."""
        self._now: dict[Reference, StoredObject] = {}
        """Objects that this stream told."""

    def heard(self, message: pb.WatchEvent) -> Iterator[Event]:
        """Take what a stream says, and yield what that means."""
        self._failures, self._was_reached = 0, True
        event = messages.read_event(message)
        if event is None:
            return
        if self._is_going_on:
            yield event
            return
        if isinstance(event, ObjectChange):
            key = replace(event.stored.object, resource_version="")
            self._before.pop(key, None)
            self._now[key] = event.stored
        if not isinstance(event, Synced):
            yield replace(event, resume_token="")
            return
        for gone in self._before.values():
            yield ObjectChange(stored=gone, deleted=True)
        self._before, self._now, self._is_going_on = {}, {}, True
        yield event

    def told(self, message: pb.WatchEvent) -> None:
        """Note that the caller has it: the watch goes on behind it."""
        if message.resume_token and self._is_going_on:
            self.request.resume_token = message.resume_token

    def ended(self, error: ClientError, *, chance: float) -> float:
        """Return how many seconds to wait before the next stream.

        Args:
            error: How the stream ended.
            chance: A random number, 0 <= chance < 1.

        Raises:
            ClientError: The watch was refused, or nobody was there at its begin.
        """
        self._failures += 1
        self._before |= self._now
        self._now = {}
        reached = not isinstance(error, Unavailable) or error.was_reached
        self._was_reached = self._was_reached or reached
        pause = watch_pause(error, failures=self._failures, chance=chance)
        if pause is None or not self._was_reached:
            raise error
        return pause


def ended_by_server(target: str) -> ClientError:
    """Return how a stream ended that the server closed in good order, as it does when it leaves."""
    return Unavailable(f"the management API at {target} ended the watch", code="OK")
