"""How much is held at a time."""

from __future__ import annotations

from legation.api.admission.room import SMALL, Room


def test_what_is_taken_is_given_back_at_the_end() -> None:
    room = Room(10)
    with room.place() as one, room.place() as two:
        assert one(6)
        assert not two(5)
        assert two(4)
        assert not one(1)
    with room.place() as again:
        assert again(10)
        assert not again(1)


def test_a_third_is_for_small_questions() -> None:
    room = Room(30 * SMALL)
    with room.place() as large, room.place() as larger, room.place() as small:
        assert large(10 * SMALL)
        assert larger(10 * SMALL)
        assert not larger(1)
        assert not large(1)
        assert small(SMALL - 1)
        assert small(1)
        assert not small(1)
