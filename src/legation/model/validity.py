"""Validity: a certificate that stands in a resource, and when it can be used."""

from __future__ import annotations

from dataclasses import dataclass

from legation.model.objects import FieldPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """When one certificate, or any of several, can be used. What follows from that depends on the time."""

    path: FieldPath
    """Where it stands in the resource, in the names of the protos."""
    what: str
    """What it is, in the words of a sentence."""
    start: float
    """Unix seconds."""
    end: float
