"""Objects that a program puts in."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from legation.errors import InvalidResource
from legation.model.node import DEFAULT_NAMESPACE
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place, is_same_json, show_path
from legation.sources.base import Inputs, SourceState
from legation.sources.identity import Fault, identify

_DEEPEST = 100


class MemorySource:
    """Objects in memory. Call it from the event loop, before `run` and while it runs.

    Changes that are made without an `await` between them are published together.

    Example:
        source = MemorySource()
        source.put({"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"name": "web"}, "spec": ...})
        source.delete(kind="Cluster", name="web")
    """

    def __init__(self, *, name: str = "memory") -> None:
        self._name = name
        self._objects: dict[ObjectKey, ManifestObject] = {}
        self._changed = asyncio.Event()

    @property
    def name(self) -> str:
        """A short name for logs and problems."""
        return self._name

    @property
    def missing(self) -> tuple[str, ...]:
        """Nothing more than that it has not loaded."""
        return ()

    def put(self, body: Mapping[str, Any]) -> ManifestObject:
        """Add an object, or replace the one of the same group, kind, namespace and name.

        Args:
            body: The whole manifest as JSON values. It is copied.

        Returns:
            The object as it is published; the same one as before if it is equal.

        Raises:
            InvalidResource: It is not an object, or holds what JSON in UTF-8 cannot say.
        """
        manifest = self._known(_read(body))
        if self._objects.get(manifest.key) is not manifest:
            self._objects[manifest.key] = manifest
            self._changed.set()
        return manifest

    def delete(
        self,
        key: ObjectKey | None = None,
        *,
        kind: str = "",
        name: str = "",
        namespace: str = DEFAULT_NAMESPACE,
        group: str | None = None,
    ) -> bool:
        """Remove an object, told by its key or by kind and name. Return whether there was one.

        Args:
            key: The object's key, in place of all the others.
            kind: The object's kind.
            name: The object's name.
            namespace: The object's namespace.
            group: The object's API group; None for any.
        """
        if key is not None:
            gone = [key] if key in self._objects else []
        else:
            wanted = (kind, namespace, name)
            gone = [each for each in self._objects if each[1:] == wanted and group in {None, each.group}]
        for each in gone:
            del self._objects[each]
            self._changed.set()
        return bool(gone)

    def replace_all(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Hold exactly these objects from now on. Those that are equal to what was there stay the same.

        Raises:
            InvalidResource: One of them is wrong, or two have the same key; then nothing changed.
        """
        objects: dict[ObjectKey, ManifestObject] = {}
        for body in bodies:
            manifest = self._known(_read(body))
            if manifest.key in objects:
                raise InvalidResource(str(manifest.key), ("it is given twice",))
            objects[manifest.key] = manifest
        if objects != self._objects:
            self._objects = objects
            self._changed.set()

    def _known(self, manifest: ManifestObject) -> ManifestObject:
        known = self._objects.get(manifest.key)
        return known if known is not None and is_same_json(known.body, manifest.body) else manifest

    async def run(self, inputs: Inputs) -> None:
        """Publish what is here, and every change of it, until cancelled."""
        while True:
            self._changed.clear()
            inputs.publish(SourceState(objects=MappingProxyType(dict(self._objects))))
            await self._changed.wait()

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:  # noqa: ARG002 - as every source has it
        """Return the place: there are no lines here."""
        return place


def _read(body: Mapping[str, Any]) -> ManifestObject:
    manifest = identify(_plain(body, ()))
    if isinstance(manifest, Fault):
        raise InvalidResource(str(manifest.key or "object"), (f"{manifest.message} ({manifest.mend})",))
    return manifest


def _plain(value: Any, path: FieldPath) -> Any:
    """Return a copy made of dicts, lists and scalars alone."""
    if isinstance(value, str):
        return _text(value, path)
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if len(path) > _DEEPEST:
        raise InvalidResource("object", (f"it is nested more than {_DEEPEST} levels deep",))
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise InvalidResource("object", (f"{show_path(path) or 'it'} has a key that is not text",))
        return {_text(key, path): _plain(each, (*path, key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, (*path, index)) for index, each in enumerate(value)]
    raise InvalidResource(
        "object", (f"{show_path(path) or 'it'} is a {type(value).__name__}, which JSON does not have",)
    )


def _text(text: str, path: FieldPath) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        words = f"{show_path(path) or 'it'} has text that holds half of a character (an unpaired surrogate)"
        raise InvalidResource("object", (words,)) from None
    return text
