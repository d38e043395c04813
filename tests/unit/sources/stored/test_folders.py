"""The folder of stored objects lies in no watched folder, and none in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.errors import SettingsError
from legation.sources.stored.folders import refuse_inside


def test_folders_beside_each_other_are_fine(tmp_path: Path) -> None:
    refuse_inside(tmp_path / "manifests", tmp_path / "state")
    refuse_inside(tmp_path / "state-of-it", tmp_path / "state")


@pytest.mark.parametrize(("watched", "state"), [("a", "a"), ("a", "a/state"), ("a", "a/b/../c"), ("a/objects", "a")])
def test_one_in_the_other_is_refused(tmp_path: Path, watched: str, state: str) -> None:
    with pytest.raises(SettingsError, match=r"state_dir: .*watched") as caught:
        refuse_inside(tmp_path / watched, tmp_path / state)
    assert caught.value.key == "state_dir"


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(SettingsError):
        refuse_inside(tmp_path / "link", tmp_path / "real" / "state")
