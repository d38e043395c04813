"""How much is held at a time."""

from __future__ import annotations

from legation.api.admission.room import Room


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
