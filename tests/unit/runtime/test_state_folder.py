from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from legation.errors import SettingsError
from legation.runtime import state_folder
from legation.runtime.state_folder import JOURNAL, StateFolder


def reopened(folder: Path) -> dict[str, Any]:
    records, problems = StateFolder(folder).load()
    assert not problems
    return dict(records)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a" / "state"


def test_what_is_saved_is_there_after_a_restart(folder: Path) -> None:
    """Newest values, and nothing that was taken away."""
    store = StateFolder(folder)
    assert store.load() == ({}, ())
    store.save({"a": 1, "b": {"x": [1, "ü\n"]}, "c": 3})
    store.save({"a": MappingProxyType({"y": 2}), "c": None, "never": None})

    assert reopened(folder) == {"a": {"y": 2}, "b": {"x": [1, "ü\n"]}}


def test_only_the_owner_can_read_it(folder: Path) -> None:
    """Secrets lie there."""
    store = StateFolder(folder)
    store.load()
    store.save({"a": "secret"})

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


def test_a_folder_that_is_there_already_keeps_its_mode(tmp_path: Path) -> None:
    """It is its owner's, and may be shared; the file in it is ours."""
    tmp_path.chmod(0o755)
    StateFolder(tmp_path).load()

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / JOURNAL).stat().st_mode) == 0o600


def test_a_change_costs_a_line(folder: Path) -> None:
    """The others are not written again."""
    store = StateFolder(folder)
    store.load()
    store.save({str(number): "x" * 100 for number in range(100)})
    before = (folder / JOURNAL).stat().st_size
    store.save({"7": "y"})
    store.save({})

    assert (folder / JOURNAL).stat().st_size - before < 20


def test_a_journal_of_mostly_old_lines_is_written_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not grow for ever, in one life or over restarts."""
    monkeypatch.setattr(state_folder, "_SLACK", 10)
    store = StateFolder(folder)
    store.load()
    store.save({"kept": 0})
    for number in range(100):
        store.save({"changing": number})
        assert len((folder / JOURNAL).read_bytes().splitlines()) <= 16

    for number in range(100):
        store.save({str(number): 1, str(number - 1): None})
        assert len((folder / JOURNAL).read_bytes().splitlines()) <= 20

    assert reopened(folder) == {"kept": 0, "changing": 99, "99": 1}
    assert len((folder / JOURNAL).read_bytes().splitlines()) == 4


def test_a_journal_of_mostly_old_bytes_is_written_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few changes of a large record are few lines and many bytes."""
    monkeypatch.setattr(state_folder, "_SLACK_BYTES", 1000)
    store = StateFolder(folder)
    store.load()
    for number in range(100):
        store.save({"large": f"{number:03}" + "x" * 1000, "gone": "x" * 1000})
        store.save({"gone": None})
        assert (folder / JOURNAL).stat().st_size < 10_000

    assert reopened(folder) == {"large": "099" + "x" * 1000}


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data + b'["half a li',
        lambda data: data + b'["no end",1]',
        lambda data: data.replace(b'["b",2]', b'{"b":2}'),
        lambda data: data.replace(b'["b",2]', b"\x00\xff\x00"),
        lambda data: data.replace(b'["b",2]', b"[7,2]"),
        lambda data: data.replace(b'["b",2]', b'["b"]'),
    ],
    ids=["half a line", "a line without end", "another shape", "garbage", "a number as name", "no value"],
)
def test_a_damaged_line_costs_itself_only(folder: Path, damage: Any) -> None:
    """It is a problem that is told once; the damaged file is set aside and the rest goes on."""
    store = StateFolder(folder)
    store.load()
    store.save({"a": 1})
    store.save({"b": 2})
    store.save({"c": 3})
    path = folder / JOURNAL
    path.write_bytes(damage(path.read_bytes()))
    records, (problem,) = StateFolder(folder).load()

    assert {"a": 1, "c": 3}.items() <= records.items()
    assert problem.code == "damaged-state"
    assert str(problem).startswith(f"{path}: a part of what was remembered cannot be read")
    assert (folder / "state.damaged").exists()
    assert reopened(folder) == records


