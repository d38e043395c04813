"""YAML as kubectl reads it: one document of text -> plain JSON values, and where in the text each value stands.

kubectl reads YAML 1.1 in the dialect of Go's `sigs.k8s.io/yaml` and carries it on as JSON: `yes`, `on` and `y` are
true, `0777` is octal, timestamps stay text, keys become text, what JSON cannot say (`.nan`) is refused. The table of
scalars is held against that library's answers in the tests. Stricter than kubectl in one thing: a key that stands
twice is refused, because one of the two would be lost without a word.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from yaml.cyaml import CBaseLoader
from yaml.error import MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from legation.model.objects import FieldPath
from legation.texts import json_offsets, scalars
from legation.texts.excerpt import lines_of

_DEEPEST = 100
"""Levels of nesting. Envoy's own limit for a message is about as deep; no manifest comes near."""
_ALIAS_ROOM = 100_000
"""A text without aliases has fewer values than characters; aliases may add this many. It stops the "billion laughs"."""


class YamlFault(Exception):
    """Why a text cannot be read, and where: line and column count from 1 inside the text."""

    def __init__(self, code: str, message: str, *, mend: str = "", line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.mend = mend
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """One document."""

    value: Any
    """Plain JSON; None for a document without content."""
    node: Node | None
    """The tree with all positions; None where there is no content, or it could be read as JSON only."""

    def position(self, path: FieldPath) -> tuple[int, int]:
        """Return line and column of a field: where its key or its item begins, or the innermost part that exists."""
        if self.node is None:
            return 1, 1
        mark, _, _ = _innermost(self.node, path)
        return mark.line + 1, mark.column + 1


def load(text: str) -> Loaded:
    """Read one document.

    Raises:
        YamlFault: It cannot be read, or says what JSON cannot say.
    """
    try:
        node = _compose(text)
        return Loaded(value=None if node is None else _Builder(len(text)).value(node, 0), node=node)
    except YamlFault as fault:
        # libyaml does not know JSON's escapes in pairs (`\ud83d\ude00`).
        if fault.code != "yaml-syntax" or not text.lstrip("-\r\n\t ").startswith("{"):
            raise
        try:
            return Loaded(value=_load_json(text.lstrip("-\r\n\t ")), node=None)
        except (ValueError, RecursionError):
            raise fault from None


def find(text: str, path: FieldPath) -> tuple[int, int]:
    """Do as `Loaded.position`, in a text. Further questions about the same text cost no further reading of it.

    A path may go on inside a text that is YAML itself, as ConfigMaps hold them: where that stands line by line (`|`),
    the place in it is found, too.
    """
    try:
        node = _compose_last(text)
    except YamlFault:
        return json_offsets.find(text, path) or (1, 1)
    if node is None:
        return 1, 1
    mark, innermost, rest = _innermost(node, path)
    if rest and isinstance(innermost, ScalarNode) and innermost.style == "|":
        inside = _find_inside(text, innermost, rest)
        if inside is not None:
            return inside
    return mark.line + 1, mark.column + 1


def _find_inside(text: str, block: ScalarNode, path: FieldPath) -> tuple[int, int] | None:
    """Return where a field stands of what a block of text holds; None where the lines cannot be told."""
    line, column = find(block.value, path)
    outer = lines_of(text)
    row = block.start_mark.line + line
    inner = lines_of(block.value)[line - 1 : line]
    if not inner or row >= len(outer) or not outer[row].endswith(inner[0]):
        return None
    return row + 1, column + len(outer[row]) - len(inner[0])


def _innermost(node: Node, path: FieldPath) -> tuple[Any, Node, FieldPath]:
    """Return the mark of a field or of the innermost part that exists, its node, and the rest of the path."""
    mark = node.start_mark
    for at, part in enumerate(path):
        child = next((each for each in _children(node) if each[0] == part), None)
        if child is None:
            return mark, node, path[at:]
        mark, node = child[1].start_mark, child[2]
    return mark, node, ()


def _children(node: Node) -> Iterator[tuple[str | int, Node, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield _key(key), key, value
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield index, item, item


# ------------------------------------------------------------------------------------------------------- text -> nodes

_PLAIN = "plain"
"""The tag given to scalars without quotes and tag: what they mean is decided by `scalars`."""
_TAG = "tag:yaml.org,2002:"
_STRING = _TAG + "str"


class _Composer(CBaseLoader):
    """libyaml's parser and composer, and the resolver that it asks at each node.

    Of that one only the difference of plain and quoted is needed. It also counts levels: the composer calls itself for
    each and would end the process at a hundred thousand of them.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def resolve(self, kind: type[Node], _value: object, implicit: tuple[bool, bool]) -> str:
        return _PLAIN if kind is ScalarNode and implicit[0] else _STRING

    def descend_resolver(self, _parent: object, _index: object) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise too_deep()

    def ascend_resolver(self) -> None:
        self._depth -= 1


def _compose(text: str) -> Node | None:
    try:
        return _Composer(text).get_single_node()
    except (MarkedYAMLError, ReaderError) as error:
        raise syntax_fault(error, text) from None


# The problems of one document are told one after the other, and there can be as many as lines. It may hold another one.
_compose_last = lru_cache(maxsize=2)(_compose)

_MENDS = (
    ("cannot start any token", "indent with spaces, not tabs, and quote values that begin with @, % or `"),
    ("mapping values are not allowed", 'quote a value that holds ": ", and check how the line is indented'),
    (
        "while scanning an a",
        "quote a value that begins with * or &, and look above for a quotation mark that is not closed",
    ),
    ("could not find expected ':'", 'each key needs ": " behind it'),
    ("found another document", 'begin each document with a line "---"'),
    ("duplicate anchor", "give each anchor a name of its own"),
    ("unexpected end of stream", "a quotation mark is not closed"),
)


def syntax_fault(error: MarkedYAMLError | ReaderError, text: str) -> YamlFault:
    """Return what libyaml says of a text as a fault with a mend."""
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        message = "the text holds a control character"
        return YamlFault("yaml-syntax", message, mend="save it as plain UTF-8 text", line=line, column=0)
    words = ", ".join(part for part in (error.context, error.problem) if part).partition(";")[0]
    mark = error.problem_mark or error.context_mark
    mend = next((mend for part, mend in _MENDS if part in words), "check how this line and the one above are indented")
    if mark is not None and mark.line >= len(text.rstrip().splitlines()):
        mend = "the text ends in the middle of something: is the file half-written?"
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    return YamlFault("yaml-syntax", f"this is not YAML: {words}", mend=mend, line=line, column=column)


def too_deep() -> YamlFault:
    """Return the fault of a text with too many levels."""
    message = f"values are nested more than {_DEEPEST} levels deep, or an alias stands inside what it stands for"
    return YamlFault("too-deep", message)


# ------------------------------------------------------------------------------------------------------- nodes -> JSON


class _Builder:
    """Makes JSON of nodes, and counts: an alias is built anew at each place, so its true cost shows."""

    def __init__(self, length: int) -> None:
        self._left = length + _ALIAS_ROOM

    def value(self, node: Node, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            _refuse(node, "too-many-aliases", "aliases make too many values of this document", "write the values out")
        if depth > _DEEPEST:
            raise too_deep()
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if isinstance(node, SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return self._mapping(node, depth + 1)

    def _mapping(self, node: Node, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                values.update(self._merged(value_node, depth))
                continue
            key = _key(key_node)
            if key in lines:
                above = key_node.start_mark.line + 1 - lines[key]
                where = f"{above} line{'s' if above > 1 else ''} above" if above else "in this line"
                message = f'the key "{key}" stands twice in one mapping, first {where}'
                _refuse(key_node, "duplicate-key", message, "remove one of the two")
            lines[key] = key_node.start_mark.line + 1
            values[key] = self.value(value_node, depth)
        return values

    def _merged(self, node: Node, depth: int) -> dict[str, Any]:
        """Return what `<<` brings. Where several mappings say the same key, the first one is heard.

        As in Go, it then takes the place of what stands above the `<<`, and yields to what stands below.
        """
        values: dict[str, Any] = {}
        for each in reversed(node.value if isinstance(node, SequenceNode) else [node]):
            if not isinstance(each, MappingNode):
                _refuse(
                    node, "yaml-syntax", 'only mappings can be merged with "<<"', 'write "<<: *anchor" of a mapping'
                )
            values.update(self.value(each, depth))
        return values


def _key(node: Node) -> str:
    value = _scalar(node) if isinstance(node, ScalarNode) else None
    if value is None:
        _refuse(node, "bad-key", "a key must be text, and this one is empty or a collection", "quote the key")
    return value if isinstance(value, str) else json.dumps(value)


def _refuse(node: Node, code: str, message: str, mend: str) -> NoReturn:
    mark = node.start_mark
    raise YamlFault(code, message, mend=mend, line=mark.line + 1, column=mark.column + 1)


def _scalar(node: ScalarNode) -> scalars.Scalar:
    if node.tag == _STRING:
        return str(node.value)
    if node.tag == _PLAIN:
        value = scalars.plain(node.value)
    else:
        try:
            value = scalars.tagged(node.tag.removeprefix(_TAG), node.value)
        except ValueError as error:
            _refuse(node, "yaml-syntax", str(error), "remove the tag")
    if isinstance(value, float) and not math.isfinite(value):
        _refuse(node, "not-json", "JSON has no infinity and no not-a-number", "quote it if it is text")
    return value


# -------------------------------------------------------------------------------------------------------------- JSON


def _load_json(text: str) -> Any:
    """Read JSON by the same rules. Duplicate keys, nesting, infinity, half characters: ValueError or RecursionError."""
    value = json.loads(
        text, object_pairs_hook=_pairs, parse_int=scalars.number, parse_float=scalars.number, parse_constant=_constant
    )
    _check_depth(value, _DEEPEST)
    # An escape such as `\ud83d` that has lost its other half is text that nobody could write down again.
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check_depth(value: object, left: int) -> None:
    if left < 0:
        raise ValueError("nested too deep")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _check_depth(child, left - 1)
