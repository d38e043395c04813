"""What is understood of an `Any`: the message in it, also where it travels as a TypedStruct, which says it in JSON.

What is not known here is missing in that message. Messages are remembered by content and shared: nobody may change one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from legation.envoy import anys, typed_structs, types
from legation.envoy.reader import read
from legation.model.objects import FieldPath

if TYPE_CHECKING:
    from google.protobuf.message import Message


def understood(any_message: Any) -> Message | None:
    """Return the message in an `Any`, or None where it is empty or its type is not known here.

    A TypedStruct of a type that is not known here is returned itself.

    Raises:
        DecodeError: The bytes are not of the type that the `Any` claims.
    """
    name = types.type_name(any_message.type_url)
    if name in typed_structs.NAMES:
        return _meant(name, any_message.value)[1]
    return anys.unpack(any_message)


def walk(message: Message, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    """Yield a message and every message inside it, what is understood of an `Any` too, each with its path.

    It costs more than `anys.children`, which knows no paths: it is for where something is known to be there.

    Args:
        message: The message.
        path: Where it stands.
    """
    if message.DESCRIPTOR.full_name == types.ANY:
        try:
            inner = understood(message)
        except DecodeError:
            inner = None
        if inner is not None:
            yield from walk(inner, path)
        return
    yield path, message
    for below, child in anys.placed(message, path):
        yield from walk(child, below)


def type_of(any_message: Any) -> str:
    """Return the full name of the type of the message in an `Any`: of a TypedStruct, that of what it holds."""
    name = types.type_name(any_message.type_url)
    if name not in typed_structs.NAMES:
        return name
    try:
        return _meant(name, any_message.value)[0]
    except DecodeError:
        return name


def struct_to_json(struct: Any) -> dict[str, Any]:
    """Return what a Struct says."""
    return {key: _plain(value) for key, value in struct.fields.items()}


@lru_cache(maxsize=1 << 8)
def _meant(name: str, body: bytes) -> tuple[str, Message]:
    """Return the name of the type that a TypedStruct holds, and what is understood of it.

    Raises:
        DecodeError: The bytes are no TypedStruct.
    """
    holder: Any = types.message_class(name).FromString(body)
    inner = types.type_name(holder.type_url)
    if types.find(inner) is None or inner in types.FORMS or inner in typed_structs.NAMES:
        return inner, holder
    message = types.message_class(inner)()
    read(message, struct_to_json(holder.value))
    return inner, message


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    match kind:
        case "struct_value":
            return struct_to_json(value.struct_value)
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case None | "null_value":
            return None
    return getattr(value, kind)