@pytest.mark.parametrize("head", [b'{"format": 2}', b"[]", b"\x00"], ids=["newer format", "another shape", "garbage"])
def test_a_file_of_another_format_is_set_aside_whole(folder: Path, head: bytes) -> None:
    """Its lines may mean anything."""
    store = StateFolder(folder)
    store.load()
    store.save({"a": 1})
    path = folder / JOURNAL
    path.write_bytes(head + b"\n" + path.read_bytes().partition(b"\n")[2])
    records, problems = StateFolder(folder).load()

    assert records == {}
    assert len(problems) == 1
    assert b'["a",1]' in (folder / "state.damaged").read_bytes()


def test_a_full_disk_spoils_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line is taken back, and the next call saves what this one could not."""
    store = StateFolder(folder)
    store.load()
    store.save({"a": 1})

    def full(descriptor: int, lines: Iterable[bytes]) -> None:
        os.write(descriptor, b'["b')
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(state_folder, "_write", full)
        with pytest.raises(OSError, match="No space left"):
            store.save({"b": 2})
    assert reopened(folder) == {"a": 1}

    store.save({"c": 3})
    assert reopened(folder) == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("torn", [b"", b'["half a li'], ids=["sound", "torn"])
def test_a_disk_that_takes_nothing_at_the_start_is_read_and_tried_again(
    folder: Path, torn: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it remembers is what Envoys are to be served by; nothing is set aside before there is something better."""
    store = StateFolder(folder)
    store.load()
    store.save({"a": 1})
    journal = folder / JOURNAL
    journal.write_bytes(journal.read_bytes() + torn)

    def full(_descriptor: int, _lines: Iterable[bytes]) -> None:
        raise OSError(28, "No space left on device")

    store = StateFolder(folder)
    with monkeypatch.context() as patch:
        patch.setattr(state_folder, "_write", full)
        records, problems = store.load()
        assert records == {"a": 1}
        assert [each.code for each in problems] == (["damaged-state"] if torn else [])
        with pytest.raises(OSError, match="No space left"):
            store.save({"b": 2})
        assert [path.name for path in folder.iterdir()] == [JOURNAL], "what was written half takes room"
    store.save({"c": 3})

    assert reopened(folder) == {"a": 1, "b": 2, "c": 3}
    assert (folder / "state.damaged").exists() == bool(torn)


def test_where_there_is_nothing_to_read_a_disk_that_takes_nothing_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _lines: Iterable[bytes]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state_folder, "_write", full)
    with pytest.raises(SettingsError, match="No space left"):
        StateFolder(folder).load()


@pytest.mark.parametrize("lost", [JOURNAL, ""], ids=["the journal", "the folder"])
def test_what_somebody_deleted_is_written_anew_with_all_records(folder: Path, lost: str) -> None:
    """Those from before the start, those saved since and those that are saved now."""
    StateFolder(folder).load()
    store = StateFolder(folder)
    store.load()
    store.save({"a": 1, "b": 2, "c": 3})
    (folder / JOURNAL).unlink()
    if not lost:
        folder.rmdir()
    store.save({"b": None, "d": 4})
    store.save({"c": 5})

    assert reopened(folder) == {"a": 1, "c": 5, "d": 4}


def test_a_value_that_json_cannot_say_leaves_nothing_behind(folder: Path) -> None:
    """It may be tried again and again: the journal must not grow by that."""
    store = StateFolder(folder)
    store.load()
    before = (folder / JOURNAL).read_bytes()

    with pytest.raises(TypeError):
        store.save({"a": 1, "b": object()})
    assert (folder / JOURNAL).read_bytes() == before


def test_a_crash_before_the_rename_leaves_the_old_journal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one stands beside it, and does not matter."""
    store = StateFolder(folder)
    store.load()
    store.save({"a": 1})
    (folder / "state.new").write_text("half written")

    assert reopened(folder) == {"a": 1}
    assert [path.name for path in folder.iterdir()] == [JOURNAL]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_setting(tmp_path: Path) -> None:
    """One line, with the setting and the folder."""
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"^state_dir: .*file/state: Not a directory; give a folder"):
        StateFolder(tmp_path / "file" / "state").load()
