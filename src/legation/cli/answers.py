"""Where things come from and who has them, as plain JSON: asked of a running server, or made here of what was read.

Both tell the same in the same words, because both are made by `ops.trail_json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from legation.cli.where import Unreadable
from legation.errors import TransportError
from legation.model.objects import FieldPath

Record = dict[str, Any]
Names = tuple[str, str]
"""The short name of a type, and the name of a resource."""

Version = tuple[str, str, str]
"""That, and a version of it."""

_AT_ONCE = 300
"""Resources that are named in one question."""


class Answers(Protocol):
    """Who is asked."""

    def resources(self) -> list[Record]:
        """Return every resource of every object, without its content."""
        ...

    def contents(self, names: Iterable[Names]) -> Mapping[Version, Any]:
        """Return the content of resources, in all their versions."""
        ...

    def objects(self) -> list[Record]:
        """Return every object."""
        ...

    def locate(self, found: Record, path: FieldPath) -> str:
        """Return where a field of an object stands, as far as is known: `web.yaml:12`; empty where it is in no file."""
        ...

    def blame_resource(self, type_name: str, name: str) -> list[Record]:
        """Return the resources of a name, and who has them."""
        ...

    def blame_object(self, asked: str) -> list[Record]:
        """Return the objects of a kind and name, each with what is made of it."""
        ...


class Live:
    """A running server."""

    def __init__(self, admin: str | None) -> None:
        """Take where its admin port is; nothing is asked yet."""
        self._admin = admin
        self.replicas: Record | None = None
        """How many replicas the last answer speaks for, and who was silent; None where there is but one."""

    def page(self, path: str, *asked: tuple[str, str]) -> Record:
        """Return a page.

        Raises:
            Unreadable: There is no answer, or none that is understood.
        """
        from legation.cli.asking import ask

        try:
            found = ask(self._admin, f"{path}?{urlencode(asked)}" if asked else path)
        except TransportError as error:
            raise Unreadable(str(error)) from error
        if not isinstance(found, dict):
            raise Unreadable(f"the server answers {path} in words that are not understood: is it older?")
        self.replicas = found.get("replicas")
        return found

    def records(self, path: str, name: str, *asked: tuple[str, str]) -> list[Record]:
        """Return the list of a page."""
        found = self.page(path, *asked).get(name)
        if not isinstance(found, list):
            raise Unreadable(f"the server answers {path} in words that are not understood: is it older?")
        return found

    def resources(self) -> list[Record]:
        """Return every resource; see `Answers`."""
        return self.records("/resources", "resources", ("config", "0"))

    def contents(self, names: Iterable[Names]) -> Mapping[Version, Any]:
        """Return the content of resources; see `Answers`."""
        return {
            (each["type"], each["name"], each["version"]): each["json"]
            for some in _portions(sorted(names))
            for each in self.records("/resources", "resources", *_only(some))
        }

    def locate(self, found: Record, path: FieldPath) -> str:
        """Return where an object stands; see `Answers`."""
        del path
        return shown_place(found)

    def envoys(self) -> list[Record]:
        """Return the Envoys that are connected."""
        return self.records("/envoys", "envoys")

    def settings(self) -> Mapping[str, str]:
        """Return the settings that say what objects mean, as the server has them."""
        found = self.page("/envoys").get("settings")
        return found if isinstance(found, dict) else {}

    def versions_for(self, envoy: Record) -> dict[Names, Record]:
        """Return what an Envoy of `envoys` gets, without the content."""
        asked = [("node", envoy["node"]), ("config", "0")]
        if envoy.get("replica"):
            # This one knows nothing of it.
            labels = (("label", f"{key}={value}") for key, value in envoy["labels"].items())
            asked += [("namespace", envoy["namespace"] or ""), *labels]
        found = self.records("/resources", "resources", *asked)
        return {(each["type"], each["name"]): each for each in found}

    def objects(self) -> list[Record]:
        """Return every object; see `Answers`."""
        return self.records("/objects", "objects")

    def blame_resource(self, type_name: str, name: str) -> list[Record]:
        """Return the resources of a name; see `Answers`."""
        return self.records("/blame", "blame", ("type", type_name), ("name", name))

    def blame_object(self, asked: str) -> list[Record]:
        """Return the objects of a kind and name; see `Answers`."""
        return self.records("/blame", "blame", ("object", asked))


def shown_place(found: Record) -> str:
    """Return where a record says that it stands: `web.yaml:12`; empty where it is in no file."""
    return f"{found['file']}:{found['line']}" if found["file"] and found["line"] else found["file"] or ""


def _only(names: Iterable[Names]) -> list[tuple[str, str]]:
    return [("only", f"{type_name}/{name}") for type_name, name in names]


def _portions(names: Sequence[Names]) -> Iterable[Sequence[Names]]:
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))
