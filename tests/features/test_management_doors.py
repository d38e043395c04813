"""The management API and the admin pages as others than this machine reach them: TLS, proofs, a policy."""

from __future__ import annotations

import hashlib
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.features.test_cli_serve import legation, managing
from tests.unit.tls.signing import Authority

TOKEN, READER = "a-token-that-nobody-guesses", "a-reader-that-nobody-guesses"
ADMIN = "an-admin-token-that-nobody-guesses"
CERTIFICATE = "spiffe://corp/ns/shop/sa/ci"
MANIFEST = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata: {name: NAME, namespace: NAMESPACE}
spec: {config: {name: NAME, type: STATIC, connect_timeout: 1s}}
"""
PATIENCE = 60.0
Ready: TypeAlias = dict[str, Any]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


POLICY = f"""\
tokens:
- {{name: ci, sha256: {digest(TOKEN)}}}
- {{name: reader, sha256: {digest(READER)}}}
rules:
- {{who: ["token:ci", "{CERTIFICATE}"], may: [read, write], kinds: ["*"], namespaces: [shop]}}
- {{who: ["token:reader"], may: [read], kinds: ["*"], namespaces: ["*"]}}
"""


class World:
    """A server that others reach, and what they show it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.own, self.clients = folder, Authority(), Authority()
        pair, shown = self.own.server("localhost", "127.0.0.1"), self.clients.client(CERTIFICATE)
        (folder / "tls").mkdir()
        self.write(
            ("tls/tls.crt", pair.certificate),
            ("tls/tls.key", pair.key),
            ("ca.crt", self.own.pem),
            ("clients.crt", self.clients.pem),
            ("client.crt", shown.certificate),
            ("client.key", shown.key),
            ("policy.yaml", POLICY.encode()),
            ("token", TOKEN.encode()),
            ("reader", READER.encode()),
            ("admin", ADMIN.encode()),
        )

    def write(self, *files: tuple[str, bytes]) -> None:
        for name, content in files:
            (self.folder / name).write_bytes(content)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def manifest(self, name: str, namespace: str) -> str:
        self.write((f"{name}.yaml", MANIFEST.replace("NAMESPACE", namespace).replace("NAME", name).encode()))
        return self.path(f"{name}.yaml")

    def flags(self) -> list[str]:
        given = {
            "--state-dir": self.path("state"),
            "--tls": self.path("tls"),
            "--management-port": "0",
            "--management-http-port": "0",
            "--management-bind": "0.0.0.0",
            "--management-policy": self.path("policy.yaml"),
            "--audit-log": self.path("audit.log"),
            "--admin-bind": "0.0.0.0",
            "--admin-token-file": self.path("admin"),
        }
        return [each for pair in given.items() for each in pair]

    def call(self, ready: Ready, *args: str, token: str = "token", more: tuple[str, ...] = ()) -> Any:
        at = next(each for each in ready["management"] if not each.startswith("http"))
        where = ("--server", f"127.0.0.1:{at.rpartition(':')[2]}", "--ca", self.path("ca.crt"))
        shown = ("--token-file", self.path(token)) if token else ()
        return legation(*args, *where, *shown, *more)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(each) for each in (self.folder / "audit.log").read_text().splitlines()]

    def https(self, url: str, *, token: str = "") -> tuple[int, str]:
        shown = {"authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(url.replace("0.0.0.0", "127.0.0.1"), headers=shown)
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        try:
            with urllib.request.urlopen(request, context=context, timeout=PATIENCE) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def ready(world: World) -> Iterator[Ready]:
    """The line of a running server that says where everything is."""
    with managing(*world.flags()) as server:
        yield server.wait_event("ready")


def test_each_may_what_the_policy_says_and_each_change_and_denial_leaves_a_line(world: World, ready: Ready) -> None:
    done = world.call(ready, "apply", "-f", world.manifest("mine", "shop"))
    assert (done.returncode, done.stdout) == (0, "cluster.bootes.io/mine created in shop\n")
    others = world.call(ready, "apply", "-f", world.manifest("theirs", "edge"))
    assert others.returncode != 0
    assert "token:ci may not write Cluster edge/theirs" in others.stderr
    assert world.call(ready, "get", "-n", "shop", token="reader").stdout.count("cluster.bootes.io/mine") == 1
    assert world.call(ready, "delete", "cluster/mine", "-n", "shop", token="reader").returncode != 0
    assert world.call(ready, "get", token="").returncode != 0
    found = [(each["call"], each["who"], each["outcome"], each["objects"]) for each in world.lines()]
    assert found == [
        ("Apply", "token:ci", "done", ["Cluster shop/mine"]),
        ("Apply", "token:ci", "PERMISSION_DENIED", ["Cluster edge/theirs"]),
        ("Delete", "token:reader", "PERMISSION_DENIED", ["Cluster shop/mine"]),
        ("List", "nobody", "UNAUTHENTICATED", []),
    ]


def test_over_http_and_at_the_admin_pages_a_token_is_wanted_too(world: World, ready: Ready) -> None:
    http = next(each for each in ready["management"] if each.startswith("https"))
    assert world.https(f"{http}/v1/objects?namespace=shop")[0] == 401
    assert world.https(f"{http}/v1/objects?namespace=shop", token=TOKEN)[0] == 200
    assert world.https(f"{http}/v1/objects?namespace=edge", token=TOKEN)[0] == 403
    admin = ready["admin"]
    assert admin.startswith("https")
    assert world.https(f"{admin}/proxies")[0] == 401
    assert world.https(f"{admin}/proxies", token=TOKEN)[0] == 401
    assert world.https(f"{admin}/proxies", token=ADMIN)[0] == 200
    where = ("--admin", f"127.0.0.1:{admin.rpartition(':')[2]}")
    trusted = ("--admin-ca", world.path("ca.crt"))
    shown = ("--admin-token-file", world.path("admin"))
    assert legation("proxies", *where, *trusted, *shown).stdout == "no Envoy is connected\n"
    assert "the admin port wants a token" in legation("proxies", *where, *trusted).stderr
    assert legation("proxies", *where, *shown).returncode != 0


def test_a_policy_that_changes_holds_for_the_next_call(world: World, ready: Ready) -> None:
    world.write(("policy.yaml", POLICY.replace("[read, write]", "[read]").encode()))
    until = time.monotonic() + PATIENCE
    while world.call(ready, "apply", "--dry-run", "-f", world.manifest("mine", "shop")).returncode == 0:
        assert time.monotonic() < until


def test_with_authorities_of_clients_a_certificate_says_who_calls(world: World) -> None:
    flags = [*world.flags(), "--management-client-ca", world.path("clients.crt")]
    shown = ("--cert", world.path("client.crt"), "--key", world.path("client.key"))
    with managing(*flags) as server:
        ready = server.wait_event("ready")
        done = world.call(ready, "apply", "-f", world.manifest("mine", "shop"), token="", more=shown)
        assert (done.returncode, done.stderr) == (0, "")
        assert world.call(ready, "get", "-n", "edge", token="", more=shown).returncode != 0
        assert world.call(ready, "get", "-n", "shop").returncode != 0
        assert world.lines()[0]["who"] == CERTIFICATE


def test_what_a_broken_policy_says_is_not_repeated(world: World) -> None:
    world.write(("policy.yaml", f"tokens: [{{name: ci, sha256: {TOKEN}}}]".encode()))
    broken = legation("serve", *world.flags(), "--log-level", "debug")
    assert broken.returncode == 2
    assert "this is no SHA-256" in broken.stderr
    assert TOKEN not in broken.stderr
