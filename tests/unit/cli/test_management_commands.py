"""The commands that speak to the management API, against one that says what a test wants."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from legation.cli import main
from legation.management.v1 import management_pb2 as pb
from tests.management_api import (
    Failure,
    FakeApi,
    applied,
    preconditions,
    reference,
    serving,
    stored,
    violations,
)

WEB = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata:
  name: web
spec:
  config:
    connect_timeout: soon
---
apiVersion: bootes.io/v1
kind: Cluster
metadata:
  name: api
  namespace: shop
spec:
  config: {}
"""
CREATED = pb.ApplyResponse(applied=[applied("web"), applied("api", pb.Applied.CHANGED, namespace="shop")])


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as found:
        yield found


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "web.yaml"
    path.write_text(WEB)
    return path


def run(api: FakeApi, *args: str, stdin: str | None = None) -> tuple[int, str, str]:
    """Return exit status, stdout and stderr."""
    done = CliRunner().invoke(
        main, args, prog_name="legation", env={"LEGATION_SERVER": api.target}, input=stdin, catch_exceptions=False
    )
    return done.exit_code, done.stdout, done.stderr


# ---------------------------------------------------------------------------------------------------------------- apply


@pytest.mark.usefixtures("manifest")
def test_all_objects_of_all_files_are_applied_in_one_call(api: FakeApi) -> None:
    api.answers("Apply", CREATED)
    code, out, err = run(api, "apply", "-f", "web.yaml", "--field-manager", "ci", "--force")
    assert (code, err) == (0, "")
    assert out == "cluster.bootes.io/web created\ncluster.bootes.io/api changed in shop\n"
    (asked,) = api.asked("Apply")
    assert [json.loads(each.text)["metadata"]["name"] for each in asked.items] == ["web", "api"]
    assert (asked.field_manager, asked.force, asked.dry_run) == ("ci", True, False)


def test_standard_input_and_folders_are_read(api: FakeApi, manifest: Path) -> None:
    api.answers("Apply", CREATED)
    assert run(api, "apply", "-f", "-", "--dry-run", stdin=WEB)[1].startswith("cluster.bootes.io/web created (dry run)")
    assert run(api, "apply", "-f", str(manifest.parent))[0] == 0
    assert [len(each.items) for each in api.asked("Apply")] == [2, 2]


@pytest.mark.usefixtures("manifest")
def test_a_field_that_is_refused_is_shown_where_it_stands(api: FakeApi) -> None:
    wrong = violations(("items[0].object.spec.config.connect_timeout", "it is no duration"))
    api.answers("Apply", Failure("INVALID_ARGUMENT", "a field is wrong", wrong, reason="INVALID_OBJECT"))
    code, out, err = run(api, "apply", "-f", "web.yaml")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "web.yaml:7:5: error: it is no duration [unknown-field]",
        "    connect_timeout: soon",
        "    ^~~~~~~~~~~~~~~",
        "in: Cluster default/web, spec.config.connect_timeout",
        "nothing is stored",
    ]


@pytest.mark.usefixtures("manifest")
def test_a_field_of_another_manager_is_shown_where_it_stands(api: FakeApi) -> None:
    against = preconditions("FIELD_CONFLICT", [("items[1].object.spec.config", 'owned by "kubectl"')])
    api.answers("Apply", Failure("ABORTED", "a field is owned by others", against, reason="FIELD_CONFLICT"))
    code, _, err = run(api, "apply", "-f", "web.yaml")
    assert code == 1
    assert err.startswith('web.yaml:15:3: error: "kubectl" owns this field with another value [field-conflict]')
    assert "--force" in err


@pytest.mark.usefixtures("manifest")
def test_an_object_that_a_file_has_is_shown_where_it_begins(api: FakeApi) -> None:
    against = preconditions("HELD_ELSEWHERE", [("items[1].object", "files of conf have it")])
    api.answers("Apply", Failure("FAILED_PRECONDITION", "a file has it", against, reason="HELD_ELSEWHERE"))
    code, _, err = run(api, "apply", "-f", "web.yaml")
    assert code == 1
    assert err.startswith("web.yaml:9:1: error: files of conf have it [held-elsewhere]")
    assert "help: change it there" in err


