"""The client status service over real calls."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.service.status.v3 import csds_pb2

from legation.model.client_config import ConfigStatus, ResourceConfig
from legation.model.node import Node
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, SECRET
from legation.transports import csds
from tests.unit.transports.loopback import PATIENCE, FakeConfig, FakeFeed, Loopback, serving

EDGE = Node(
    id="edge-1",
    cluster="edge",
    metadata={"labels": {"app": "web"}, "api_token": "hunter2", "weight": 3.0, "zones": ["a", "b"], "none": None},
    user_agent="envoy 1.40.0",
    features=frozenset({"some.feature"}),
)
OTHER = Node(id="other")


def shown(name: str, status: ConfigStatus = ConfigStatus.SYNCED, **more: Any) -> ResourceConfig:
    """Return a cluster of a client."""
    body = cluster_pb2.Cluster(name=name).SerializeToString()
    made = Resource(type=CLUSTER, name=name, body=body, version=f"v-{name}")
    return ResourceConfig(**{"resource": made, "status": status, "sent_ago": 2.0, **more})


def feed(*configs: FakeConfig) -> FakeFeed:
    made = FakeFeed()
    made.configs = list(configs)
    return made


async def ask(served: Loopback, **question: Any) -> Any:
    """Ask once."""
    call: Any = served.channel.unary_unary(f"/{csds.SERVICE}/{csds.FETCH}")
    answer = await call(csds_pb2.ClientStatusRequest(**question).SerializeToString(), timeout=PATIENCE)
    return csds_pb2.ClientStatusResponse.FromString(answer)


async def matched(*matchers: dict[str, Any]) -> list[str]:
    """Return the ids of the nodes that the matchers fit."""
    async with serving(feed(FakeConfig(EDGE), FakeConfig(OTHER)), client_status=True) as served:
        return [each.node.id for each in (await ask(served, node_matchers=matchers)).config]


async def test_each_resource_is_shown_with_what_became_of_it() -> None:
    members = [
        shown("synced"),
        shown("late", ConfigStatus.NOT_SENT, sent_ago=None),
        shown("stale", ConfigStatus.STALE),
        shown("bad", ConfigStatus.ERROR, words="no good", refused_ago=1.0),
    ]
    async with serving(feed(FakeConfig(EDGE, members)), client_status=True) as served:
        (config,) = (await ask(served)).config
    synced, late, stale, bad = config.generic_xds_configs
    assert [each.config_status for each in (synced, late, stale, bad)] == [
        csds_pb2.SYNCED,
        csds_pb2.NOT_SENT,
        csds_pb2.STALE,
        csds_pb2.ERROR,
    ]
    assert (synced.type_url, synced.name, synced.version_info) == (CLUSTER.url, "synced", "v-synced")
    assert cluster_pb2.Cluster.FromString(synced.xds_config.value).name == "synced"
    assert 1.0 < time.time() - synced.last_updated.ToNanoseconds() / 1e9 < 2.0 + PATIENCE
    assert not late.HasField("last_updated")
    assert (bad.error_state.details, bad.error_state.version_info) == ("no good", "v-bad")
    assert bad.error_state.HasField("last_update_attempt")
    assert not stale.HasField("error_state")
    assert not config.xds_config
    assert {each.client_status for each in config.generic_xds_configs} == {0}


async def test_the_node_is_told_without_what_looks_like_a_secret() -> None:
    async with serving(feed(FakeConfig(EDGE)), client_status=True) as served:
        node = (await ask(served)).config[0].node
    assert (node.id, node.cluster, node.user_agent_name, node.user_agent_version) == (
        "edge-1",
        "edge",
        "envoy",
        "1.40.0",
    )
    assert node.metadata["labels"]["app"] == "web"
    assert node.metadata["api_token"] == "[redacted]"
    assert list(node.client_features) == ["some.feature"]


async def test_contents_can_be_left_out_and_those_of_secrets_always_are() -> None:
    secret = Resource(type=SECRET, name="key", body=b"hunter2", version="v")
    members = [shown("one"), ResourceConfig(resource=secret, status=ConfigStatus.SYNCED, sent_ago=1.0)]
    async with serving(feed(FakeConfig(EDGE, members)), client_status=True) as served:
        (full,) = (await ask(served)).config
        (bare,) = (await ask(served, exclude_resource_contents=True)).config
    assert [each.HasField("xds_config") for each in full.generic_xds_configs] == [True, False]
    assert [each.HasField("xds_config") for each in bare.generic_xds_configs] == [False, False]
    assert full.generic_xds_configs[1].name == "key"
    assert b"hunter2" not in full.SerializeToString()


async def test_every_question_of_a_stream_is_answered() -> None:
    async with serving(feed(FakeConfig(EDGE)), client_status=True) as served:
        call: Any = served.channel.stream_stream(f"/{csds.SERVICE}/{csds.STREAM}")()
        async with asyncio.timeout(PATIENCE):
            for _ in range(3):
                await call.write(csds_pb2.ClientStatusRequest().SerializeToString())
                assert len(csds_pb2.ClientStatusResponse.FromString(await call.read()).config) == 1
            await call.write(b"\xff")
            assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT


def at(*path: str, **value: Any) -> dict[str, Any]:
    """Return a NodeMatcher of metadata."""
    return {"node_metadatas": [{"path": [{"key": key} for key in path], "value": value}]}


@pytest.mark.parametrize(
    "matcher",
    [
        {"node_id": {"exact": "edge-1"}},
        {"node_id": {"prefix": "EDGE", "ignore_case": True}},
        {"node_id": {"suffix": "-1"}},
        {"node_id": {"contains": "ge-"}},
        at("labels", "app", string_match={"exact": "web"}),
        at("labels", "app", present_match=True),
        at("weight", double_match={"exact": 3.0}),
        at("weight", double_match={"range": {"start": 3.0, "end": 4.0}}),
        at("zones", list_match={"one_of": {"string_match": {"exact": "b"}}}),
        at("labels", "app", or_match={"value_matchers": [{"bool_match": True}, {"string_match": {"exact": "web"}}]}),
        at("none", null_match={}),
        {**at("labels", "app", string_match={"exact": "web"}), "node_id": {"exact": "edge-1"}},
    ],
)
async def test_nodes_are_matched_by_id_and_metadata(matcher: dict[str, Any]) -> None:
    assert await matched(matcher) == ["edge-1"]


@pytest.mark.parametrize(
    "matcher",
    [
        {"node_id": {"exact": "Edge-1"}},
        {**at("labels", "app", string_match={"exact": "web"}), "node_id": {"exact": "other"}},
        at("labels", "app", bool_match=True),
        at("labels", "app", "deeper", present_match=True),
        at("weight", double_match={"range": {"start": 0.0, "end": 3.0}}),
        at("weight", string_match={"exact": "3"}),
        at("labels", double_match={"exact": 3.0}),
    ],
)
async def test_who_does_not_fit_is_not_shown(matcher: dict[str, Any]) -> None:
    assert await matched(matcher) == []


async def test_one_of_several_matchers_is_enough_and_none_means_all() -> None:
    both = ["edge-1", "other"]
    assert await matched({"node_id": {"exact": "edge-1"}}, {"node_id": {"exact": "other"}}) == both
    assert await matched() == both


@pytest.mark.parametrize(
    "matcher",
    [
        {"node_id": {"safe_regex": {"regex": "(a+)+$"}}},
        {"node_id": {}},
        at("labels"),
        at(present_match=True),
    ],
)
async def test_a_matcher_that_is_not_supported_is_refused(matcher: dict[str, Any]) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="node_matchers") as refused:
        await matched(matcher)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_answer_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csds, "ANSWER_LIMIT", 1000)
    members = [shown("x" * 900), shown("y" * 900)]
    async with serving(feed(FakeConfig(EDGE, members)), client_status=True) as served:
        with pytest.raises(grpc.aio.AioRpcError, match="node_matchers"):
            await ask(served)
        stream: Any = served.channel.stream_stream(f"/{csds.SERVICE}/{csds.STREAM}")()
        await stream.write(b"")
        async with asyncio.timeout(PATIENCE):
            assert await stream.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_it_is_served_only_where_that_is_wanted() -> None:
    async with serving(feed(FakeConfig(EDGE, [shown("one")]))) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await ask(served)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
