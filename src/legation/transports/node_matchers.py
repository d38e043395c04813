"""NodeMatchers (`envoy.type.matcher.v3.NodeMatcher`), compiled into questions about a node.

Regular expressions are refused: the ones of Python can be made to run for ever, and who asks may be anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeAlias

from legation.errors import RemoteProtocolError
from legation.model.node import Node

NodeTest: TypeAlias = Callable[[Node], bool]
_Test: TypeAlias = Callable[[Any], bool]

_MISSING = object()


def node_test(matchers: Iterable[Any]) -> NodeTest:
    """Return the question whether one of the matchers fits a node; without matchers every node does.

    Args:
        matchers: Messages of the type NodeMatcher.

    Raises:
        RemoteProtocolError: One of them says nothing, or what is not supported.
    """
    tests = [_one(matcher) for matcher in matchers]
    return lambda node: not tests or any(test(node) for test in tests)


def _one(matcher: Any) -> NodeTest:
    by_id = _text(matcher.node_id) if matcher.HasField("node_id") else None
    by_metadata = [_struct(each) for each in matcher.node_metadatas]
    return lambda node: (by_id is None or by_id(node.id)) and all(test(node.metadata) for test in by_metadata)


def _struct(matcher: Any) -> _Test:
    path = [segment.key for segment in matcher.path]
    test = _value(matcher.value)
    if not path:
        _wrong("a StructMatcher has no path")
    return lambda metadata: test(_at(metadata, path))


def _at(value: Any, path: Iterable[str]) -> Any:
    for key in path:
        value = value.get(key, _MISSING) if isinstance(value, Mapping) else _MISSING
    return value


def _value(matcher: Any) -> _Test:
    kind = matcher.WhichOneof("match_pattern")
    if kind not in _VALUES:
        _wrong("a ValueMatcher says nothing that is known here")
    return _VALUES[kind](getattr(matcher, kind))


def _null(_: Any) -> _Test:
    return lambda value: value is None


def _bool(wanted: bool) -> _Test:  # noqa: FBT001 - it is the value of a field
    return lambda value: value is wanted


def _present(wanted: bool) -> _Test:  # noqa: FBT001 - it is the value of a field
    return lambda value: wanted and value is not _MISSING


def _list(matcher: Any) -> _Test:
    one = _value(matcher.one_of)
    return lambda value: isinstance(value, list | tuple) and any(map(one, value))


def _or(matcher: Any) -> _Test:
    several = [_value(each) for each in matcher.value_matchers]
    return lambda value: any(test(value) for test in several)


def _number(matcher: Any) -> _Test:
    def test(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if matcher.WhichOneof("match_pattern") == "exact":
            return bool(value == matcher.exact)
        return bool(matcher.range.start <= value < matcher.range.end)

    return test


def _text(matcher: Any) -> _Test:
    kind = matcher.WhichOneof("match_pattern")
    compare: dict[str, Callable[[str, str], bool]] = {
        "exact": str.__eq__,
        "prefix": str.startswith,
        "suffix": str.endswith,
        "contains": str.__contains__,
    }
    if kind not in compare:
        _wrong(f"a StringMatcher has {kind or 'nothing'}; here it may have {', '.join(compare)}")
    wanted: str = getattr(matcher, kind)
    fold = str.lower if matcher.ignore_case else str
    return lambda value: isinstance(value, str) and compare[kind](fold(value), fold(wanted))


_VALUES: Mapping[str, Callable[[Any], _Test]] = {
    "null_match": _null,
    "bool_match": _bool,
    "present_match": _present,
    "double_match": _number,
    "string_match": _text,
    "list_match": _list,
    "or_match": _or,
}


def _wrong(words: str) -> NoReturn:
    raise RemoteProtocolError("INVALID_ARGUMENT", f"node_matchers: {words}")