@pytest.mark.usefixtures("manifest")
def test_what_is_doubtful_is_told_beside_what_is_stored(api: FakeApi) -> None:
    doubt = pb.Problem(
        code="dangling", message="nobody holds it", level="warning", path="spec.config", object=reference("web")
    )
    answer = pb.ApplyResponse()
    answer.CopyFrom(CREATED)
    answer.applied[0].warnings.append(doubt)
    api.answers("Apply", answer)
    code, out, err = run(api, "apply", "-f", "web.yaml")
    assert code == 0
    assert out.count("\n") == 2
    assert err.startswith("web.yaml:6:3: warning: nobody holds it [dangling]")


def test_what_cannot_be_read_is_not_sent(api: FakeApi, manifest: Path) -> None:
    manifest.write_text(WEB + "---\na: [\n")
    code, _, err = run(api, "apply", "-f", "web.yaml")
    assert code == 1
    assert "[yaml-syntax]" in err
    assert run(api, "apply", "-f", "nothing.yaml")[0] == 2
    assert api.requests == []


@pytest.mark.usefixtures("manifest")
def test_the_namespace_is_put_into_those_that_say_none(api: FakeApi) -> None:
    code, _, err = run(api, "apply", "-f", "web.yaml", "-n", "edge")
    assert code == 1
    assert "web.yaml:13:3: error: it is of another namespace than --namespace edge" in err
    api.answers("Apply", CREATED)
    assert run(api, "apply", "-f", "web.yaml", "-n", "shop")[0] == 0
    (asked,) = api.asked("Apply")
    assert [json.loads(each.text)["metadata"]["namespace"] for each in asked.items] == ["shop", "shop"]


@pytest.mark.usefixtures("manifest")
def test_waiting_says_who_has_it_and_who_has_not(api: FakeApi) -> None:
    api.answers("Apply", CREATED)
    api.answers("WaitAccepted", pb.WaitAcceptedResponse(accepted=True, accepted_by=["edge-0", "edge-1"]))
    code, out, _ = run(api, "apply", "--wait", "-f", "web.yaml")
    assert code == 0
    assert out.endswith("accepted by 2 Envoys: edge-0, edge-1\n")
    refusal = pb.Refusal(node="edge-1", type="Cluster", name="web", words="no such host")
    api.answers("WaitAccepted", pb.WaitAcceptedResponse(refusals=[refusal], waiting=["edge-2"]))
    code, out, _ = run(api, "apply", "-f", "web.yaml", "--wait=2m")
    assert code == 1
    assert out.endswith("refused by edge-1: Cluster web: no such host\nno answer within 120 s from 1 Envoy: edge-2\n")
    assert [each.timeout.seconds for each in api.asked("WaitAccepted")] == [30, 120]
    assert [each.name for each in api.asked("WaitAccepted")[0].objects] == ["web", "api"]


# ------------------------------------------------------------------------------------------------------------------ get


