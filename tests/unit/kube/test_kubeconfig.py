"""Kubeconfig files: what becomes of them, and what is said of those that do not fit."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from legation.errors import KubeConfigError
from legation.kube.connection import Connection, User
from legation.kube.kubeconfig import load
from legation.tls.pem import Pem

SECRET = "hush-hush"
PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM).decode()


def config(
    *,
    name: str = "a",
    cluster: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
    current: str | None = None,
) -> dict[str, Any]:
    """Return a kubeconfig with one of each, all of one name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}:6443"} | dict(cluster or {})}],
        "users": [{"name": name, "user": dict(user or {"token": SECRET})}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name} | dict(context or {})}],
        "current-context": name if current is None else current,
    }


def write(path: Path, value: object) -> Path:
    """Write a file, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value))
    return path


def loaded(folder: Path, value: object, *, context: str = "", **environment: str) -> Connection:
    """Return what becomes of one file."""
    path = write(folder / "config", value)
    return load(environment=environment, home=Path("/nowhere"), path=str(path), context=context)


def complaint(folder: Path, value: object, *, context: str = "", **environment: str) -> str:
    """Return what is said of one file, without its path."""
    with pytest.raises(KubeConfigError) as raised:
        loaded(folder, value, context=context, **environment)
    words = str(raised.value)
    assert SECRET not in words
    return words.replace(f"{folder / 'config'}", "F")


# Which files


def test_the_file_at_home(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", config())
    found = load(environment={}, home=tmp_path)
    assert found == Connection(server="https://a:6443", user=User(token=SECRET))


def test_the_variable_goes_before_the_home_and_the_argument_before_the_variable(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", config(name="home"))
    variable = {"KUBECONFIG": str(write(tmp_path / "variable", config(name="variable")))}
    argument = str(write(tmp_path / "argument", config(name="argument")))
    assert load(environment=variable, home=tmp_path).server == "https://variable:6443"
    assert load(environment=variable, home=tmp_path, path=argument).server == "https://argument:6443"


def test_of_several_files_the_first_wins_and_missing_ones_do_not_matter(tmp_path: Path) -> None:
    first = write(tmp_path / "first", config(name="a", current=""))
    again = config(name="a", cluster={"server": "https://other:6443", "tls-server-name": "x"}, current="b")
    again["contexts"].append({"name": "b", "context": {"cluster": "a", "user": "a", "namespace": "shop"}})
    second = write(tmp_path / "second", again)
    third = write(tmp_path / "third", config(name="c"))
    listed = os.pathsep.join(["", str(tmp_path / "missing"), str(first), str(second), str(third), str(first)])
    found = load(environment={"KUBECONFIG": listed}, home=tmp_path)
    # The first to choose a context is the second file; the cluster is the first file's, and all of it.
    assert (found.server, found.namespace, found.tls_server_name) == ("https://a:6443", "shop", "")
    assert load(environment={"KUBECONFIG": listed}, home=tmp_path, context="c").server == "https://c:6443"


@pytest.mark.parametrize(
    ("environment", "path", "words"),
    [
        ({}, "", "there is no {home}/.kube/config; write one, or name another by KUBECONFIG"),
        ({"KUBECONFIG": "{home}/a:{home}/b"}, "", "KUBECONFIG: there is no {home}/a and no {home}/b; write one"),
        ({"KUBECONFIG": "{home}/a"}, "{home}/c", "there is no {home}/c; write one"),
    ],
)
def test_there_is_no_file(tmp_path: Path, environment: dict[str, str], path: str, words: str) -> None:
    told = {name: value.format(home=tmp_path) for name, value in environment.items()}
    with pytest.raises(KubeConfigError) as raised:
        load(environment=told, home=tmp_path, path=path.format(home=tmp_path))
    assert str(raised.value).startswith(words.format(home=tmp_path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"token: [{SECRET}\nusers:", "F: line 2: it is not YAML ("),
        (f"token: '{SECRET}", "F: line 1: it is not YAML ("),
        (f"- {SECRET}", "F: it must be a mapping, and is a list; is it a kubeconfig?"),
        (SECRET, "F: it must be a mapping, and is text; is it a kubeconfig?"),
        ("", "F: current-context: it is missing; there are no contexts"),
        ("a: \x01", "F: it is not YAML"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: str, words: str) -> None:
    assert complaint(tmp_path, content).startswith(words)


def test_a_folder_and_bytes(tmp_path: Path) -> None:
    with pytest.raises(KubeConfigError, match="it cannot be read: is a directory"):
        load(environment={}, home=tmp_path, path=str(tmp_path))
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(KubeConfigError, match="it is no text in UTF-8"):
        load(environment={}, home=tmp_path, path=str(tmp_path / "bytes"))


# Contexts


def test_a_context_by_name(tmp_path: Path) -> None:
    value = config(name="a")
    value["contexts"].append({"name": "b", "context": {"cluster": "a", "namespace": "shop"}})
    found = loaded(tmp_path, value, context="b")
    assert (found.namespace, found.user) == ("shop", User())


def test_contexts_that_lead_nowhere(tmp_path: Path) -> None:
    assert complaint(tmp_path, config(), context="b") == "F: there is no context b; the contexts are a"
    assert complaint(tmp_path, config(current="")) == "F: current-context: it is missing; the contexts are a"
    words = complaint(tmp_path, config(context={"cluster": "x"}))
    assert words == "F: contexts.a.cluster: there is no cluster x; the clusters are a"
    words = complaint(tmp_path, config(context={"user": "x"}))
    assert words == "F: contexts.a.user: there is no user x; the users are a"
    words = complaint(tmp_path, config(context={"cluster": None}))
    assert words == "F: contexts.a.cluster: it is missing; the clusters are a"


def test_names_are_there_once(tmp_path: Path) -> None:
    value = config()
    value["users"] *= 2
    assert complaint(tmp_path, value) == "F: users[1].name: there is another a in users; leave one of them"
    value = config()
    del value["clusters"][0]["name"]
    assert complaint(tmp_path, value) == "F: clusters[0].name: it is missing"


# Clusters


def test_what_a_cluster_may_say(tmp_path: Path) -> None:
    cluster = {
        "server": "https://a:6443/k8s/",
        "certificate-authority-data": DATA,
        "certificate-authority": "/not/looked/at",
        "tls-server-name": "kubernetes",
        "proxy-url": "http://proxy:3128",
    }
    found = loaded(tmp_path, config(cluster=cluster), HTTPS_PROXY="http://other:3128")
    assert found.server == "https://a:6443/k8s"
    assert found.authority == Pem(data=PEM)
    assert (found.tls_server_name, found.proxy, found.insecure) == ("kubernetes", "http://proxy:3128", False)


def test_paths_begin_where_their_file_is(tmp_path: Path) -> None:
    for name in ("ca.crt", "client.crt", "client.key", "token"):
        write(tmp_path / "pki" / name, PEM.decode())
    user = {
        "client-certificate": "pki/client.crt",
        "client-key": f"{tmp_path}/pki/client.key",
        "tokenFile": "pki/token",
    }
    found = loaded(tmp_path, config(cluster={"certificate-authority": "pki/ca.crt"}, user=user))
    assert found.authority == Pem(file=str(tmp_path / "pki/ca.crt"))
    assert found.user == User(
        certificate=Pem(file=str(tmp_path / "pki/client.crt")),
        key=Pem(file=str(tmp_path / "pki/client.key")),
        token_file=str(tmp_path / "pki/token"),
    )


def test_the_proxy_of_the_environment(tmp_path: Path) -> None:
    environment = {"HTTPS_PROXY": "http://proxy:3128"}
    assert loaded(tmp_path, config(), **environment).proxy == "http://proxy:3128"
    assert loaded(tmp_path, config(), **environment, NO_PROXY="a").proxy == ""


def test_no_credentials_in_the_clear(tmp_path: Path) -> None:
    assert loaded(tmp_path, config(cluster={"server": "http://a:8080"})).user == User()


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"server": None}, "server: it is missing; give the address of the API server, as https://host:port"),
        ({"server": "a:6443"}, "server: it is no address; write https://host:port"),
        ({"server": "https://a:b"}, "server: it is no address; write https://host:port"),
        ({"server": f"https://me:{SECRET}@a"}, "server: it holds a user; tell that under users"),
        ({"server": "https://a?b=c"}, "server: it must end before any ? or #; write https://host:port/path"),
        ({"server": 1}, "server: it must be text, and is a number; put it in quotes"),
        ({"certificate-authority-data": "*"}, "certificate-authority-data: what is in it, once decoded, is not PEM"),
        ({"certificate-authority-data": "a"}, "certificate-authority-data: it is not base64"),
        ({"certificate-authority": "no.crt"}, "certificate-authority: {folder}/no.crt cannot be read: no such file or"),
        ({"insecure-skip-tls-verify": "yes"}, "insecure-skip-tls-verify: it must be true or false, and is text"),
        (
            {"insecure-skip-tls-verify": True, "certificate-authority-data": DATA},
            "insecure-skip-tls-verify: it is true, and there is a certificate-authority to verify with; leave one",
        ),
        ({"proxy-url": f"socks5://me:{SECRET}@a"}, "proxy-url: SOCKS proxies are not supported; name one that speaks"),
        ({"proxy-url": "ftp://a"}, "proxy-url: a proxy speaks HTTP; write http://host:port"),
        ({"proxy-url": "a"}, "proxy-url: it is no address; write http://host:port"),
    ],
)
def test_clusters_that_do_not_fit(tmp_path: Path, cluster: dict[str, Any], words: str) -> None:
    said = complaint(tmp_path, config(cluster=cluster))
    assert said.startswith(f"F: clusters.a.{words.format(folder=tmp_path)}")


@pytest.mark.parametrize("value", [{"clusters": {}}, {"clusters": [1]}, {"clusters": [{"name": "a", "cluster": []}]}])
def test_sections_of_another_shape(tmp_path: Path, value: dict[str, Any]) -> None:
    assert complaint(tmp_path, config() | value).startswith("F: clusters")


# Users


def test_a_user_with_a_name_and_a_password(tmp_path: Path) -> None:
    found = loaded(tmp_path, config(user={"username": "me", "password": SECRET}))
    assert found.user == User(username="me", password=SECRET)


def test_a_user_with_a_certificate(tmp_path: Path) -> None:
    found = loaded(tmp_path, config(user={"client-certificate-data": DATA, "client-key-data": DATA}))
    assert found.user == User(certificate=Pem(data=PEM), key=Pem(data=PEM))
    assert "BEGIN" not in repr(found)


def test_a_user_who_acts_as_another(tmp_path: Path) -> None:
    user = {"token": SECRET, "as": "him", "as-uid": "1", "as-groups": ["a", "b"], "as-user-extra": {"x/y": ["z"]}}
    assert loaded(tmp_path, config(user=user)).user.headers == (
        ("Impersonate-User", "him"),
        ("Impersonate-Uid", "1"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-x%2Fy", "z"),
    )


def test_a_user_with_a_plugin(tmp_path: Path) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "bin/login",
        "args": ["--cluster", "a"],
        "env": [{"name": "A", "value": SECRET}],
        "installHint": "get it\n  somewhere",
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": True,
    }
    cluster = {
        "certificate-authority-data": DATA,
        "proxy-url": "http://proxy:1",
        "extensions": [
            {"name": "other", "extension": 1},
            {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}},
        ],
    }
    found = loaded(tmp_path, config(cluster=cluster, user={"exec": plugin})).user.plugin
    assert found is not None
    assert found.command == str(tmp_path / "bin/login")
    assert found.arguments == ("--cluster", "a")
    assert found.environment == (("A", SECRET),)
    assert found.install_hint == "get it somewhere"
    assert json.loads(found.cluster_info) == {
        "server": "https://a:6443",
        "certificate-authority-data": DATA,
        "proxy-url": "http://proxy:1",
        "config": {"audience": "a"},
    }
    assert SECRET not in repr(found)


def test_a_plugin_by_name_is_looked_up_and_told_nothing_unasked(tmp_path: Path) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "login"}
    found = loaded(tmp_path, config(user={"exec": plugin})).user.plugin
    assert found is not None
    assert (found.command, found.cluster_info) == ("login", "")


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": 5}, ".token: it must be text, and is a number; put it in quotes"),
        ({"token": f"{SECRET} x"}, ".token: it is no token: a token is one word of ASCII characters"),
        ({"token": SECRET, "username": "a"}, ": it has both a token and a username; leave one of them"),
        ({"tokenFile": "no"}, ".tokenFile: {folder}/no cannot be read: no such file or directory"),
        (
            {"client-certificate-data": DATA},
            ".client-certificate: there is no client-key for it; add client-key or client-key-data",
        ),
        ({"client-key-data": DATA}, ".client-key: there is no client-certificate for it; add client-certificate or"),
        ({"auth-provider": {"name": "gcp"}}, ".auth-provider: Kubernetes has given up auth providers; use the exec"),
        ({"as-groups": ["a"]}, ".as: it is missing: who acts with other groups must say as whom"),
        ({"as": "Zoë\n"}, ".as: a header cannot carry these names"),
        ({"as": "a", "as-groups": [1]}, ".as-groups: it must be a list of texts; put each in quotes"),
        ({"exec": {"command": "a"}}, ".exec.apiVersion: it must be client.authentication.k8s.io/v1 or client"),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}, ".exec.command: it is missing; name the"),
        (
            {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "a", "interactiveMode": "Always"}},
            ".exec.interactiveMode: the plugin wants to ask a person, and there is none; use IfAvailable or Never",
        ),
    ],
)
def test_users_that_do_not_fit(tmp_path: Path, user: dict[str, Any], words: str) -> None:
    assert complaint(tmp_path, config(user=user)).startswith(f"F: users.a{words.format(folder=tmp_path)}")


def test_whom_nobody_asked_for_does_no_harm(tmp_path: Path) -> None:
    value = config()
    value["users"].append({"name": "broken", "user": {"token": 5, "auth-provider": {}}})
    value["clusters"].append({"name": "broken", "cluster": {"certificate-authority": "nowhere"}})
    assert loaded(tmp_path, value).user.token == SECRET
