"""The markup of comments, as plain text."""

from __future__ import annotations

import pytest

from legation.envoy.explaining.markup import categories, is_hidden, plain_text


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("One\nline.", "One line."),
        ("See :ref:`the page <arch_overview>`.", "See the page."),
        ("See :ref:`the\n<arch>` page, ``code`` and **bold**.", "See the page, code and bold."),
        ("A `link <https://example.org>`_.", "A link (https://example.org)."),
        ("First.\n\nSecond.", "First.\n\nSecond."),
        (".. attention::\n\n  Beware.", "Attention:\n\nBeware."),
        (".. note::\n  Mind this.", "Note: Mind this."),
        ("[#not-implemented-hide:]", ""),
        ("[#next-free-field: 6]\nA text.", "A text."),
        ("* one\n* two\n  goes on", "* one\n* two goes on"),
        ("So:\n\n.. code-block:: yaml\n\n  a:\n    b: 1\n\nThen.", "So:\n\n    a:\n      b: 1\n\nThen."),
    ],
)
def test_what_is_left_is_readable(comment: str, text: str) -> None:
    """Code stays as it stands, all else is filled."""
    assert plain_text(comment) == text


def test_long_lines_are_broken() -> None:
    """At words."""
    assert max(map(len, plain_text("word " * 100, width=40).splitlines())) <= 40


def test_tags_are_understood() -> None:
    """Which extensions a field takes; what Envoy has nothing behind."""
    assert categories("Filters.\n[#extension-category: envoy.filters.network]") == ("envoy.filters.network",)
    assert is_hidden("[#not-implemented-hide:] Later.")
    assert not is_hidden("Now.")
