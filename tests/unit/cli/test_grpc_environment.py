"""What gRPC is told before it is loaded."""

from __future__ import annotations

import sys

import pytest

from legation.cli.grpc_environment import prepare_grpc
from legation.errors import SettingsError
from legation.transports import grpc_tls


def test_it_logs_errors_alone_unless_somebody_wants_more() -> None:
    environ: dict[str, str] = {}
    prepare_grpc(environ, oldest="1.2")
    assert environ == {"GRPC_VERBOSITY": "NONE"}
    environ = {"GRPC_VERBOSITY": "DEBUG"}
    prepare_grpc(environ, oldest="1.2")
    assert environ == {"GRPC_VERBOSITY": "DEBUG"}


def test_it_is_told_to_speak_tls_1_3_alone_and_only_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    environ: dict[str, str] = {}
    assert "grpc" in sys.modules
    with pytest.raises(SettingsError, match="--tls-min-version"):
        prepare_grpc(environ, oldest="1.3")
    assert grpc_tls.CIPHERS not in environ
    monkeypatch.delitem(sys.modules, "grpc")
    prepare_grpc(environ, oldest="1.3")
    assert environ[grpc_tls.CIPHERS] == grpc_tls.ONLY_1_3
    monkeypatch.undo()
    # A process that was begun so.
    prepare_grpc(environ, oldest="1.3")
