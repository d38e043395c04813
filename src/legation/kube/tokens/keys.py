"""The keys that a cluster signs tokens with, as they are now: from a file, or from the API server.

They are read anew when a token names one that is not known, and now and then in any case, so that one that was taken
back does not count for long. What cannot be read leaves the keys before. The one invariant: only keys of which others
have the secret half count, each with its one algorithm.

Source: https://www.rfc-editor.org/rfc/rfc7517 and
https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from jwt import PyJWK

from legation.clock import Clock
from legation.errors import KubeError, KubeUnreachable
from legation.kube.client import Client
from legation.small_files import RenewedFile, why
from legation.threads import in_daemon

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_PATH = "/openid/v1/jwks"
_DISCOVERY = "/.well-known/openid-configuration"
_TIMEOUT = 5.0
_UNKNOWN = 10.0
"""Seconds between two looks for a key that is not known: who invents names of keys costs no more than that."""
_OLD = 300.0
"""Seconds after which the keys are read anew."""
_LARGEST = 1 << 20
"""Bytes of a key set."""


class Unread(Exception):
    """The keys cannot be read. Its text says why."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys, and whose they are."""

    issuer: str
    keys: Mapping[str, PyJWK]
    """By the names that tokens give them."""


class Source(Protocol):
    """Where keys are."""

    async def read(self) -> KeySet:
        """Return those that there are now.

        Raises:
            Unread: They cannot be read, or are none.
        """
        ...


class FileKeys:
    """Keys in a file."""

    def __init__(self, path: Path, *, issuer: str) -> None:
        """Take where they are, and whose."""
        self._path, self._issuer = path, issuer
        self._file = RenewedFile(str(path))
        self._reading: asyncio.Future[bytes] | None = None
        """A look that has not ended; a mount may hang for ever, and needs no second thread."""

    async def read(self) -> KeySet:
        """Read the file, if it has changed."""
        self._reading = reading = self._reading or in_daemon(self._file.read, name="legation-token-keys")
        await asyncio.wait((reading,), timeout=_TIMEOUT)
        if not reading.done():
            raise Unread(f"{self._path}: it takes longer than {_TIMEOUT:g} s to read it")
        self._reading = None
        try:
            content = reading.result()
        except OSError as error:
            raise Unread(f"{self._path}: {why(error)}") from None
        try:
            return KeySet(self._issuer, keys_of(content))
        except Unread as error:
            self._file.forget()
            raise Unread(f"{self._path}: {error}") from None


class ClusterKeys:
    """Those that the API server tells; who asks needs the ClusterRole `system:service-account-issuer-discovery`."""

    def __init__(self, client: Client, *, issuer: str | None = None) -> None:
        """Take whom to ask.

        Args:
            client: Speaks to the API server.
            issuer: Whose tokens they are; None: the API server says that too.
        """
        self._client, self._issuer = client, issuer

    async def read(self) -> KeySet:
        """Ask."""
        issuer = self._issuer
        try:
            if issuer is None:
                said = _loaded(await self._client.request("GET", _DISCOVERY, timeout=_TIMEOUT))
                issuer = said.get("issuer") if isinstance(said, dict) else None
            content = await self._client.request("GET", _PATH, accept="application/jwk-set+json", timeout=_TIMEOUT)
        except (KubeError, KubeUnreachable) as error:
            raise Unread(str(error)) from None
        if not isinstance(issuer, str) or not issuer:
            raise Unread(f"{self._client.server} does not say who issues tokens; set --token-issuer")
        return KeySet(issuer, keys_of(content))


class Keys:
    """The keys of a source, as new as they need to be."""

    def __init__(self, source: Source, *, clock: Clock) -> None:
        """Take where they are; nothing is read yet."""
        self._source, self._clock = source, clock
        self._set = KeySet("", MappingProxyType({}))
        self._tried: float | None = None
        """When they were last read, or tried to be."""
        self._reading = asyncio.Lock()
        self._beside: asyncio.Task[None] | None = None
        self.trouble = ""
        """Why the newest keys are not known; empty where they are."""

    @property
    def issuer(self) -> str:
        """Whose keys these are; empty while none are known."""
        return self._set.issuer

    @property
    def are_known(self) -> bool:
        """Whether there are any."""
        return bool(self._set.keys)

    async def key(self, name: str) -> PyJWK | None:
        """Return the key of a name, if the source has it."""
        if not self._is_new_enough(name):
            if name in self._set.keys and self.trouble:
                # What is known goes on, and nobody waits for a source that does not answer.
                self._read_beside(name)
            else:
                await self._read_once(name)
        return self._set.keys.get(name)

    def _read_beside(self, name: str) -> None:
        if self._beside is None or self._beside.done():
            self._beside = asyncio.create_task(self._read_once(name))

    async def _read_once(self, name: str) -> None:
        async with self._reading:
            # Another one may have read them meanwhile.
            if not self._is_new_enough(name):
                await self._read()

    def _is_new_enough(self, name: str) -> bool:
        limit = _OLD if name in self._set.keys and not self.trouble else _UNKNOWN
        return self._tried is not None and self._clock.now() < self._tried + limit

    async def _read(self) -> None:
        try:
            self._set = await self._source.read()
        except Unread as error:
            self.trouble = str(error)
        else:
            self.trouble = ""
        finally:
            self._tried = self._clock.now()


def keys_of(content: bytes) -> Mapping[str, PyJWK]:
    """Return the keys of a key set, by their names.

    Raises:
        Unread: It is no key set, or there is no key in it that could be used.
    """
    if len(content) > _LARGEST:
        raise Unread(f"it is larger than {_LARGEST} bytes")
    said = _loaded(content)
    several = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(several, list):
        raise Unread('it is no JSON Web Key Set; that begins with {"keys": [')
    found = {name: key for each in several for name, key in _key_of(each)}
    if not found:
        raise Unread("there is no key in it that can be used: each needs a name (kid), and has to be a public one")
    return MappingProxyType(found)


def _key_of(said: Any) -> list[tuple[str, PyJWK]]:
    """Return a key with its name; nothing where it is of no use here, which is no reason to forget the others."""
    if not isinstance(said, dict) or not isinstance(said.get("kid"), str) or said.get("use", "sig") != "sig":
        return []
    try:
        key = PyJWK(said)
    except Exception:  # noqa: BLE001 - what stands there is anybody's, and the library raises all sorts of errors
        return []
    return [(said["kid"], key)] if key.algorithm_name in ALGORITHMS else []


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
