"""What `-f` names: objects of files, folders and standard input, each with its place, to be sent to the API."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from legation.cli.where import Unreadable
from legation.errors import SourceError
from legation.model.objects import FieldPath, ManifestObject, Place
from legation.model.problems import Problem
from legation.sources.base import SourceState
from legation.sources.paths import PathsSource

_METADATA, _NAMESPACE = "metadata", "namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifests:
    """What was read."""

    objects: tuple[ManifestObject, ...]
    """In the order of the files, and of the documents in them."""
    problems: tuple[Problem, ...]
    source: PathsSource
    bodies: tuple[Mapping[str, Any], ...] = field(repr=False)
    """What is sent of each."""

    def place(self, item: int | None, path: FieldPath) -> Place | None:
        """Return where a field of an object stands."""
        if item is None or not 0 <= item < len(self.objects):
            return None
        return self.source.locate(self.objects[item].place, path)


class _Inbox:
    def __init__(self) -> None:
        self.state = SourceState()

    def publish(self, state: SourceState) -> None:
        self.state = state

    def blocked(self, problems: tuple[Problem, ...]) -> None:
        """Take what never comes: paths are read, or they are not."""


def read(paths: Sequence[str], *, namespace: str) -> Manifests:
    """Read objects once.

    Args:
        paths: Files, folders and `-`.
        namespace: Of those that say none; empty for `default`. One that says another is a problem.

    Raises:
        Unreadable: A path cannot be read.
    """
    source, inbox = PathsSource(paths, read_stdin=sys.stdin.buffer.read), _Inbox()
    try:
        asyncio.run(source.run(inbox))
    except SourceError as error:
        raise Unreadable(str(error)) from error
    state = inbox.state
    objects = sorted(state.objects.values(), key=lambda each: each.place or Place(""))
    problems = [
        *state.problems,
        *(_misplaced(each, namespace, source) for each in objects if _is_of_another(each, namespace)),
    ]
    return Manifests(
        objects=tuple(objects),
        problems=tuple(problems),
        source=source,
        bodies=tuple(_with_namespace(each.body, namespace) for each in objects),
    )


def _is_of_another(manifest: ManifestObject, namespace: str) -> bool:
    said = manifest.metadata.get(_NAMESPACE)
    return bool(namespace and said and said != namespace)


def _misplaced(manifest: ManifestObject, namespace: str, source: PathsSource) -> Problem:
    path: FieldPath = (_METADATA, _NAMESPACE)
    return Problem(
        code="another-namespace",
        message=f"it is of another namespace than --namespace {namespace}",
        object=manifest.key,
        path=path,
        place=source.locate(manifest.place, path),
        mend="leave --namespace out, or change the object",
    )


def _with_namespace(body: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    metadata = body.get(_METADATA)
    if not namespace or not isinstance(metadata, Mapping) or metadata.get(_NAMESPACE):
        return body
    return {**body, _METADATA: {**metadata, _NAMESPACE: namespace}}