def test_objects_are_shown_as_a_table(api: FakeApi) -> None:
    problem = pb.Problem(code="x", message="it is wrong", level="error", path="spec.a")
    one = stored("web", '{"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}}', resource_version="12")
    one.problems.append(problem)
    api.answers("List", pb.ListResponse(objects=[one, stored("api", resource_version="3")]))
    delivery = pb.Delivery(object=reference("web"), envoys=3, accepted=2)
    api.answers("Watch", [pb.WatchEvent(delivery=delivery), pb.WatchEvent(synced=pb.Synced())])
    code, out, err = run(api, "get", "clusters")
    assert code == 0
    head, first, second = out.splitlines()
    assert head.split() == ["NAME", "VERSION", "AGE", "ENVOYS", "STATE"]
    assert re.fullmatch(r"web +12 +\d+d +2/3 +1 error", first)
    assert re.fullmatch(r"api +3 +- +ok", second)
    assert max(map(len, out.splitlines())) <= 80
    assert err == "cluster.bootes.io/web: error: spec.a: it is wrong\n"
    assert api.asked("List")[0] == pb.ListRequest(
        group="bootes.io", kind="Cluster", namespace="default", form=pb.FORM_TEXT
    )
    out = run(api, "get", "-A", "-l", "app=edge")[1]
    assert out.splitlines()[0].split()[0] == "NAMESPACE"
    assert "cluster.bootes.io/web" in out
    assert (api.asked("List")[1].namespace, api.asked("List")[1].label_selector) == ("", "app=edge")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cluster", ("Cluster", "bootes.io")),
        ("Clusters", ("Cluster", "bootes.io")),
        ("clusters.bootes.io", ("Cluster", "bootes.io")),
        ("bcl", ("Cluster", "bootes.io")),
        ("clusters.v1.bootes.io", ("Cluster", "bootes.io")),
        ("er", ("EnvoyResources", "legation.dev")),
        ("envoyresources", ("EnvoyResources", "legation.dev")),
        ("Gateway.gateway.networking.k8s.io", ("Gateway", "gateway.networking.k8s.io")),
        ("all", ("", "")),
    ],
)
def test_kinds_are_said_as_kubectl_takes_them(api: FakeApi, word: str, expected: tuple[str, str]) -> None:
    api.answers("List", pb.ListResponse())
    code, out, err = run(api, "get", word)
    assert (code, out) == (0, "")
    assert err == "no objects in the namespace default (-A for all)\n"
    (asked,) = api.asked("List")
    assert (asked.kind, asked.group) == expected


def test_several_kinds_are_listed_one_after_the_other(api: FakeApi) -> None:
    api.answers(
        "List", pb.ListResponse(objects=[stored("web")]), pb.ListResponse(objects=[stored("in", kind="Listener")])
    )
    assert run(api, "get", "cluster,bli", "-o", "name")[1] == "cluster.bootes.io/web\nlistener.bootes.io/in\n"
    assert [each.kind for each in api.asked("List")] == ["Cluster", "Listener"]
    assert run(api, "get", "cluster,bli", "--watch")[0] == 2


def test_a_kind_that_nobody_knows_is_told_with_what_is_meant(api: FakeApi) -> None:
    code, _, err = run(api, "get", "clutser")
    assert code == 2
    assert 'did you mean "cluster"?' in err


def test_one_object_is_printed_as_it_is_stored(api: FakeApi) -> None:
    api.answers("Get", stored("web", '{"kind": "Cluster", "spec": {"weight": 10000000000000000001}}'))
    value = {"kind": "Cluster", "spec": {"weight": 10000000000000000001}}
    assert yaml.safe_load(run(api, "get", "cluster", "web", "-o", "yaml")[1]) == value
    assert json.loads(run(api, "get", "cluster/web", "-n", "shop", "-o", "json")[1]) == value
    assert run(api, "get", "cluster/web", "-o", "name")[1] == "cluster.bootes.io/web\n"
    assert [each.namespace for each in api.asked("Get")] == ["default", "shop", "default"]
    api.answers("List", pb.ListResponse(objects=[stored("web", '{"a": 1}')]))
    assert json.loads(run(api, "get", "-o", "json")[1])["items"] == [{"a": 1}]


def test_an_object_that_is_not_there_is_told(api: FakeApi) -> None:
    api.answers("Get", Failure("NOT_FOUND", "there is no Cluster default/web"))
    assert run(api, "get", "cluster", "web") == (1, "", "legation: there is no Cluster default/web\n")


