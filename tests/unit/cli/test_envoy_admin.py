"""Asking an Envoy for its dump."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import click
import pytest

from legation.cli.envoy_admin import dump_of, saved_dump
from legation.cli.where import Unreadable

DUMP: dict[str, list[object]] = {"configs": []}


def answering(listening: socket.socket, *, status: str = "200 OK", body: str = json.dumps(DUMP)) -> list[bytes]:
    """Answer one request, and note it."""
    heard: list[bytes] = []

    def answer() -> None:
        connection, _ = listening.accept()
        with connection:
            heard.append(connection.recv(4096))
            head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            connection.sendall((head + body).encode())

    threading.Thread(target=answer, daemon=True).start()
    return heard


def test_it_is_asked_over_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard = answering(listening)
        assert dump_of(f"http://127.0.0.1:{listening.getsockname()[1]}") == DUMP
        assert heard[0].startswith(b"GET /config_dump?include_eds HTTP/1.1\r\n")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering(listening)
        assert dump_of(f"127.0.0.1:{listening.getsockname()[1]}") == DUMP


@pytest.mark.parametrize("form", ["unix:{}", "unix://{}"])
def test_it_is_asked_over_a_unix_socket(tmp_path: Path, form: str) -> None:
    path = tmp_path / "admin.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        answering(listening)
        assert dump_of(form.format(path)) == DUMP


def test_who_does_not_answer_as_an_envoy_is_told_of(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering(listening, status="404 Not Found")
        with pytest.raises(Unreadable, match="is it the admin address of an Envoy"):
            dump_of(f"127.0.0.1:{listening.getsockname()[1]}")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering(listening, body="hello")
        with pytest.raises(Unreadable, match="does not speak as an Envoy does"):
            dump_of(f"127.0.0.1:{listening.getsockname()[1]}")
    with pytest.raises(Unreadable, match="no Envoy answers at unix:"):
        dump_of(f"unix:{tmp_path}/none")


@pytest.mark.parametrize("url", ["https://localhost:1", "http://", "localhost:port", ""])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(click.BadParameter, match="is no admin address"):
        dump_of(url)


def test_a_saved_dump_is_read(tmp_path: Path) -> None:
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(DUMP))
    assert saved_dump(str(file)) == DUMP
    file.write_text("no json")
    with pytest.raises(Unreadable, match="holds no JSON"):
        saved_dump(str(file))
    with pytest.raises(Unreadable, match="No such file"):
        saved_dump(str(tmp_path / "none"))
