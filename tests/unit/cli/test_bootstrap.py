"""`legation bootstrap`: what it prints and writes for an Envoy that trusts its server and proves who it is."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from legation.cli import main
from legation.envoy.bootstrap import bootstrap
from legation.envoy.trust import TRUST_FOLDER, Trust, TrustPaths, sds_files, trust_files

XDS = ("--node", "edge.shop", "--xds", "legation.legation.svc:18000")


def invoke(*args: str) -> tuple[int, str, str]:
    """Run the command and return its exit status, stdout and stderr."""
    result = CliRunner().invoke(main, ["bootstrap", *XDS, *args], prog_name="legation")
    return result.exit_code, result.stdout, result.stderr


def made(trust: Trust | None) -> dict[str, Any]:
    """Return the bootstrap that is expected."""
    return bootstrap(node_id="edge.shop", xds_address=("legation.legation.svc", 18000), trust=trust)


def test_nothing_is_trusted_unless_it_is_asked_for() -> None:
    assert invoke("-o", "json") == (0, json.dumps(made(None), indent=2) + "\n", "")


@pytest.mark.parametrize("args", [("--tls",), ("--auth", "token"), ("--tls", "--auth", "token")])
def test_over_tls_a_token_is_shown_that_is_where_a_pod_has_it(args: tuple[str, ...]) -> None:
    """Whoever asks for a proof has asked for TLS: it is not sent in the clear."""
    status, out, err = invoke(*args)
    assert status == 0
    assert yaml.safe_load(out) == made(Trust(server_name="legation.legation.svc"))
    assert f"Envoy reads {TRUST_FOLDER}/ca.crt and {TRUST_FOLDER}/token, and follows" in err
    assert f"does not start without {TRUST_FOLDER}/ca-sds.json and {TRUST_FOLDER}/token-sds.json: --write DIR" in err


def test_the_server_s_name_may_be_another_than_its_host() -> None:
    _, out, _ = invoke("--auth", "certificate", "--server-name", "spiffe://a/b", "--trust-dir", "/etc/trust")
    trust = Trust(server_name="spiffe://a/b", auth="certificate", sds_folder="/etc/trust")
    assert yaml.safe_load(out) == made(trust)


def test_what_envoy_needs_is_written_and_readable_for_whoever_runs_it(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "envoy"
    before = os.umask(0o077)
    try:
        status, out, err = invoke("--auth", "certificate", "--trust-dir", "/etc/trust", "--write", str(folder))
    finally:
        os.umask(before)
    assert (status, out) == (0, "")
    assert "Envoy reads /etc/trust/ca.crt, /etc/trust/tls.crt and /etc/trust/tls.key, and follows" in err
    assert "--write" not in err
    trust = Trust(server_name="legation.legation.svc", auth="certificate", sds_folder=str(folder))
    assert yaml.safe_load((folder / "bootstrap.yaml").read_text()) == made(trust)
    files = {each.name: each.read_text() for each in folder.iterdir() if each.name != "bootstrap.yaml"}
    assert files == trust_files("/etc/trust", auth="certificate")
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o644}


def test_what_is_written_again_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    """A file is replaced, not changed: Envoy may be reading it."""
    invoke("--tls", "--write", str(tmp_path), "-o", "json")
    (tmp_path / "kept.txt").write_text("of somebody else")
    before = (tmp_path / "ca-sds.json").stat().st_ino
    invoke("--tls", "--write", str(tmp_path), "-o", "json", "--ca", "/other/ca.pem")
    assert "/other/ca.pem" in (tmp_path / "ca-sds.json").read_text()
    assert (tmp_path / "ca-sds.json").stat().st_ino != before
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"bootstrap.json", "ca-sds.json", "token-sds.json", "kept.txt"}


def test_files_may_stand_anywhere_and_are_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    at = str(tmp_path)
    invoke("--auth", "certificate", "--cert", "c/own.crt", "--key", "c/own.key", "--ca", "ca.pem", "--write", "out")
    paths = TrustPaths(ca=f"{at}/ca.pem", token="", certificate=f"{at}/c/own.crt", key=f"{at}/c/own.key")
    written = {each.name: each.read_text() for each in Path("out").glob("*-sds.json")}
    assert written == sds_files(paths, auth="certificate")


def test_what_is_written_for_another_machine_is_named_as_it_stands_there(tmp_path: Path) -> None:
    invoke("--tls", "--sds-dir", "/etc/envoy", "--write", str(tmp_path))
    found = yaml.safe_load((tmp_path / "bootstrap.yaml").read_text())
    assert found == made(Trust(server_name="legation.legation.svc", sds_folder="/etc/envoy"))


def test_a_bootstrap_without_trust_can_be_written_too(tmp_path: Path) -> None:
    assert invoke("--write", str(tmp_path)) == (0, "", "")
    assert [each.name for each in tmp_path.iterdir()] == ["bootstrap.yaml"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--server-name", "a"), "--server-name is about TLS: add --tls"),
        (("--ca", "a"), "--ca is about TLS: add --tls"),
        (("--token-file", "a"), "--token-file is about TLS: add --tls"),
        (("--tls", "--cert", "a"), "--cert is not for --auth token"),
        (("--auth", "certificate", "--token-file", "a"), "--token-file is not for --auth certificate"),
        (("--auth", "none", "--token-file", "a"), "--token-file is not for --auth none"),
        (("--auth", "certificate", "--cert", "/a/tls.crt", "--key", "/b/tls.key"), "--cert and --key stand in one"),
        (("--tls", "--server-name", ""), "--server-name is empty"),
    ],
)
def test_a_mistake_is_one_line_with_the_mend(args: tuple[str, ...], words: str) -> None:
    status, out, err = invoke(*args)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_who_reads_files_has_no_server_to_trust(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["bootstrap", "--node", "a", "--files", str(tmp_path), "--tls"])
    assert result.exit_code == 2
    assert "who reads files asks no server" in result.stderr


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = invoke("--tls", "--write", str(tmp_path / "file" / "below"))
    assert status == 1
    assert "below cannot be written: Not a directory" in err
