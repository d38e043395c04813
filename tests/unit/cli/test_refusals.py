"""Paths that the server shows, read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.cli.refusals import read_path
from legation.model.objects import FieldPath, show_path

NAMES = st.text(st.characters(codec="ascii", exclude_characters='"\\', categories=("L", "N", "P", "S")), min_size=1)


@pytest.mark.parametrize(
    ("shown", "path"),
    [
        ("", ()),
        ("spec.config", ("spec", "config")),
        ("spec.hosts[0].port", ("spec", "hosts", 0, "port")),
        ('metadata.labels["a.b/c"]', ("metadata", "labels", "a.b/c")),
        ("spec.config.connect-timeout", ("spec", "config", "connect-timeout")),
        ("a..[", ("a..[",)),
    ],
)
def test_a_path_is_read_as_it_is_shown(shown: str, path: FieldPath) -> None:
    assert read_path(shown) == path


@given(st.lists(st.one_of(NAMES, st.integers(0, 99)), max_size=5))
def test_every_path_comes_back(parts: list[str | int]) -> None:
    path = tuple(parts)
    assert read_path(show_path(path)) == path
