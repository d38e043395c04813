"""Choices: one script for both variants, with what each of them says in its own way.

`(+a|a)` in a line is the choice between what delta says and what the state of the world says.
"""

from __future__ import annotations

from tests.spec.dialogue import Dialogue


def one(text: str, *, is_delta: bool) -> str:
    """Return the line with the names that this variant says: `(+a|a)` is delta's choice, then the other's."""
    while "(" in text:
        before, _, rest = text.partition("(")
        choices, _, after = rest.partition(")")
        text = before + choices.split("|")[0 if is_delta else 1] + after
    return text


def play(talk: Dialogue, script: str) -> None:
    """Play a dialogue whose choices are delta's or those of the state of the world."""
    talk.play("\n".join(one(line, is_delta=talk.delta) for line in script.splitlines()))
