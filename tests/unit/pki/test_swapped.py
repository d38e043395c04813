"""Files that are replaced together: whoever reads them, and wherever it breaks off, they belong together."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from legation.errors import PkiError
from legation.pki import swapped
from legation.pki.swapped import DATA, Swapping

ONE = {"tls.crt": b"certificate 1", "tls.key": b"key 1", "ca.crt": b"authority 1"}
TWO = {"tls.crt": b"certificate 2", "tls.key": b"key 2", "ca.crt": b"authority 2"}
NAMES = tuple(ONE)


class Crash(Exception):
    """The process ends here."""


def breaking(after: int) -> Swapping:
    """Return what breaks off before its n-th change of the disk."""
    left = after

    def before() -> None:
        nonlocal left
        if left == 0:
            raise Crash
        left -= 1

    return Swapping(before=before)


def through_links(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).exists()}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    assert swapped.read(folder, NAMES) == {}
    Swapping().files(folder, ONE)
    assert swapped.read(folder, NAMES) == ONE == through_links(folder)
    Swapping().files(folder, TWO)
    assert swapped.read(folder, NAMES) == TWO == through_links(folder)


def test_keys_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Swapping().files(tmp_path / "server", ONE)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "server" / DATA).iterdir()}
    assert modes == {"tls.crt": 0o644, "tls.key": 0o600, "ca.crt": 0o644}
    folders = (tmp_path / "server", (tmp_path / "server" / DATA).resolve())
    assert {stat.S_IMODE(each.stat().st_mode) for each in folders} == {0o700}


def test_nothing_is_left_of_what_was_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    for files in (ONE, TWO, ONE):
        Swapping().files(folder, files)
    current = str((folder / DATA).readlink())
    assert {each.name for each in folder.iterdir()} == {*NAMES, DATA, current}


def test_wherever_it_breaks_off_all_is_as_before_or_as_after(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    Swapping().files(folder, ONE)
    seen = []
    for number in range(100):
        try:
            breaking(number).files(folder, TWO)
        except Crash:
            assert through_links(folder) in (ONE, TWO)
            seen.append(through_links(folder))
            Swapping().files(folder, ONE)
            assert len([each for each in folder.iterdir() if each.name.startswith("..")]) == 2
            continue
        break
    assert number > 5
    assert ONE in seen
    assert TWO in seen
    assert through_links(folder) == TWO


def test_the_first_time_too_nobody_reads_a_half(tmp_path: Path) -> None:
    for number in range(100):
        folder = tmp_path / str(number)
        try:
            breaking(number).files(folder, ONE)
        except Crash:
            assert through_links(folder).items() <= ONE.items()
            assert swapped.read(folder, NAMES) in ({}, ONE)
            Swapping().files(folder, ONE)
            assert through_links(folder) == ONE
            continue
        break
    assert number > 5


def test_what_somebody_else_has_put_there_stays(tmp_path: Path) -> None:
    (tmp_path / "tls.key").write_bytes(b"theirs")
    with pytest.raises(PkiError, match="it is there already and is not ours"):
        Swapping().files(tmp_path, ONE)
    assert through_links(tmp_path) == {"tls.key": b"theirs"}


def test_what_a_kubelet_mounts_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "..1").mkdir()
    (tmp_path / "tls.crt").symlink_to("..1/tls.crt")
    with pytest.raises(PkiError, match="is not ours"):
        Swapping().files(tmp_path, ONE)


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PkiError, match="file: it is no folder"):
        Swapping().files(tmp_path / "file", ONE)
    with pytest.raises(PkiError, match="cannot be made: no such file or directory"):
        Swapping().files(tmp_path / "none" / "server", ONE)
    with pytest.raises(PkiError, match="cannot be written"):
        Swapping().file(tmp_path / "none" / "ca.crt", b"", mode=0o644)


def test_one_file_is_replaced_by_a_rename(tmp_path: Path) -> None:
    path = tmp_path / "ca.crt"
    Swapping().file(path, b"1", mode=0o600)
    for number in range(2):
        with pytest.raises(Crash):
            breaking(number).file(path, b"2", mode=0o600)
        assert path.read_bytes() == b"1"
    Swapping().file(path, b"2", mode=0o600)
    assert path.read_bytes() == b"2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_where_root_writes_they_are_the_folders_owners(tmp_path: Path) -> None:
    folder = tmp_path / "envoy"
    folder.mkdir()
    os.chown(folder, 1234, 1235)
    Swapping().files(folder, ONE)
    assert {(each.stat().st_uid, each.stat().st_gid) for each in (folder / DATA).iterdir()} == {(1234, 1235)}
    assert (folder / DATA).resolve().stat().st_uid == 1234


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_link_of_a_folders_owner_leads_root_nowhere(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home, victim = tmp_path / "home", tmp_path / "victim"
    home.mkdir()
    os.chown(home, 1234, 1234)
    victim.mkdir(mode=0o700)
    (home / "envoy").symlink_to("../victim")
    with pytest.raises(PkiError, match="permission denied for the user 1234"):
        Swapping().files(home / "envoy", ONE)
    with pytest.raises(PkiError, match="permission denied for the user 1234"):
        swapped.read(home / "envoy", NAMES)
    assert list(victim.iterdir()) == []


@pytest.mark.parametrize("target", ["../secret", "evil", "/", "..legation-1/../evil", "..legation-link"])
def test_nothing_is_read_but_what_stands_in_one_of_our_versions(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "envoy"
    Swapping().files(folder, ONE)
    for name in ("evil", "..legation-1"):
        (folder / name).mkdir()
        for each, content in ONE.items():
            (folder / name / each).write_bytes(content)
    (folder / "..legation-link").symlink_to("evil")
    (folder / DATA).unlink()
    (folder / DATA).symlink_to(target)
    assert swapped.read(folder, NAMES) == {}
    Swapping().files(folder, TWO)
    assert swapped.read(folder, NAMES) == TWO
    assert (folder / "evil").exists()


def test_no_link_and_no_pipe_is_read_for_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "envoy"
    (tmp_path / "secret").write_bytes(b"secret")
    for make in (lambda path: path.symlink_to(tmp_path / "secret"), os.mkfifo, Path.mkdir):
        Swapping().files(folder, ONE)
        key = (folder / DATA).resolve() / "tls.key"
        key.unlink()
        make(key)
        assert swapped.read(folder, NAMES) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_what_its_owner_may_not_read_is_put_there_anew(tmp_path: Path) -> None:
    folder = tmp_path / "envoy"
    folder.mkdir()
    os.chown(folder, 1234, 1234)
    Swapping().files(folder, ONE)
    (folder / "tls.key").chmod(0)
    assert swapped.read(folder, NAMES) == {}
    Swapping().files(folder, TWO)
    assert swapped.read(folder, NAMES) == TWO


def test_what_others_have_put_there_under_our_names_keeps_nobody_from_anything(tmp_path: Path) -> None:
    folder = tmp_path / "envoy"
    Swapping().files(folder, ONE)
    (folder / "..legation-1" / "a" / "b").mkdir(parents=True)
    (folder / "..new-a" / "b").mkdir(parents=True)
    (folder / "..legation-2").symlink_to(tmp_path)
    Swapping().clear(folder)
    Swapping().files(folder, TWO)
    assert through_links(folder) == TWO
    assert tmp_path.exists()
    assert not (folder / "..legation-2").is_symlink()


def test_those_that_a_folder_is_in_are_made_where_that_is_wanted(tmp_path: Path) -> None:
    Swapping().folder(tmp_path / "a" / "b" / "c", parents=True)
    modes = [stat.S_IMODE((tmp_path / each).stat().st_mode) for each in ("a", "a/b", "a/b/c")]
    assert modes == [0o755, 0o755, 0o700]


def test_who_is_let_in(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    path.chmod(0o640)
    assert swapped.is_open_to_others(path)
    path.chmod(0o600)
    assert not swapped.is_open_to_others(path)
    assert not swapped.is_open_to_others(tmp_path / "none")