def test_changes_are_followed(api: FakeApi) -> None:
    put = pb.ObjectChange(change=pb.ObjectChange.PUT, stored=stored("web", resource_version="12"))
    gone = pb.ObjectChange(change=pb.ObjectChange.DELETED, stored=stored("web", resource_version="13"))
    problem = pb.ProblemChange(
        is_there=True, problem=pb.Problem(code="x", message="m", level="error", object=reference("web"))
    )
    delivery = pb.Delivery(object=reference("web"), envoys=3, accepted=2)
    events = [
        pb.WatchEvent(object=put),
        pb.WatchEvent(problem=problem),
        pb.WatchEvent(delivery=delivery),
        pb.WatchEvent(synced=pb.Synced()),
        pb.WatchEvent(object=gone),
        Failure("INTERNAL", "enough"),
    ]
    api.answers("Watch", events, [Failure("INVALID_ARGUMENT", "that is all")])
    code, out, err = run(api, "get", "cluster", "--watch")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "web", "web"]
    assert out.splitlines()[-1].split() == ["web", "13", "deleted"]
    assert "it is tried again" in err
    api.answers("Watch", events, [Failure("INVALID_ARGUMENT", "that is all")])
    out = run(api, "watch", "cluster/web")[1]
    assert [line.partition(" ")[2] for line in out.splitlines()] == [
        "cluster.bootes.io/web: stored at version 12",
        "cluster.bootes.io/web: error: m",
        "cluster.bootes.io/web: accepted by 2 of 3 Envoys",
        "cluster.bootes.io/web: deleted",
    ]
    api.answers("Watch", events, [Failure("INVALID_ARGUMENT", "that is all")])
    out = run(api, "watch", "--topic", "delivery", "-o", "json")[1]
    assert [json.loads(line)["event"] for line in out.splitlines()] == [
        "object",
        "problem",
        "delivery",
        "synced",
        "object",
    ]


# --------------------------------------------------------------------------------------------------------------- delete


@pytest.mark.usefixtures("manifest")
def test_objects_are_deleted_by_name_and_by_file(api: FakeApi) -> None:
    api.answers("Delete", pb.DeleteResponse(deleted=[reference("web"), reference("api", namespace="shop")]))
    code, out, _ = run(api, "delete", "cluster", "web", "api", "-n", "shop")
    assert code == 0
    assert out == "cluster.bootes.io/web deleted\ncluster.bootes.io/api deleted in shop\n"
    assert run(api, "delete", "-f", "web.yaml", "--ignore-not-found")[0] == 0
    named, filed = api.asked("Delete")
    assert [(each.namespace, each.name) for each in named.objects] == [("shop", "web"), ("shop", "api")]
    assert [(each.namespace, each.name) for each in filed.objects] == [("default", "web"), ("shop", "api")]
    assert (named.missing_ok, filed.missing_ok) == (False, True)
    assert run(api, "delete")[0] == 2
    assert run(api, "delete", "cluster")[0] == 2


# ------------------------------------------------------------------------------------------------------------- upstream


def test_an_upstream_is_added(api: FakeApi) -> None:
    upstream = applied("reviews-v2", kind="Upstream", group="legation.dev")
    api.answers("AddUpstream", pb.ApplyResponse(applied=[upstream]))
    api.answers("WaitAccepted", pb.WaitAcceptedResponse(accepted=True))
    words = ["upstream", "add", "--wait", "reviews-v2", "--host", "10.0.0.1:8080=3", "--host", "[::1]:80"]
    more = ["--weight", "20", "--route", "local_route/web", "--route", "*/*/cart", "--label", "app=edge"]
    code, out, _ = run(api, *words, *more, "--cluster", "{connect_timeout: 1s}")
    assert code == 0
    assert out == "upstream.legation.dev/reviews-v2 created\nno Envoy is connected that gets it\n"
    asked = api.asked("AddUpstream")[0]
    assert [(each.address, each.port, each.weight) for each in asked.hosts] == [("10.0.0.1", 8080, 3), ("::1", 80, 0)]
    assert [(each.configuration, each.virtual_host, each.route) for each in asked.routes] == [
        ("local_route", "web", ""),
        ("", "", "cart"),
    ]
    run(api, "upstream", "add", "u", "--host", "a:1", "--beside", "web")
    run(api, "upstream", "add", "u", "--host", "a:1", "--beside", "web", "--route", "local_route")
    assert [[(each.configuration, each.cluster) for each in it.routes] for it in api.asked("AddUpstream")[1:]] == [
        [("", "web")],
        [("local_route", "web")],
    ]
    assert (asked.weight, asked.namespace, asked.cluster["connect_timeout"]) == (20, "default", "1s")
    assert not asked.HasField("base_weight")
    assert dict(asked.workload_labels) == {"app": "edge"}


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(["u"], id="nowhere"),
        pytest.param(["u", "--host", "10.0.0.1"], id="no port"),
        pytest.param(["u", "--host", "::1:80"], id="no brackets"),
        pytest.param(["u", "--host", "a:1", "--service", "a:1"], id="both"),
        pytest.param(["u", "--service", "reviews"], id="service without a port"),
        pytest.param(["u", "--host", "a:1", "--route", "a/b/c/d"], id="route"),
        pytest.param(["u", "--host", "a:1", "--cluster", "[1"], id="broken YAML"),
        pytest.param(["u", "--host", "a:1", "--cluster", "1"], id="no mapping"),
        pytest.param(["u", "--host", "a:1", "--wait=soon"], id="time"),
    ],
)
def test_an_upstream_that_is_written_wrong_is_not_sent(api: FakeApi, args: list[str]) -> None:
    code, _, err = run(api, "upstream", "add", *args)
    assert code == 2
    assert err.startswith("legation upstream add: ")
    assert err.count("\n") == 1
    assert api.requests == []


