"""What goes into the management API and what comes out of it, as values. Standard library only; no I/O.

Names are those of the API (`legation.management.v1`), so that a page about it holds for every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

_DIGITS = 10
"""Of a number at most: ports and weights are far smaller."""


class Outcome(StrEnum):
    """What became of an object that was applied."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Topic(StrEnum):
    """What a watch tells of."""

    OBJECTS = "objects"
    PROBLEMS = "problems"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Reference:
    """Which object."""

    kind: str
    name: str
    namespace: str = field(default="default", kw_only=True)
    group: str = field(default="", kw_only=True)
    """The API group; empty for the one group that has this kind."""
    resource_version: str = field(default="", kw_only=True)
    """The version that it must have, or has."""

    def __str__(self) -> str:
        """Return the name that people and kubectl use: `cluster.bootes.io/web`."""
        kind = self.kind.lower()
        return f"{kind}.{self.group}/{self.name}" if self.group else f"{kind}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong, or doubtful."""

    code: str
    message: str
    level: str = "error"
    """`error` or `warning`."""
    object: Reference | None = None
    path: str = ""
    """The field, such as `spec.config.connect_timeout`."""
    mend: str = ""
    place: str = ""
    """The file where it stands, with line and column."""

    @property
    def sentence(self) -> str:
        """What is wrong with which field, and how to mend it, without the object and its place."""
        return ": ".join(filter(None, (self.path, self.message))) + (f" ({self.mend})" if self.mend else "")

    def __str__(self) -> str:
        """Return it as one line."""
        return ": ".join(filter(None, (self.place, str(self.object or ""), self.sentence)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object as it is stored."""

    object: Reference
    manifest: Mapping[str, Any] = field(repr=False)
    """The whole of it; secrets are left out unless they were asked for."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of one object."""

    object: Reference
    """With its resource version."""
    outcome: Outcome
    warnings: tuple[Problem, ...] = ()
    stored: StoredObject | None = None
    """If that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResource:
    """One xDS resource as it is; it is stored in an object of kind `EnvoyResources`."""

    json: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Envoy's JSON with `@type`."""
    type_url: str = ""
    """In place of `json`: the type of a message, and its bytes."""
    value: bytes = field(default=b"", repr=False)
    namespace: str = ""
    object_name: str = ""
    """What the object is called; empty for a name made of the type and the name of the resource."""
    workload_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Host:
    """A host of an upstream."""

    address: str
    """An IP address, or a name that Envoy resolves."""
    port: int
    weight: int = 0
    """0 for none."""

    @staticmethod
    def of(written: str) -> Host:
        """Return the host of `ADDRESS:PORT` or `ADDRESS:PORT=WEIGHT`; an IPv6 address stands in brackets.

        Raises:
            ValueError: It is written another way.
        """
        where, equals, weight = written.partition("=")
        address, _, port = where.rpartition(":")
        bare = address.removeprefix("[").removesuffix("]")
        if (":" in bare) != (address != bare) or not bare:
            raise ValueError(f"{written!r:.80} is not ADDRESS:PORT or ADDRESS:PORT=WEIGHT, such as 10.0.0.1:8080=3")
        if not _is_number(port) or (equals and not _is_number(weight)):
            raise ValueError(f"{written!r:.80} is not ADDRESS:PORT or ADDRESS:PORT=WEIGHT, such as 10.0.0.1:8080=3")
        return Host(bare, int(port), int(weight or 0))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < _DIGITS


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service in the cluster."""

    name: str
    port: int | str
    """A number or a name."""
    namespace: str = ""
    """Empty for that of the upstream."""


@dataclass(frozen=True, slots=True)
class Route:
    """Routes that an upstream takes a share in: all that is given must hold, and something must be given."""

    configuration: str = ""
    """The name of the RouteConfiguration; empty for all."""
    virtual_host: str = ""
    """Empty for all."""
    route: str = ""
    """The name of the route; empty for all."""
    cluster: str = ""
    """Only routes that send to this cluster; empty for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """That an Envoy refused a resource."""

    node: str
    type: str
    name: str
    words: str
    """Envoy's own."""

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.node} refuses {self.type} {self.name}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Who has accepted what was waited for. True when nothing is in the way."""

    accepted: bool
    accepted_by: tuple[str, ...] = ()
    """Node ids."""
    refusals: tuple[Refusal, ...] = ()
    waiting: tuple[str, ...] = ()
    """Node ids of those that did not answer in time."""
    problems: tuple[Problem, ...] = ()

    def __bool__(self) -> bool:
        """Say whether all have accepted it."""
        return self.accepted

    def __str__(self) -> str:
        """Return what is in the way, or who has it, as one line."""
        if self.accepted:
            return f"accepted by {', '.join(self.accepted_by) or 'all of 0 Envoys'}"
        parts = [*map(str, self.refusals), *(f"{each} has not answered" for each in self.waiting)]
        return "; ".join([*parts, *map(str, self.problems)]) or "fewer Envoys than were asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange:
    """An object is there, as a new one or another one; or it is gone."""

    stored: StoredObject
    deleted: bool = False
    resume_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemChange:
    """Something is wrong, or not any more."""

    problem: Problem
    is_there: bool = True
    resume_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of an object at the Envoys that get what it makes."""

    object: Reference
    envoys: int = 0
    accepted: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    """Some of them."""
    waiting: tuple[str, ...] = ()
    """Some of those that have not answered yet, by node id."""
    resume_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """All that was there has been said.

    What was known of problems and delivery and was not said again since the stream began, is over: after a lost
    connection this comes again.
    """

    resume_token: str = ""


Event: TypeAlias = ObjectChange | ProblemChange | Delivery | Synced
Manifest: TypeAlias = Mapping[str, Any] | str | RawResource
"""What is applied: an object as plain values, as text of YAML or JSON, or a resource of Envoy's."""
