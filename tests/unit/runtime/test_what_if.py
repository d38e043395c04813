"""What would be wrong if an object were stored: asked of all that is served, answered as if it were served."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.runtime.admission import Rules
from legation.runtime.intake import Heard
from legation.runtime.served import Served
from tests.manifests import manifest
from tests.unit.translate import pairs, pipes
from tests.unit.translate.upstreams import upstream

OLD, NEW = "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"


def raw(kind: str, name: str, config: Mapping[str, Any], *, of: str = "", created: str = OLD, **labels: str) -> Any:
    selector = {"workloadSelector": {"labels": labels}} if labels else {}
    spec = {**selector, "config": config}
    return manifest(kind, of or name, namespace="shop", file="", created=created, spec=spec)


def cluster(name: str, **others: Any) -> ManifestObject:
    config = {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name}}
    made: ManifestObject = raw("Cluster", name, config, **others)
    return made


def route(name: str, to: str, **others: Any) -> ManifestObject:
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": to}}]
    hosts = [{"name": "all", "domains": ["*"], "routes": routes}]
    made: ManifestObject = raw("Route", name, {"name": name, "virtual_hosts": hosts}, **others)
    return made


def listener(name: str, routes: str = "all", *filters: str, port: int = 10000, **others: Any) -> ManifestObject:
    """Return a listener that takes routes by name, and has these filters of HTTP."""
    types = "type.googleapis.com/envoy.extensions.filters"
    router = {"name": "router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}
    lua = {"@type": f"{types}.http.lua.v3.Lua"}
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "rds": {"route_config_name": routes, "config_source": {"ads": {}, "resource_api_version": "V3"}},
        "http_filters": [*({"name": each, "typed_config": lua} for each in filters), router],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    chains = [{"filters": [{"name": "http", "typed_config": manager}]}]
    made: ManifestObject = raw("Listener", name, {"name": name, "address": address, "filter_chains": chains}, **others)
    return made


def serving(*objects: ManifestObject, rules: Rules | None = None) -> Served:
    served = Served(owner=lambda _: None, rules=rules)
    served.update(heard(objects))
    return served


def heard(objects: Iterable[ManifestObject]) -> Heard:
    by_key: dict[ObjectKey, ManifestObject] = {each.key: each for each in objects}
    return Heard(number=1, objects=by_key, problems=(), broken=frozenset(), cluster=None)


def about(problems: Iterable[Problem], *codes: str) -> list[tuple[str, Level]]:
    """Return the words of those with such a code."""
    return [(each.message, each.level) for each in problems if each.code in codes]


CROSS = ("duplicate-name", "duplicate-address", "dangling-reference")


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        ([cluster("web")], cluster("web", of="other", created=NEW)),
        ([listener("front")], listener("back", created=NEW)),
        ([cluster("web")], route("all", "wbe")),
        ([cluster("web")], route("all", "api")),
        ([cluster("web", app="edge")], route("all", "web", app="inner")),
        ([cluster("web", app="edge")], cluster("web", of="other", created=NEW, app="inner")),
        ([cluster("web")], route("all", "web")),
        ([], route("all", "web")),
        ([cluster("web"), route("all", "web")], route("all", "web", of="again", created=NEW)),
    ],
    ids=[
        "name",
        "address",
        "slip",
        "nobody",
        "other-workloads",
        "kept-apart",
        "good",
        "alone",
        "route-twice",
    ],
)
def test_it_is_told_what_the_server_would_say(before: list[ManifestObject], asked: ManifestObject) -> None:
    told = about(serving(*before).what_if().problems(asked), *CROSS)
    after = serving(*before, asked)
    assert told == about((each for each in after.problems if each.object == asked.key), *CROSS)


def test_the_questions_of_before_do_show_what_is_wrong() -> None:
    """Else the test before would be content with nothing."""
    served = serving(cluster("web"))
    assert about(served.what_if().problems(cluster("web", of="other", created=NEW)), *CROSS) == [
        ('the Cluster "web" is that of Cluster shop/web, which came first', Level.ERROR)
    ]
    (problem,) = (each for each in served.what_if().problems(route("all", "wbe")) if each.code in CROSS)
    assert problem.mend.startswith('did you mean "web"?')


def test_an_object_is_no_rival_of_the_one_that_it_replaces() -> None:
    served = serving(cluster("web"), listener("front"))
    assert about(served.what_if().problems(cluster("web")), *CROSS) == []
    assert about(served.what_if().problems(listener("front")), "duplicate-name", "duplicate-address") == []


def test_what_it_takes_from_others_is_a_warning() -> None:
    """The one that came first is changed so that it claims what another one has."""
    first, second = cluster("web"), cluster("api", created=NEW)
    asked = cluster("api", of="web")
    (told,) = about(serving(first, second).what_if().problems(asked), *CROSS)
    assert told == (
        'Cluster shop/api would lose by this: the Cluster "api" is that of Cluster shop/web, which came first',
        Level.WARNING,
    )


def test_what_others_have_against_each_other_is_not_told() -> None:
    served = serving(cluster("web"), cluster("web", of="second", created=NEW), cluster("free"))
    third = cluster("web", of="third", created="2026-07-01T00:00:00Z")
    told = about(served.what_if().problems(third), *CROSS)
    assert told == [('the Cluster "web" is that of Cluster shop/web, which came first', Level.ERROR)]


def test_a_broken_object_is_held_against_nothing() -> None:
    asked = raw("Cluster", "web", {"name": "web", "connect_timeout": "soon"}, of="other", created=NEW)
    told = serving(cluster("web")).what_if().problems(asked)
    assert [each.code for each in told if each.level is Level.ERROR] == ["bad-value"]


def test_before_anything_was_read_only_the_object_itself_is_looked_at() -> None:
    served = Served(owner=lambda _: None)
    assert about(served.what_if().problems(route("all", "web")), *CROSS) == []


def test_a_question_changes_nothing() -> None:
    served = serving(cluster("web"), route("all", "web"))
    before, made = served.problems, served.what_if().assembly
    served.what_if().problems(cluster("web", of="other", created=NEW))
    served.update(heard([cluster("web"), route("all", "web")]))
    assert served.problems == before
    assert made is not None
    assert set(made.made) == {each.key for each in (cluster("web"), route("all", "web"))}


def test_what_did_not_change_in_an_object_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    served = serving(cluster("web"))
    monkeypatch.setattr("legation.envoy.codec.encode", None)
    asked = cluster("web")
    assert about(served.what_if().problems(replace(asked, labels={"a": "b"})), "internal-error") == []


@pytest.mark.parametrize(("filters", "codes"), [((), ["unknown-filter"]), (("script",), [])])
def test_what_a_route_says_for_a_filter_is_held_against_the_listeners_that_take_it(
    filters: tuple[str, ...], codes: list[str]
) -> None:
    one, other = listener("one", "all", *filters), listener("other", "rest", "script", port=10001)
    served = serving(cluster("web"), one, other)
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "web"}}]
    lua = {"@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute", "disabled": True}
    host = {"name": "all", "domains": ["*"], "routes": routes, "typed_per_filter_config": {"script": lua}}
    asked = raw("Route", "all", {"name": "all", "virtual_hosts": [host]})
    assert [each.code for each in served.what_if().problems(asked)] == codes


def test_a_certificate_that_has_expired_is_a_warning() -> None:
    served = Served(owner=lambda _: None, unix_time=lambda: pairs.NOW + 10 * 365 * 86_400)
    served.update(heard([]))
    certificate = {"inline_string": pairs.certificate().decode()}
    context = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "tls_certificates": [
                {"certificate_chain": certificate, "private_key": {"inline_string": pairs.key_text().decode()}}
            ]
        },
    }
    config = {"name": "web", "type": "STATIC", "transport_socket": {"name": "tls", "typed_config": context}}
    told = served.what_if().problems(raw("Cluster", "web", config))
    assert ("expired", Level.WARNING) in {(each.code, each.level) for each in told}


def test_what_an_object_makes_of_pods_is_its_own() -> None:
    """The listener of a VirtualService leads to a cluster that is made of the Pods which it selects."""
    asked = pipes.virtual_service(pipes.listener(cluster=pipes.cluster(endpoints=[pipes.of()])))
    assert about(serving().what_if().problems(asked), *CROSS, "internal-error") == []


def test_an_object_that_is_for_every_namespace_is_read_and_held_against_nothing() -> None:
    rules = Rules(any_label=frozenset({("servicemesh.l7mp.io", "VirtualService")}))
    first, second = (pipes.virtual_service(pipes.listener(), name=name) for name in ("one", "two"))
    assert about(serving(first, rules=rules).what_if().problems(second), *CROSS) == []
    assert about(serving(first).what_if().problems(second), *CROSS) != []


def test_an_upstream_is_held_against_clusters_and_its_share_is_not_tried_out() -> None:
    """Whether its routes are there shows in its status."""
    served = serving(cluster("web"), route("all", "web"))
    fine = upstream("v2", namespace="shop", created=NEW, weight=5, routes=[{"configuration": "nowhere"}])
    assert served.what_if().problems(fine) == ()
    taken = upstream("web", namespace="shop", created=NEW)
    assert {each.code for each in served.what_if().problems(taken)} == {"duplicate-name"}
    broken = upstream(namespace="shop", weight=-1)
    assert [each.code for each in served.what_if().problems(broken)] == ["invalid-upstream"]


def test_objects_that_come_together_are_looked_at_together() -> None:
    what_if = serving().what_if()
    assert about(what_if.problems(route("all", "web")), *CROSS)
    every = what_if.together([route("all", "web"), cluster("web")])
    assert [about(each, *CROSS) for each in every] == [[], []]


def test_of_two_that_come_together_with_one_name_it_is_told_of_the_later_one() -> None:
    first, second = cluster("web", of="a"), cluster("web", of="b", created=NEW)
    one, other = serving().what_if().together([first, second])
    assert about(one, *CROSS) == []
    assert about(other, *CROSS) == [('the Cluster "web" is that of Cluster shop/a, which came first', Level.ERROR)]


def test_what_is_replaced_together_with_it_is_not_in_its_way() -> None:
    """Names are given away in one go."""
    served = serving(cluster("web", of="a"), cluster("api", of="b"))
    every = served.what_if().together([cluster("api", of="a"), cluster("web", of="b")])
    assert [about(each, *CROSS) for each in every] == [[], []]


def test_what_was_looked_at_is_not_encoded_again_when_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    served, asked = serving(), cluster("web")
    found = served.what_if(soon=True).problems(asked)
    stored = replace(asked, body={**asked.body, "metadata": {**asked.body["metadata"], "resourceVersion": "7"}})
    monkeypatch.setattr("legation.envoy.codec.encode", lambda *_, **__: pytest.fail("it is encoded again"))
    served.update(heard([stored]))
    assert served.problems == found


def test_what_was_looked_at_and_stored_otherwise_is_what_was_stored() -> None:
    served = serving(cluster("web"))
    served.what_if(soon=True).problems(cluster("other", of="web"))
    served.update(heard([cluster("third", of="web")]))
    [(_, name)] = served.names_of([cluster("web").key])
    assert name == "third"


def test_no_more_is_kept_of_what_was_looked_at_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legation.runtime.prepared.MOST", 2)
    served = serving()
    for number in range(5):
        served.what_if(soon=True).problems(cluster(f"c{number}"))
    assert [key.name for key in served._prepared._readings] == ["c3", "c4"]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(cluster("web", created=OLD), id="as it is"),
        pytest.param(route("all", "web"), id="a route as it is"),
        pytest.param(route("all", "wbe"), id="a route to something else"),
        pytest.param(listener("front", port=10001), id="another address"),
        pytest.param(listener("front", port=10002), id="an address that another has"),
        pytest.param(cluster("web", of="twin"), id="a name that another has"),
        pytest.param(cluster("web", app="edge"), id="for others"),
        pytest.param(route("lost", "nowhere"), id="something is wrong already"),
    ],
)
def test_what_is_the_same_to_others_is_not_checked_again_and_the_answer_is_the_same(asked: ManifestObject) -> None:
    objects = [
        cluster("web"),
        cluster("twin"),
        route("all", "web"),
        route("lost", "nowhere"),
        listener("front"),
        listener("back", port=10002),
    ]
    question = serving(*objects).what_if()

    assert question.problems(asked) == replace(question, said=None).problems(asked)


def test_what_is_the_same_to_others_is_held_against_nobody() -> None:
    asked: list[str] = []

    def elsewhere(_: object, name: str) -> bool:
        asked.append(name)
        return False

    routes = route("all", "nowhere")
    question = replace(serving(routes, cluster("web")).what_if(), elsewhere=elsewhere)
    assert question.problems(routes)
    assert asked

    asked.clear()
    assert replace(question, said=lambda _: ()).problems(routes) == ()
    assert not asked


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        ([cluster("web")], cluster("web", of="other", created=NEW)),
        ([listener("front")], listener("back", created=NEW)),
        ([listener("front", created=NEW)], listener("back", created=OLD)),
        ([cluster("web")], route("all", "wbe")),
        ([cluster("web")], route("all", "web")),
        ([cluster("web"), route("all", "web")], route("all", "web", of="again", created=NEW)),
    ],
    ids=["name", "address", "address-taken", "slip", "good", "route-twice"],
)
def test_by_itself_an_object_tells_nothing_of_what_is_there(
    before: list[ManifestObject], asked: ManifestObject
) -> None:
    assert serving(*before).what_if().by_itself().problems(asked) == serving().what_if().by_itself().problems(asked)
    assert not about(serving(*before).what_if().by_itself().problems(asked), *CROSS)


def test_by_itself_an_object_tells_what_is_wrong_with_it() -> None:
    broken = raw("Cluster", "web", {"name": "web", "conect": 1})
    assert [each.code for each in serving().what_if().by_itself().problems(broken)] == ["unknown-field"]