def test_upstreams_are_removed_and_listed(api: FakeApi) -> None:
    api.answers(
        "RemoveUpstream", pb.DeleteResponse(deleted=[reference("reviews", kind="Upstream", group="legation.dev")])
    )
    assert run(api, "upstream", "remove", "reviews")[1] == "upstream.legation.dev/reviews deleted\n"
    spec: dict[str, Any] = {
        "hosts": [{"address": "10.0.0.1", "port": 80}, {"address": "::1", "port": 81}, {"address": "c", "port": 82}],
        "weight": 20,
        "routes": [{"configuration": "local_route", "virtualHost": "", "name": "cart"}],
    }
    other = {"service": {"name": "reviews", "port": "http"}, "routes": [{"cluster": "web"}]}
    api.answers(
        "List",
        pb.ListResponse(objects=[stored("a", json.dumps({"spec": spec})), stored("b", json.dumps({"spec": other}))]),
    )
    lines = run(api, "upstream", "list")[1].splitlines()
    assert re.split("  +", lines[1]) == ["a", "10.0.0.1:80,[::1]:81,+1", "20", "local_route/*/cart", "ok"]
    assert re.split("  +", lines[2]) == ["b", "service reviews:http", "0", "cluster web", "ok"]
    assert api.asked("List")[0].kind == "Upstream"


# ----------------------------------------------------------------------------------------------------------------- wait


def test_wait_says_which_envoys_count(api: FakeApi) -> None:
    api.answers("WaitAccepted", pb.WaitAcceptedResponse(accepted=True, accepted_by=["a"]))
    code, out, _ = run(api, "wait", "cluster/web", "--timeout", "5", "--at-least", "2", "--node", "a", "--label", "b=c")
    assert (code, out) == (1, "accepted by 1 Envoy: a\nfewer than 2 Envoys answered within 5 s\n")
    (asked,) = api.asked("WaitAccepted")
    assert (asked.objects[0].kind, asked.at_least, list(asked.node_ids), dict(asked.labels)) == (
        "Cluster",
        2,
        ["a"],
        {"b": "c"},
    )
    api.answers("WaitAccepted", pb.WaitAcceptedResponse(accepted=True, accepted_by=["a"]))
    code, out, _ = run(api, "wait", "-o", "json")
    assert code == 0
    assert json.loads(out)["accepted_by"] == ["a"]
    assert run(api, "wait", "web")[0] == 2


def test_that_nobody_is_there_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["get", "--server", f"unix:{tmp_path}/api"], prog_name="legation")
    assert done.exit_code == 2
    assert (
        done.stderr
        == f"legation: no management API at unix:{tmp_path}/api; start the server with --management-socket\n"
    )
    done = CliRunner().invoke(main, ["get", "--server", "http://x"], prog_name="legation")
    assert (done.exit_code, "--server" in done.stderr) == (2, True)
