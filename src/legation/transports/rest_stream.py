"""The polls of one node for one type and one set of names, as the stream that they stand for.

REST has no ACK and no NACK of its own. The version of a poll says what the client has, and so what became of the
response before: the version of that response is an ACK, `error_detail` a NACK. Envoy's own client never says
`error_detail`; it asks again with the version from before, and so does one that never got the response. So what was
not taken is said once more, and if it is not taken again, it was refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from legation.clock import Clock
from legation.errors import RemoteProtocolError
from legation.model.resource_types import ResourceType
from legation.protocol.messages import Response, SotwRequest
from legation.protocol.terms import Variant
from legation.transports.rest_request import RestRequest
from legation.transports.served_client import ServedClient

UNSAID = "the client asks twice with the version from before: it refuses the response without saying why"
"""What stands for the words of a refusal that has none."""


class RestStream:
    """A stream made of polls. Fulfils `served_client.Stream`."""

    client: ServedClient
    """Known when the stream begins."""

    __slots__ = ("_clock", "_doubted", "_ended", "_held", "_sent", "_waiting", "client", "names", "polled", "row")

    def __init__(self, row: ResourceType, names: tuple[str, ...], *, clock: Clock, ended: Callable[[], None]) -> None:
        """Make the stream of a poll that is about nothing said before.

        Args:
            row: The type.
            names: What is asked for.
            clock: What tells the time.
            ended: Called in a later turn of the event loop when the stream was ended by its client.
        """
        self.row = row
        self.names = names
        self.polled = clock.now()
        """When it was last heard of: a poll came, or one was answered."""
        self._clock = clock
        self._ended = ended
        self._held = ""
        """The version that the client has."""
        self._sent: Response | None = None
        """What it has not answered yet."""
        self._doubted = False
        """Whether the client has shown that it did not take a response, and has taken none since."""
        self._waiting: set[asyncio.Future[Response | None]] = set()

    @property
    def label(self) -> tuple[str, str]:
        """What the stream carries, and that it does so over REST."""
        return (self.row.name, "rest")

    # What its client asks of it

    @property
    def aggregated(self) -> bool:
        """Whether it carries every type: each has a path of its own."""
        return False

    @property
    def busy(self) -> bool:
        """Whether no poll is there that could be answered."""
        return not self._waiting

    def send(self, response: Response) -> None:
        """Answer every poll that waits: two Envoys of one name on one machine cannot be told apart."""
        self._sent = response
        self._resolve(response)

    def end(self, status: str, words: str) -> None:
        """Answer every poll with an error, and be no stream any more."""
        for each in self._waiting:
            if not each.done():
                each.set_exception(RemoteProtocolError(status, words))
        self._waiting.clear()
        asyncio.get_running_loop().call_soon(self._ended)

    def dismiss(self) -> None:
        """Tell every poll that nothing is new."""
        self._resolve(None)

    def _resolve(self, response: Response | None) -> None:
        self.polled = self._clock.now()
        for each in self._waiting:
            if not each.done():
                each.set_result(response)
        self._waiting.clear()

    # What polls tell

    def begin(self, client: ServedClient, request: RestRequest) -> asyncio.Future[Response | None]:
        """Take the first poll; returns as `take`."""
        self.client = client
        self._held = request.version
        return self._tell(request, nonce="")

    def take(self, request: RestRequest) -> asyncio.Future[Response | None] | None:
        """Take another poll, and what it says of the response before.

        Returns:
            What the poll is answered, None in it where nothing is new; or None where the poll is about nothing that was
            said here: the client has something else, and this is no stream of its any more.
        """
        self.polled = self._clock.now()
        sent = self._sent
        if sent is None:
            if request.version != self._held:
                return None
            self.client.schedule()
            return self._wait()
        error = request.error
        if error is None and (request.version == sent.version or request.nonce == sent.nonce):
            self._held, self._doubted = sent.version, False
        elif error is None and request.version != self._held:
            return None
        elif error is None and not self._doubted:
            self._doubted = True
            return self._say_again(sent)
        elif error is None:
            error = UNSAID
        return self._tell(request, nonce=sent.nonce, error=error)

    def _say_again(self, response: Response) -> asyncio.Future[Response | None]:
        again = self._wait()
        self.send(response)
        return again

    def _tell(self, request: RestRequest, *, nonce: str, error: str | None = None) -> asyncio.Future[Response | None]:
        """Tell the client what a poll says."""
        self._sent = None
        said = SotwRequest(type=self.row, names=self.names, version=request.version, nonce=nonce, error=error)
        self.client.receive(self, said, variant=Variant.SOTW)
        return self._wait()

    def _wait(self) -> asyncio.Future[Response | None]:
        waiting: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        return waiting

    def give_up(self, waiting: asyncio.Future[Response | None]) -> None:
        """Tell a poll that nothing is new: its client waits no longer."""
        if not waiting.done():
            waiting.set_result(None)

    def forget(self, waiting: asyncio.Future[Response | None]) -> None:
        """Let go of a poll that is answered, or whose client is gone."""
        self._waiting.discard(waiting)
        self.polled = self._clock.now()
