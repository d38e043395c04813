"""What is remembered of contents, how long, and among threads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import wrappers_pb2

from legation.envoy.memory import Memory

if TYPE_CHECKING:
    from google.protobuf.message import Message


class Asked:
    """Finds things out, and notes of what."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, message: Any) -> str:
        self.texts.append(message.value)
        return f"{message.value}!"


def recall(memory: Memory[str], message: Message, find: Asked) -> str:
    return memory.recall(message, message.SerializeToString(), find)


def text(value: object) -> Message:
    return wrappers_pb2.StringValue(value=str(value))


def test_what_is_known_is_not_found_out_again() -> None:
    memory, find = Memory[str](10), Asked()
    assert [recall(memory, text(each), find) for each in "aba"] == ["a!", "b!", "a!"]
    assert find.texts == ["a", "b"]


def test_bytes_of_another_type_are_another_content() -> None:
    memory, find = Memory[Any](10), Asked()
    body = text("a").SerializeToString()
    assert memory.recall(text("a"), body, find) == "a!"
    assert memory.recall(wrappers_pb2.BytesValue(value=b"a"), body, lambda _: "other") == "other"


def test_an_answer_that_is_empty_is_one() -> None:
    memory = Memory[tuple[str, ...]](10)
    calls: list[Message] = []

    def nothing(message: Message) -> tuple[str, ...]:
        calls.append(message)
        return ()

    for _ in range(3):
        assert memory.recall(text("a"), b"", nothing) == ()
    assert len(calls) == 1


def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    memory, find = Memory[str](2), Asked()
    for each in "abacab":
        recall(memory, text(each), find)
    assert find.texts == ["a", "b", "c", "b"]


@pytest.fixture
def _restless() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless")
def test_threads_share_it() -> None:
    memory, messages = Memory[str](3), [text(each) for each in range(7)]

    def ask(start: int) -> bool:
        return all(
            recall(memory, messages[(start + each) % 7], Asked()) == f"{(start + each) % 7}!" for each in range(500)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(16)))
