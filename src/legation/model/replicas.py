"""What the replicas of this server say together, as records: for pages and for `legation proxies`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaPage:
    """What another replica shows of its Envoys, as the JSON that its own page has."""

    replica: str
    """Its address."""
    proxies: tuple[Mapping[str, Any], ...] = ()
    turned_away: tuple[Mapping[str, Any], ...] = ()
    denied: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaPages:
    """What all other replicas show, asked at one moment."""

    pages: tuple[ReplicaPage, ...] = ()
    silent: tuple[str, ...] = ()
    """The addresses of those that did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaRecords:
    """What all other replicas answer to one question, asked at one moment: the records of each, by its address."""

    records: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    """The addresses of those that did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaCount:
    """How many replicas there are, and how many of them told what their Envoys have; this one is among both."""

    replicas: int = 1
    answered: int = 1


ALONE = ReplicaCount()
"""There is no other replica."""
