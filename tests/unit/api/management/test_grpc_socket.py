from __future__ import annotations

import socket
from pathlib import Path

import pytest

from legation.api.management.grpc_socket import open_at
from legation.errors import TransportError
from legation.listening import remove_at


class Server:
    """What gRPC does: it makes a socket at an address, for everybody."""

    def __init__(self) -> None:
        self.made: list[socket.socket] = []
        self.modes: list[int] = []

    def add(self, address: str) -> None:
        path = Path(address.removeprefix("unix:"))
        self.modes.append(path.parent.stat().st_mode & 0o777)
        opened = socket.socket(socket.AF_UNIX)
        opened.bind(str(path))
        opened.listen()
        path.chmod(0o777)
        self.made.append(opened)

    def close(self) -> None:
        for each in self.made:
            each.close()


def test_nobody_else_may_connect_at_any_moment(tmp_path: Path) -> None:
    server, path = Server(), tmp_path / "api.sock"
    open_at(path, server.add, setting="--it")
    assert server.modes == [0o700]
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    server.close()
    remove_at(path)
    assert not path.exists()


def test_what_a_program_left_there_is_replaced_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    left, server, path = Server(), Server(), tmp_path / "api.sock"
    open_at(path, left.add, setting="--it")
    with pytest.raises(TransportError, match="another program listens"):
        open_at(path, server.add, setting="--it")
    remove_at(path)
    assert path.exists()
    left.close()
    open_at(path, server.add, setting="--it")
    server.close()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(TransportError, match="no socket"):
        open_at(path, Server().add, setting="--it")
    assert path.read_text(encoding="utf-8") == "mine"


def test_what_cannot_be_made_is_said_with_the_setting(tmp_path: Path) -> None:
    def fail(_: str) -> None:
        raise RuntimeError

    with pytest.raises(TransportError, match="choose another with --it"):
        open_at(tmp_path / "none" / "api.sock", Server().add, setting="--it")
    with pytest.raises(TransportError, match="too long"):
        open_at(tmp_path / "api.sock", fail, setting="--it")
    assert not list(tmp_path.iterdir())


def test_who_may_write_in_the_folder_cannot_guess_where_it_is_made(tmp_path: Path) -> None:
    """Two starts of one program make it elsewhere, and no folder is taken that is there already."""
    made, path, server = list[Path](), tmp_path / "api", Server()

    def add(address: str) -> None:
        made.append(Path(address.removeprefix("unix:")))
        server.add(address)

    for _ in range(2):
        open_at(path, add, setting="--it")
        path.unlink()
    server.close()
    assert made[0].parent != made[1].parent
    assert {each.parent.parent for each in made} == {tmp_path}


def test_a_folder_that_was_put_in_the_place_of_the_own_one_is_not_believed(tmp_path: Path) -> None:
    """Where everybody may rename what others have made. Whoever does it has links to what is not his."""
    path, mine = tmp_path / "api", tmp_path / "mine"
    mine.write_text("x")
    mine.chmod(0o644)

    def add(address: str) -> None:
        own = Path(address.removeprefix("unix:")).parent
        own.rename(tmp_path / "away")
        own.mkdir()
        (own / "s").symlink_to(mine)

    with pytest.raises(TransportError, match="cannot be listened on"):
        open_at(path, add, setting="--it")
    assert mine.stat().st_mode & 0o777 == 0o644
    assert not path.is_symlink()


def test_what_is_no_socket_after_all_is_not_put_there(tmp_path: Path) -> None:
    def add(address: str) -> None:
        Path(address.removeprefix("unix:")).symlink_to(tmp_path)

    with pytest.raises(TransportError, match="somebody else puts something there"):
        open_at(tmp_path / "api", add, setting="--it")
    assert not list(tmp_path.iterdir())
