"""A DiscoveryRequest as JSON, read by hand: of the 40 KiB that an Envoy says of itself at every poll little is needed.

Field names are read in both spellings of proto3 JSON (`versionInfo`, `version_info`), `null` is the default, and what
is not known is passed over: a newer Envoy may say more.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from legation.envoy.spelling import camel
from legation.errors import RemoteProtocolError
from legation.model.node import Node
from legation.model.resource_types import ResourceType
from legation.transports.conduct import NODE_LIMIT, shown

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character, escaped. Two of them are one; a lone one is allowed in JSON, but in nothing that we write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestRequest:
    """What one poll says. The node is read only where it is asked for: it is needed once."""

    node_id: str
    names: tuple[str, ...]
    """Sorted, each once."""
    version: str
    nonce: str
    error: str | None
    """`error_detail.message` where the client refuses."""
    _node: Mapping[str, Any]
    _size: int = 0
    """Of the whole body: the node is in it."""

    @property
    def node_size(self) -> int:
        """How many bytes the node has as JSON, if it can be many; else at least as many."""
        return self._size if self._size <= NODE_LIMIT else len(json.dumps(self._node))

    def node(self) -> Node:
        """Return who the client says it is, without its features: they promise what a stream may be told.

        Raises:
            RemoteProtocolError: A field of the node has a value that it cannot have.
        """
        node = self._node
        return Node(
            id=self.node_id,
            cluster=_text(node, "cluster", "node"),
            metadata=_object(node, "metadata", "node"),
            user_agent=f"{_text(node, 'user_agent_name', 'node')} {_version(node)}".strip(),
        )


def read_request(body: bytes, row: ResourceType) -> RestRequest:
    """Return what the body of a poll says.

    Args:
        body: As it came.
        row: The type whose path was asked.

    Raises:
        RemoteProtocolError: It is no JSON, or no DiscoveryRequest for that type; the words say where.
    """
    request = _parse(body)
    if not isinstance(request, dict):
        _wrong(f"the body is {_kind(request)}; it must be a DiscoveryRequest as a JSON object")
    url = _text(request, "type_url")
    if url not in {"", row.url}:
        _wrong(f"type_url is {url!r}, but {row.rest_path} serves {row.url} only; ask the path of that type")
    node = _object(request, "node")
    node_id = _text(node, "id", "node")
    if not node_id:
        _wrong("node.id is empty; set node.id in the bootstrap, or start Envoy with --service-node")
    refused = _get(request, "error_detail")
    return RestRequest(
        node_id=node_id,
        names=tuple(sorted({*_texts(request, "resource_names")})),
        version=_text(request, "version_info"),
        nonce=_text(request, "response_nonce"),
        error=None if refused is None else _text(_object(request, "error_detail"), "message", "error_detail"),
        _node=node,
        _size=len(body),
    )


def _parse(body: bytes) -> Any:
    """Return what is said, if it can be said again: all texts as UTF-8, all numbers as doubles."""
    try:
        text = body.decode()
        given = json.loads(text, parse_constant=_no_number, parse_int=_integer, parse_float=_float)
        if _SURROGATE.search(text):
            json.dumps(given, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        _wrong(f"the body is not JSON: {error.msg} in line {error.lineno}, column {error.colno}")
    except UnicodeEncodeError as error:
        _wrong(f"the body has a text with half a character in it: \\u{ord(error.object[error.start]):x} alone is none")
    except (ValueError, RecursionError) as error:
        _wrong(f"the body is not JSON: {'it is nested too deep' if isinstance(error, RecursionError) else error}")
    return given


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _integer(word: str) -> int:
    _float(word)
    return int(word)


def _float(word: str) -> float:
    number = float(word)
    if math.isinf(number):
        raise ValueError(f"the number {shown(word)} is too large")
    return number


def _version(node: Mapping[str, Any]) -> str:
    build = _object(node, "user_agent_build_version", "node")
    number = _object(build, "version", "node.user_agent_build_version")
    if not number:
        return _text(node, "user_agent_version", "node")
    parts = (_get(number, field) for field in ("major_number", "minor_number", "patch"))
    return ".".join(str(part) if isinstance(part, int) else "0" for part in parts)


def _get(given: Mapping[str, Any], field: str) -> Any:
    """Return a field in either spelling; None where it is not set."""
    found = given.get(field)
    if found is None and "_" in field:
        found = given.get(camel(field))
    return found


def _text(given: Mapping[str, Any], field: str, place: str = "") -> str:
    found = _get(given, field)
    if found is None:
        return ""
    if not isinstance(found, str):
        _wrong(f"{_path(place, field)} is {_kind(found)}; it must be a string")
    return found


def _texts(given: Mapping[str, Any], field: str, place: str = "") -> list[str]:
    found = _get(given, field)
    if found is None:
        return []
    if not isinstance(found, list):
        _wrong(f"{_path(place, field)} is {_kind(found)}; it must be a list of strings")
    for index, each in enumerate(found):
        if not isinstance(each, str):
            _wrong(f"{_path(place, field)}[{index}] is {_kind(each)}; it must be a string")
    return found


def _object(given: Mapping[str, Any], field: str, place: str = "") -> Mapping[str, Any]:
    found = _get(given, field)
    if found is None:
        return {}
    if not isinstance(found, dict):
        _wrong(f"{_path(place, field)} is {_kind(found)}; it must be an object")
    return found


def _path(place: str, field: str) -> str:
    return f"{place}.{field}" if place else field


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def _wrong(words: str) -> NoReturn:
    raise RemoteProtocolError("INVALID_ARGUMENT", words)
