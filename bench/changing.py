"""Changes of objects, made with as little work of one's own as can be: time runs meanwhile, and it is not theirs."""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.cluster.api_server import ApiServer

_BRIEF = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
"""Nobody here wants to read the whole object in the answer."""
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of an object, and what then has to stand in a file."""

    method: str
    path: str
    body: bytes = field(repr=False)
    content_type: str
    file: str
    content: bytes = field(repr=False)


class Changer:
    """An administrator with one connection; it blocks."""

    def __init__(self, server: ApiServer) -> None:
        trusted = ssl.create_default_context(cafile=server.ca_file)
        self._connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=_PATIENCE, context=trusted)
        self._headers = {"Authorization": f"Bearer {server.admin_token}", "Accept": _BRIEF}

    def __enter__(self) -> Self:
        self._connection.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def make(self, change: Change) -> tuple[float, float]:
        """Make a change, and return when it was sent and when it was answered, by the system's clock.

        Raises:
            RuntimeError: The API server refuses it.
        """
        headers = {**self._headers, "Content-Type": change.content_type}
        sent = time.time()
        self._connection.request(change.method, f"/{change.path}", change.body, headers)
        response = self._connection.getresponse()
        said = response.read()
        answered = time.time()
        if response.status != http.client.OK:
            raise RuntimeError(f"{change.method} {change.path}: {said.decode()}")
        return sent, answered
