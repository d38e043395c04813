"""A policy: whose tokens there are, and rules that say who may do what to which objects. Pure.

What no rule allows nobody may. The one invariant: it holds no token, only what a token can be recognised by.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from legation.api.management.access import ALLOWED, Answer, Deed, Principal, Sight, Verb
from legation.model.objects import ObjectKey


class Right(StrEnum):
    """What a rule gives."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    FORCE = "force"
    SECRETS = "secrets"


_NEEDED = {
    Verb.GET: Right.READ,
    Verb.LIST: Right.READ,
    Verb.WATCH: Right.READ,
    Verb.CREATE: Right.WRITE,
    Verb.PATCH: Right.WRITE,
    Verb.DELETE: Right.DELETE,
    Verb.FORCE: Right.FORCE,
    Verb.SECRETS: Right.SECRETS,
}
ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownToken:
    """A token that somebody was given."""

    name: str
    digest: str = field(repr=False)
    """SHA-256, in hexadecimal."""
    ends: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """Who may do what to which objects. A star stands for any text."""

    who: tuple[str, ...]
    rights: frozenset[Right]
    kinds: tuple[tuple[str, str], ...]
    """Group and kind; a group that is a star: of whichever."""
    namespaces: tuple[str, ...]
    names: tuple[str, ...] = (ANY,)

    def is_about(self, who: Principal) -> bool:
        """Say whether it is about somebody."""
        return any(fnmatchcase(name, pattern) for pattern in self.who for name in who.names)

    def covers(self, *, group: str, kind: str, namespace: str) -> bool:
        """Say whether it is about any of these objects; what is empty stands for all."""
        return self._has_kind(group, kind, empty=True) and (not namespace or _any_of(self.namespaces, namespace))

    def covers_object(self, key: ObjectKey) -> bool:
        """Say whether it is about this object."""
        return (
            self._has_kind(key.group, key.kind, empty=False)
            and _any_of(self.namespaces, key.namespace)
            and _any_of(self.names, key.name)
        )

    def _has_kind(self, group: str, kind: str, *, empty: bool) -> bool:
        return any(
            ((empty and not group) or fnmatchcase(group, in_group))
            and ((empty and not kind) or fnmatchcase(kind, of_kind))
            for in_group, of_kind in self.kinds
        )

    @property
    def is_whole(self) -> bool:
        """Whether it is about all objects there are."""
        return (ANY, ANY) in self.kinds and ANY in self.namespaces and ANY in self.names


def _any_of(patterns: Iterable[str], text: str) -> bool:
    return any(fnmatchcase(text, each) for each in patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All of it."""

    tokens: tuple[KnownToken, ...] = ()
    rules: tuple[PolicyRule, ...] = ()

    def owner_of(self, token: str, *, now: float) -> Principal | None:
        """Return whose a token is, if it is one of these and its time is not over.

        Args:
            token: As it was shown.
            now: Unix seconds.
        """
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = None
        for each in self.tokens:
            # All are compared, each in the same time.
            if hmac.compare_digest(each.digest, digest) and (each.ends is None or now < each.ends):
                found = each
        if found is None:
            return None
        name = f"token:{found.name}"
        return Principal(name=name, proof="token of the policy", names=(name,), ends=found.ends)

    def about(self, who: Principal) -> Iterator[PolicyRule]:
        """Yield the rules about somebody."""
        return (each for each in self.rules if each.is_about(who))


class PolicyAccess:
    """Says who may do what by the rules of a policy, as they are at that moment. Fulfils `Access`."""

    def __init__(self, policy: Callable[[], Policy]) -> None:
        """Take what returns the policy."""
        self._policy = policy

    async def may(self, who: Principal, deeds: Sequence[Deed]) -> tuple[Answer, ...]:
        """Return an answer for each of the deeds."""
        rules = tuple(self._policy().about(who))
        return tuple(_answer(rules, each) for each in deeds)

    async def sight(self, who: Principal, verb: Verb, *, group: str, kind: str, namespace: str) -> Sight:
        """Return which objects somebody sees."""
        needed = _NEEDED[verb]
        rules = tuple(
            each
            for each in self._policy().about(who)
            if needed in each.rights and each.covers(group=group, kind=kind, namespace=namespace)
        )
        return Sight(
            sees=lambda key: any(each.covers_object(key) for each in rules),
            whole=any(each.is_whole for each in rules),
            refused=None if rules else _no_rule(needed),
        )


def _answer(rules: Sequence[PolicyRule], deed: Deed) -> Answer:
    needed = _NEEDED[deed.verb]
    if any(needed in each.rights and each.covers_object(deed.key) for each in rules):
        return ALLOWED
    return _no_rule(needed)


def _no_rule(needed: Right) -> Answer:
    return Answer(allowed=False, words=f"no rule of the policy gives you {needed} there")
