"""`legation pki`: what its commands do, and what they say."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from legation.cli.program import main
from legation.pki import certificates
from legation.pki.place import Place


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["pki", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pki"
    result = run("init", "--dir", made, "--server-name", "cp.example")
    assert result.exit_code == 0, result.output
    return made


def names(folder: Path) -> frozenset[str]:
    return certificates.seen((folder / "tls.crt").read_bytes()).names


def test_init_makes_what_serve_takes_and_says_how(folder: Path, tmp_path: Path) -> None:
    assert names(folder / "server") == {"cp.example", "localhost", "127.0.0.1", "::1"}
    assert (folder / "ca.crt").read_bytes() == (folder / "server" / "ca.crt").read_bytes()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    said = run("init", "--dir", tmp_path / "other").output
    other = tmp_path / "other"
    assert f"legation serve --tls {other / 'server'} --client-ca {other / 'ca.crt'}" in said
    assert f"legation pki rotate --dir {other}" in said


def test_init_does_not_touch_what_is_there(folder: Path) -> None:
    before = (folder / "ca.crt").read_bytes()
    result = run("init", "--dir", folder)
    assert result.exit_code == 1
    assert "there is an authority already" in result.output
    assert (folder / "ca.crt").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--trust-domain", "Shop/a"), "is no trust domain"),
        (("--server-life", "90"), "is no length of time, such as 90d"),
        (("--client-life", "0s"), "is no length of time"),
        (("--authority-life", "2h", "--overlap", "1h"), "it is too long for authorities that live so shortly"),
        (("--server-name", "\N{SNOWMAN}.example"), "it cannot stand in a certificate"),
    ],
)
def test_init_says_what_is_wrong(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run("init", "--dir", tmp_path / "pki", *arguments)
    assert result.exit_code in {1, 2}
    assert words in result.output
    assert not (tmp_path / "pki" / "authority.json").exists()


@pytest.mark.parametrize(
    ("node_id", "uri", "where"),
    [
        ("web-1", "spiffe://legation/node/web-1", "node-web-1"),
        ("a/b c", "spiffe://legation/node/a%2Fb%20c", "node-a%2Fb%20c"),
        ("..", "spiffe://legation/node/..", "node-.."),
        ("\N{SNOWMAN}", "spiffe://legation/node/%E2%98%83", "node-%E2%98%83"),
    ],
)
def test_issue_makes_one_for_a_node(folder: Path, node_id: str, uri: str, where: str) -> None:
    result = run("issue", "--dir", folder, "--node", node_id)
    assert result.exit_code == 0, result.output
    assert names(folder / "clients" / where) == {uri}
    assert uri in result.output


def test_issue_takes_long_node_ids(folder: Path) -> None:
    for node_id in ("x" * 300, "x" * 301):
        assert run("issue", "--dir", folder, "--node", node_id).exit_code == 0
    made = list((folder / "clients").iterdir())
    assert len(made) == 2
    assert {len(name) for each in made for name in names(each)} == {
        len("spiffe://legation/node/") + 300 + extra for extra in (0, 1)
    }


def test_issue_makes_one_for_a_service_account_and_puts_it_where_it_is_wanted(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "envoy"
    result = run("issue", "--dir", folder, "--service-account", "shop/web", "--out", out, "--life", "2h")
    assert result.exit_code == 0, result.output
    assert names(out) == {"spiffe://legation/ns/shop/sa/web"}
    seen = certificates.seen((out / "tls.crt").read_bytes())
    assert seen.ends - seen.made == 7_200
    assert {each.name for each in out.iterdir() if not each.name.startswith(".")} == {"tls.crt", "tls.key", "ca.crt"}


def test_issue_remembers_where_and_for_how_long(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "envoy"
    run("issue", "--dir", folder, "--node", "a", "--out", out, "--life", "2h")
    before = (out / "tls.crt").read_bytes()
    assert run("issue", "--dir", folder, "--node", "a").exit_code == 0
    assert (out / "tls.crt").read_bytes() != before
    entry = Place(folder).read().entry("node-a")
    assert entry is not None
    assert (entry.folder, entry.life) == (str(out), 7_200.0)
    moved = run("issue", "--dir", folder, "--node", "a", "--out", tmp_path / "other")
    assert f"the one in {out} is not kept up to date any more" in moved.output


def test_issue_gives_the_server_other_names(folder: Path) -> None:
    assert run("issue", "--dir", folder, "--server-name", "other.example").exit_code == 0
    assert names(folder / "server") == {"other.example", "localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "for whom?"),
        (("--node", "a", "--service-account", "b/c"), "for whom?"),
        (("--service-account", "b"), "is not NAMESPACE/NAME"),
        (("--service-account", "B/c"), "is not NAMESPACE/NAME"),
        (("--service-account", "../c"), "is not NAMESPACE/NAME"),
    ],
)
def test_issue_says_what_is_wrong(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run("issue", "--dir", folder, *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_rotate_says_nothing_where_nothing_is_due(folder: Path) -> None:
    result = run("rotate", "--dir", folder)
    assert (result.exit_code, result.output) == (0, "")


def test_rotate_can_be_forced_and_begin_an_authority(folder: Path) -> None:
    before = (folder / "server" / "tls.crt").read_bytes()
    result = run("rotate", "--dir", folder, "--force", "--new-authority")
    assert result.exit_code == 0
    assert "a new authority is trusted from now on" in result.output
    assert (folder / "server" / "tls.crt").read_bytes() != before
    assert (folder / "ca.crt").read_bytes().count(b"BEGIN CERTIFICATE") == 2


def test_rotate_fails_where_something_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "envoy"
    run("issue", "--dir", folder, "--node", "a", "--out", out)
    (out / "tls.key").unlink()
    (out / "tls.key").write_text("theirs")
    result = run("rotate", "--dir", folder)
    assert result.exit_code == 1
    assert "is not ours" in result.output


def test_status_shows_all_of_it(folder: Path) -> None:
    run("issue", "--dir", folder, "--node", "a")
    run("rotate", "--dir", folder, "--new-authority")
    result = run("status", "--dir", folder)
    assert result.exit_code == 0
    head, *rows = [each.split("   ") for each in result.output.splitlines()]
    assert head[0].strip() == "NAME"
    assert len(rows) == 4
    assert "is trusted, and signs in 59m" in result.output
    assert "signs\n" in result.output
    assert result.output.count("good\n") == 2


def test_status_for_programs(folder: Path) -> None:
    run("issue", "--dir", folder, "--node", "a")
    found = json.loads(run("status", "--dir", folder, "-o", "json").output)
    assert set(found) == {"trust_domain", "authorities", "certificates", "problems"}
    assert [each["name"] for each in found["certificates"]] == ["server", "node-a"]
    assert found["certificates"][1]["names"] == ["spiffe://legation/node/a"]
    assert found["certificates"][1]["ends"].endswith("Z")
    assert not any(each["wrong"] for each in (*found["authorities"], *found["certificates"]))


def test_status_tells_what_is_wrong(folder: Path) -> None:
    run("issue", "--dir", folder, "--node", "a")
    run("issue", "--dir", folder, "--node", "b")
    (folder / "clients" / "node-a" / "tls.crt").unlink()
    certificate = folder / "clients" / "node-b" / "tls.crt"
    certificate.resolve().write_bytes(b"none")
    folder.chmod(0o750)
    result = run("status", "--dir", folder)
    assert result.exit_code == 1
    assert "node-a" in result.output
    assert "is not there" in result.output
    assert "cannot be read" in result.output
    assert "chmod 0700" in result.output


def test_status_tells_where_a_bundle_is_another_one(folder: Path) -> None:
    run("issue", "--dir", folder, "--node", "a")
    (folder / "clients" / "node-a" / "ca.crt").resolve().write_bytes(b"none")
    (folder / "ca.crt").unlink()
    result = run("status", "--dir", folder)
    assert result.exit_code == 1
    assert f"{folder / 'ca.crt'}: it is not there, or is another one: legation pki rotate" in result.output
    assert "is to be renewed: legation pki rotate" in result.output
    assert run("rotate", "--dir", folder).exit_code == 0
    assert run("status", "--dir", folder).exit_code == 0


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
def test_a_folder_is_not_one_that_others_may_write_in(folder: Path, tmp_path: Path, mode: int) -> None:
    out = tmp_path / "envoy"
    out.mkdir()
    out.chmod(mode)
    result = run("issue", "--dir", folder, "--node", "a", "--out", out)
    assert result.exit_code == 1
    assert f"{out}: others than its owner may put a certificate of theirs there (chmod go-w)" in result.output
    assert list(out.iterdir()) == []
    out.chmod(0o755)
    assert run("issue", "--dir", folder, "--node", "a", "--out", out).exit_code == 0
    out.chmod(mode)
    result = run("status", "--dir", folder)
    assert result.exit_code == 1
    assert f"{out}: others than its owner may put a certificate of theirs there; chmod go-w" in result.output


def test_status_tells_of_an_authority_that_never_signs(folder: Path) -> None:
    ledger = json.loads((folder / "authority.json").read_text())
    ledger["authorities"][0]["key"] = "damaged"
    (folder / "authority.json").write_text(json.dumps(ledger))
    assert "is trusted, and never signs: its key is damaged" in run("status", "--dir", folder).output


def test_issue_says_where_cron_comes_too_seldom(folder: Path) -> None:
    assert "rotate --watch" in run("issue", "--dir", folder, "--node", "a", "--life", "10m").output
    assert "rotate --watch" not in run("issue", "--dir", folder, "--node", "b").output


def test_forget(folder: Path) -> None:
    run("issue", "--dir", folder, "--node", "a")
    assert run("forget", "--dir", folder, "node-a").exit_code == 0
    result = run("forget", "--dir", folder, "node-a")
    assert result.exit_code == 1
    assert "there is no certificate node-a" in result.output


@pytest.mark.parametrize("command", [("rotate",), ("status",), ("issue", "--node", "a"), ("forget", "a")])
def test_where_there_is_none_it_says_how_to_make_one(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = run(*command, "--dir", tmp_path / "none")
    assert result.exit_code == 1
    assert "make one: legation pki init --dir" in result.output


def test_nothing_that_is_said_shows_a_key(folder: Path) -> None:
    said = [run("issue", "--dir", folder, "--node", "a").output]
    said += [
        run(*each, "--dir", folder).output for each in (("rotate", "--force"), ("status",), ("status", "-o", "json"))
    ]
    ledger = (folder / "authority.json").read_text()
    keys = [each[:40] for each in ledger.split("BEGIN PRIVATE KEY-----\\n")[1:]]
    assert keys
    assert not any(key in each or "PRIVATE" in each for key in keys for each in said)
