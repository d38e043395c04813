"""Who calls, what they want to do, and who says whether they may. Pure.

It knows no rule: these are a policy file's (`policy.py`) or the API server's (`cluster_access.py`). The one invariant:
nothing here allows anything by itself but to the owner of this machine's socket, or where nothing is checked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from legation.model.objects import ObjectKey


class Verb(StrEnum):
    """What one does with objects."""

    GET = "get"
    LIST = "list"
    WATCH = "watch"
    CREATE = "create"
    PATCH = "patch"
    DELETE = "delete"
    FORCE = "force"
    """To take fields that others own."""
    SECRETS = "secrets"
    """To be shown what is a secret in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who calls, by what they have proven."""

    name: str
    """As audit lines and a cluster's rules call them: `system:serviceaccount:shop:ci`, `spiffe://corp/ns/shop/sa/ci`."""
    proof: str
    """How that was proven."""
    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """All that a rule of a policy file may call them by."""
    ends: float | None = None
    """Unix seconds at which the proof ends."""
    unchecked: bool = False
    """Whether nothing is asked about them."""
    private: bool = False
    """Whether nobody but the owner of a socket can be it."""

    def __str__(self) -> str:
        return f"{self.name} ({self.proof})"


OWNER = Principal(name="the owner of the socket", proof="socket", unchecked=True, private=True)
LOCAL = Principal(name="anybody on this machine", proof="none", unchecked=True)
"""Where nothing is checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that somebody wants to do to one object."""

    verb: Verb
    key: ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether they may."""

    allowed: bool
    known: bool = True
    """False: nobody could tell; then it is not allowed either."""
    words: str = ""
    """Why not, for them."""


ALLOWED = Answer(allowed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which objects somebody sees of those that they ask for."""

    sees: Callable[[ObjectKey], bool]
    whole: bool = False
    """Whether that is all there is, in every namespace: they are told too what is about no object."""
    refused: Answer | None = None
    """Why they see nothing at all."""

    def __call__(self, key: ObjectKey | None) -> bool:
        """Say whether they see an object, or, for None, what is about none."""
        return self.whole if key is None else self.whole or self.sees(key)


ALL = Sight(sees=lambda _: True, whole=True)


class Access(Protocol):
    """Says who may do what. Whatever goes wrong in it, nobody may."""

    async def may(self, who: Principal, deeds: Sequence[Deed]) -> tuple[Answer, ...]:
        """Return an answer for each of the deeds."""
        ...

    async def sight(self, who: Principal, verb: Verb, *, group: str, kind: str, namespace: str) -> Sight:
        """Return which objects somebody sees; what is empty of the last three stands for all."""
        ...


class NoAccess:
    """Lets nobody do anything."""

    async def may(self, who: Principal, deeds: Sequence[Deed]) -> tuple[Answer, ...]:  # noqa: ARG002 - as all have it
        """Return an answer for each of the deeds."""
        return tuple(Answer(allowed=False) for _ in deeds)

    async def sight(self, who: Principal, verb: Verb, *, group: str, kind: str, namespace: str) -> Sight:  # noqa: ARG002 - as all have it
        """Return that they see nothing."""
        return Sight(sees=lambda _: False, refused=Answer(allowed=False))
