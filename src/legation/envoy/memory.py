"""What was found out about the contents of messages, so that none is looked at twice. Threads may share it.

It knows hashes and answers alone, not the messages. The one invariant: it holds no more answers than it may, and those
that were asked for last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from google.protobuf.message import Message

Answer = TypeVar("Answer")


class Memory(Generic[Answer]):
    """Answers by the type and the content of a message."""

    def __init__(self, most: int) -> None:
        """Begin without any.

        Args:
            most: How many answers it may hold.
        """
        self._most = most
        self._answers: dict[tuple[str, bytes], Answer] = {}
        """Last the one that was asked for last."""
        self._lock = Lock()

    def recall(self, message: Message, body: bytes, find: Callable[[Message], Answer]) -> Answer:
        """Return the answer for that content; two threads that ask at the same moment may both find it out.

        Args:
            message: The message.
            body: Its bytes. Messages of equal content whose bytes differ are looked at once each.
            find: Returns the answer where it is not known, and never None.
        """
        key = (message.DESCRIPTOR.full_name, hashlib.blake2b(body, digest_size=16).digest())
        with self._lock:
            known = self._answers.pop(key, None)
            if known is not None:
                self._answers[key] = known
                return known
        found = find(message)
        with self._lock:
            self._answers[key] = found
            if len(self._answers) > self._most:
                del self._answers[next(iter(self._answers))]
        return found
