"""Whether an object may be stored: what the server would say of it, said before. No I/O.

Refused is what the server would not use. Let pass with warnings is what was wrong before (so that an object can be
mended step by step, labels be set and finalizers taken off), what has the name or the address of another object (which
may be about to go: whoever renames creates first), and that on which this program itself fails. What is being deleted,
and what is not read from the cluster, is none of our business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from legation.api.admission.review import ALLOWED, Decision, Request
from legation.api.admission.saying import errors_of, refusal, warnings
from legation.kube.nesting import DEEPEST, is_deep
from legation.model.api_kinds import ApiKind
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import INTERNAL_ERROR, Problem
from legation.runtime.what_if import CLASHES
from legation.sources.kubernetes.manifests import read_manifest

Consider: TypeAlias = Callable[[ManifestObject], tuple[Problem, ...]]
"""Returns what would be wrong with an object if it were served."""

_Sameness: TypeAlias = tuple[str, FieldPath, str, str]
"""What tells a problem from others: code, field without indexes, words, and what stands there."""
_CHECKED = frozenset({"CREATE", "UPDATE"})
_UNCHANGED = "it was so before"
_CLASHES = "the first one counts for as long as it is there"

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def everywhere(_namespace: str, _labels: Mapping[str, str]) -> bool:
    """Say that every object is read."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """What is known of the objects that are read."""

    kinds: Mapping[tuple[str, str], ApiKind]
    """By group and kind."""
    is_read: Callable[[str, Mapping[str, str]], bool] = field(default=everywhere)
    """Says whether an object of this namespace, with these labels, is read."""

    @classmethod
    def of(
        cls, kinds: Iterable[ApiKind], *, is_read: Callable[[str, Mapping[str, str]], bool] = everywhere
    ) -> Deciding:
        """Return it for these kinds."""
        return cls(kinds={(each.group, each.kind): each for each in kinds}, is_read=is_read)

    def decide(self, request: Request, consider: Consider) -> Decision:
        """Return what is to become of an object."""
        kind = self.kinds.get((request.kind.group, request.kind.kind))
        if kind is None or request.sub_resource or request.operation not in _CHECKED:
            return ALLOWED
        if is_deep(bytes(request.object)):
            return _too_deep(request)
        found = _read(kind, request.object)
        if found is None or not self.is_read(found.key.namespace, found.labels):
            return ALLOWED
        before = _read(kind, request.old_object) if request.operation == "UPDATE" else None
        return _decided(found, before, consider)


def _decided(found: ManifestObject, before: ManifestObject | None, consider: Consider) -> Decision:
    problems = consider(found)
    errors = errors_of(problems)
    if not errors:
        return Decision(warnings=warnings(problems))
    if any(each.code == INTERNAL_ERROR for each in errors):
        return Decision(warnings=warnings(problems, because="it was not checked"))
    of_its_own = tuple(each for each in errors if each.code not in CLASHES)
    if not of_its_own:
        return Decision(warnings=warnings(problems, because=_CLASHES))
    standing = set() if before is None else {_sameness(each, before) for each in errors_of(consider(before))}
    refused = tuple(each for each in of_its_own if _sameness(each, found) not in standing)
    if not refused:
        return Decision(warnings=warnings(problems, because=_UNCHANGED))
    others = tuple(each for each in problems if each not in refused)
    return Decision(refusal=refusal(refused), warnings=warnings(others))


def _read(kind: ApiKind, raw: msgspec.Raw) -> ManifestObject | None:
    """Return an object as it is read from a cluster; None where there is none to check."""
    try:
        decoded = _decode(raw)
        metadata = decoded.get("metadata")
        # What is there for its finalizers alone is nobody's to mend.
        if isinstance(metadata, Mapping) and metadata.get("deletionTimestamp"):
            return None
        return read_manifest(kind, decoded)
    except (msgspec.DecodeError, RecursionError):
        # It is none, or has no name: the API server sees to that itself.
        return None


def _too_deep(request: Request) -> Decision:
    """Decide on what Python could not compare: the server does not read it either."""
    problem = Problem(
        code="too-deep",
        message=f"it is nested more than {DEEPEST} levels deep",
        mend="no Envoy takes a message of a hundred levels",
    )
    if is_deep(bytes(request.old_object)):
        return Decision(warnings=warnings([problem], because=_UNCHANGED))
    return Decision(refusal=refusal([problem]))


def _sameness(problem: Problem, manifest: ManifestObject) -> _Sameness:
    # Where something was put in above it, it is the same one still.
    names = tuple(each for each in problem.path if isinstance(each, str))
    return problem.code, names, problem.message, repr(_standing_at(problem.path, manifest.body))


def _standing_at(path: FieldPath, value: Any) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
