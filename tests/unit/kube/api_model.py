"""What an API server says of one kind, without HTTP: lists in pages, watches line by line, and a short memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from legation.errors import KubeError, KubeGone, KubeNotFound
from legation.model.api_kinds import ApiKind

THINGS = ApiKind(group="example.com", version="v1", kind="Thing", plural="things")
END = {"annotations": {"k8s.io/initial-events-end": "true"}}
DEEP = "<deep>"
"""A value that is nested too deep for any Python."""
_DEEP = b'{"a]":' * 9000 + b"[" * 9000 + b"]" * 9000 + b"}" * 9000


class Meta(msgspec.Struct, frozen=True):
    uid: str


class Thing(msgspec.Struct, frozen=True):
    metadata: Meta
    value: int


def decode(raw: msgspec.Raw) -> Thing:
    """Return a thing; one whose value is no whole number is refused."""
    return msgspec.json.decode(raw, type=Thing)


def thing(
    name: str, *, value: object = 1, uid: str = "u1", version: int = 1, namespace: str = "shop"
) -> dict[str, Any]:
    metadata = {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata, "value": value}


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode().replace(f'"{DEEP}"'.encode(), _DEEP)


def event(kind: str, value: dict[str, Any]) -> bytes:
    return encoded({"type": kind, "object": value})


def bookmark(version: int, *, ends: bool = False) -> bytes:
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version), **(END if ends else {})}})


def status(code: int, reason: str = "", message: str = "no", **more: Any) -> bytes:
    return event("ERROR", {"kind": "Status", "code": code, "reason": reason, "message": message, **more})


def page(*things: dict[str, Any], version: int = 1, rest: str = "") -> bytes:
    metadata = {"resourceVersion": str(version), **({"continue": rest} if rest else {})}
    return encoded({"kind": "ThingList", "metadata": metadata, "items": things})


def groups(*versions: str, kind: str = "APIGroupList") -> bytes:
    """Return which groups there are, each named by its version: `example.com/v1`."""
    found = [
        {"name": each.partition("/")[0], "versions": [{"groupVersion": each, "version": each.partition("/")[2]}]}
        for each in versions
    ]
    return encoded({"kind": kind, "apiVersion": "v1", "groups": found})


def resources(*plurals: str, version: str = "example.com/v1", kind: str = "APIResourceList") -> bytes:
    """Return which kinds there are in a group."""
    return encoded({"kind": kind, "groupVersion": version, "resources": [{"name": each} for each in plurals]})


@dataclass
class ApiModel:
    """Keeps things. Versions count up by one with each change."""

    streams: str = "yes"
    """What it makes of the wish for a streamed list: `yes`, `refuses`, `ignores`."""
    installed: bool = True
    alone: bool = True
    """Whether the kind is the only one of its group."""
    version: int = 1
    compacted: int = 1
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[tuple[int, bytes]] = field(default_factory=list)
    states: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Those that lists have begun with."""

    def put(self, name: str, value: object) -> None:
        self.version += 1
        before = self.things.get(name)
        uid = before["metadata"]["uid"] if before else f"u{self.version}"
        self.things[name] = thing(name, value=value, uid=uid, version=self.version)
        self.history.append((self.version, event("MODIFIED" if before else "ADDED", self.things[name])))

    def delete(self, name: str) -> None:
        self.version += 1
        gone = self.things.pop(name)
        last = thing(name, value=gone["value"], uid=gone["metadata"]["uid"], version=self.version)
        self.history.append((self.version, event("DELETED", last)))

    def compact(self) -> None:
        self.compacted = self.version
        self.history.clear()

    def uninstall(self) -> None:
        for name in list(self.things):
            self.delete(name)
        self.installed = False

    def answer(self, params: dict[str, str]) -> bytes:
        """Return a page; the later ones hold what there was at the first."""
        self._check_installed()
        version, start = map(int, params.get("continue", f"{self.version}-0").split("-"))
        if version < self.compacted:
            raise KubeGone(410, "Expired", "the continue token is too old")
        things = self.states.setdefault(version, dict(self.things))
        names = sorted(things)
        end = start + int(params["limit"]) if "limit" in params else len(names)
        rest = f"{version}-{end}" if end < len(names) else ""
        return page(*(things[each] for each in names[start:end]), version=version, rest=rest)

    def watch(self, params: dict[str, str]) -> Iterator[bytes | None]:
        """Return a watch: a line, or None while there is nothing to say. It ends when its kind does."""
        self._check_installed()
        if "sendInitialEvents" in params:
            if self.streams == "refuses":
                raise KubeError(422, "Invalid", "sendInitialEvents is forbidden")
            first = [event("ADDED", each) for each in self.things.values()]
            last = bookmark(self.version, ends=True) if self.streams == "yes" else bookmark(self.version)
            return self._go_on(self.version, [*first, last])
        after = int(params["resourceVersion"])
        if after < self.compacted:
            raise KubeGone(410, "Expired", "too old resource version")
        return self._go_on(after, [])

    def discover(self, path: str) -> bytes:
        """Return what is told of kinds."""
        has_group = self.installed or not self.alone
        if path == "/apis":
            return groups("apps/v1", *(["example.com/v1"] if has_group else []))
        if path != "/apis/example.com/v1" or not has_group:
            raise KubeNotFound(404, "", "404 page not found")
        return resources("others", "others/status", *(["things", "things/status"] if self.installed else []))

    def _go_on(self, after: int, first: list[bytes]) -> Iterator[bytes | None]:
        yield from first
        while True:
            if self.compacted > after:
                yield status(410, "Expired")
                return
            new = [each for each in self.history if each[0] > after]
            if new:
                after, line = new[0]
                yield line
            elif not self.installed:
                return
            else:
                yield None

    def _check_installed(self) -> None:
        if not self.installed:
            raise KubeNotFound(404, "", "404 page not found")
