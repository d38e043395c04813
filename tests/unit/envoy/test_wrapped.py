from __future__ import annotations

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.duration_pb2 import Duration

from legation.envoy import codec
from legation.errors import InvalidResource

WRAPPER = "type.googleapis.com/envoy.service.discovery.v3.Resource"
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
WEB = {"@type": CLUSTER, "name": "web"}


def test_what_is_said_besides_the_content_does_not_change_the_version() -> None:
    bare = codec.encode(WEB).resource
    encoded = codec.encode({"@type": WRAPPER, "ttl": "30s", "aliases": ["w"], "resource": WEB})
    assert encoded.findings == ()
    resource = encoded.resource
    assert bare is not None
    assert resource is not None
    assert (resource.name, resource.ttl, resource.aliases) == ("web", 30.0, ("w",))
    assert (resource.version, resource.body) == (bare.version, bare.body)
    assert resource.fingerprint != bare.fingerprint


def test_a_name_outside_serves_what_has_none_inside() -> None:
    endpoint = {"@type": "type.googleapis.com/envoy.config.endpoint.v3.LbEndpoint"}
    resource = codec.encode({"@type": WRAPPER, "name": "xdstp://a/b/c", "resource": endpoint}).resource
    assert resource is not None
    assert resource.name == "xdstp://a/b/c"


@pytest.mark.parametrize("ttl", ["0s", "-5s", "0.2s", "400000000s"])
def test_a_ttl_that_cannot_be_kept_up_is_a_problem_with_its_place(ttl: str) -> None:
    encoded = codec.encode({"@type": WRAPPER, "ttl": ttl, "resource": WEB})
    assert encoded.resource is None
    assert [(each.code, each.path) for each in encoded.findings] == [("bad-ttl", ("ttl",))]


@pytest.mark.parametrize(
    ("wrapped", "code", "path"),
    [
        ({"ttl": "30s"}, "missing-field", ()),
        ({"ttl": "soon", "resource": WEB}, "bad-value", ("ttl",)),
        ({"version": "7", "resource": WEB}, "not-served", ("version",)),
        ({"resource": {**WEB, "nmae": 1}}, "unknown-field", ("resource", "nmae")),
        ({"resource": 5}, "wrong-type", ("resource",)),
        ({"resource": {"@type": WRAPPER, "resource": WEB}}, "unknown-type", ("resource", "@type")),
    ],
)
def test_what_is_wrong_in_and_around_it_is_told_with_its_place(
    wrapped: dict[str, object], code: str, path: tuple[str, ...]
) -> None:
    findings = codec.encode({"@type": WRAPPER, **wrapped}).findings
    assert (code, path) in [(each.code, each.path) for each in findings]


def test_a_message_may_be_wrapped_too() -> None:
    message = discovery_pb2.Resource(name="web", version="7", ttl=Duration(seconds=5), aliases=["w"])
    message.resource.Pack(cluster_pb2.Cluster(name="web"))
    resource = codec.from_message(message)
    assert (resource.name, resource.version, resource.ttl, resource.aliases) == ("web", "7", 5.0, ("w",))


def test_a_program_may_say_the_ttl() -> None:
    assert codec.from_message(cluster_pb2.Cluster(name="web"), ttl=5).ttl == 5
    with pytest.raises(InvalidResource, match="1s to"):
        codec.from_message(cluster_pb2.Cluster(name="web"), ttl=0)
    with pytest.raises(InvalidResource, match="1s to"):
        codec.from_any(CLUSTER, cluster_pb2.Cluster(name="web").SerializeToString(), ttl=float("nan"))
