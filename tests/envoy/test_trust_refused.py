"""Each way to fail for a real Envoy: it gets nothing, both sides say why, and it is served once the cause is mended."""

from __future__ import annotations

import re

import pytest

from demo.programs import free_ports
from legation.pki.certificates import Pair
from tests.envoy.polling import poll
from tests.envoy.tokens import Issuer
from tests.envoy.trusted import (
    HOUR,
    NODE,
    OTHER,
    Trusted,
    client_pair,
    new_authority,
    of_node,
    server_pair,
)
from tests.envoy.world import World

ON_CONNECTING = "upstream_cx_connect_fail"
"""Envoy's count of connections that came to nothing."""


async def test_a_server_of_another_authority_is_told_nothing(world: World) -> None:
    """Neither a node id nor a token: the handshake is before both."""
    trusted = Trusted(world)
    trusted.give(ca=[new_authority()])
    await world.serve(*trusted.by_token)
    await trusted.launch("token")
    await trusted.count("ssl.fail_verify_error")
    await trusted.not_served()
    trusted.give(ca=[trusted.servers])
    await trusted.served()


async def test_a_server_of_another_name_is_told_nothing(world: World) -> None:
    """An honest certificate of the same authority, but not legation's."""
    trusted = Trusted(world)
    trusted.show(server_pair(trusted.servers, names=["other.default.svc"]))
    await world.serve(*trusted.by_token)
    await trusted.launch("token")
    await trusted.count("ssl.fail_verify_san")
    await trusted.not_served()
    trusted.show(server_pair(trusted.servers))
    await trusted.served()


@pytest.mark.parametrize("kind", ["of another authority", "expired", "not yet valid"])
async def test_a_certificate_that_is_not_good_opens_nothing(world: World, kind: str) -> None:
    trusted = Trusted(world)
    trusted.give(pair=_bad(trusted, kind))
    await world.serve(*trusted.mutual)
    await trusted.launch("certificate")
    await trusted.count("upstream_cx_destroy")
    await trusted.not_served()
    trusted.give(pair=client_pair(trusted.clients))
    await trusted.served()


def _bad(trusted: Trusted, kind: str) -> Pair:
    match kind:
        case "expired":
            return client_pair(trusted.clients, begins=-2 * HOUR, seconds=HOUR)
        case "not yet valid":
            return client_pair(trusted.clients, begins=HOUR)
        case _:
            return client_pair(new_authority())


async def test_no_certificate_opens_nothing_where_one_is_wanted(world: World) -> None:
    trusted = Trusted(world)
    await world.serve(*trusted.mutual)
    await trusted.launch("none")
    await trusted.count("upstream_cx_destroy")
    await trusted.not_served()


@pytest.mark.parametrize(
    "stolen", [pytest.param(OTHER, id="of another namespace"), pytest.param("edge-1.default", id="of a neighbour")]
)
async def test_an_honest_certificate_is_nobody_else(world: World, stolen: str) -> None:
    """Whose it is, and not what it says that it is, is whom it may be."""
    trusted = Trusted(world)
    await world.serve(*trusted.mutual)
    await trusted.launch("certificate", node=stolen)
    told = await trusted.denied("other-node")
    assert of_node(NODE) in told
    await trusted.logged("gRPC config stream to xds_cluster closed")
    assert await refusal(trusted) == "7"
    await trusted.not_served()
    trusted.give(pair=client_pair(trusted.clients, of_node(stolen)))
    # The connection has shown what it has shown: a new one is needed.
    await world.kill_serving()
    await world.serve(*trusted.mutual)
    await world.envoy.until(world.envoy.ready)


async def test_a_certificate_of_no_rule_is_nobody(world: World) -> None:
    trusted = Trusted(world)
    trusted.give(pair=client_pair(trusted.clients, "spiffe://legation.test/something/else"))
    await world.serve(*trusted.mutual)
    await trusted.launch("certificate")
    await trusted.denied("no-rule")
    await trusted.not_served()


@pytest.mark.parametrize("kind", ["of another audience", "expired", "of another issuer"])
async def test_a_token_that_is_not_good_opens_nothing(world: World, kind: str) -> None:
    trusted = Trusted(world)
    bad = {
        "of another audience": trusted.issuer.token(NODE, audience="https://kubernetes.default.svc"),
        "expired": trusted.issuer.token(NODE, ends=-60),
        "of another issuer": Issuer().token(NODE),
    }[kind]
    trusted.give(token=bad)
    await world.serve(*trusted.by_token)
    await trusted.launch("token")
    told = await trusted.denied("bad-token")
    assert await refusal(trusted) == "16"
    await trusted.not_served()
    trusted.give(token=trusted.issuer.token(NODE))
    await trusted.served()
    for shown in (told, world.envoy.log.read_text(), (world.folder / "legation.log").read_text()):
        assert bad not in shown
        assert bad.rpartition(".")[2] not in shown


async def test_a_token_of_another_namespace_opens_nothing_of_this_one(world: World) -> None:
    trusted = Trusted(world)
    trusted.give(token=trusted.issuer.token(OTHER))
    await world.serve(*trusted.by_token)
    await trusted.launch("token")
    await trusted.denied("other-node")
    assert await refusal(trusted) == "7"
    await trusted.not_served()
    trusted.give(token=trusted.issuer.token(NODE))
    await trusted.served()


async def test_no_token_at_all_opens_nothing_where_one_is_wanted(world: World) -> None:
    trusted = Trusted(world)
    await world.serve(*trusted.by_token)
    await trusted.launch("none")
    await trusted.denied("no-proof")
    assert await refusal(trusted) == "16"
    await trusted.not_served()


@pytest.mark.parametrize("kind", ["certificate", "token"])
async def test_who_polls_is_refused_likewise(world: World, kind: str) -> None:
    """Of REST all ports ask for a certificate where one is wanted, and each poll shows its own token."""
    trusted = Trusted(world)
    poll(world.manifests, patience="10s")
    trusted.give(pair=client_pair(new_authority()), token=trusted.issuer.token(OTHER))
    (port,) = free_ports(1)
    await world.serve("--rest-port", str(port), *(trusted.mutual if kind == "certificate" else trusted.by_token))
    await trusted.launch(kind, "--rest", port=port)
    if kind == "token":
        await trusted.denied("other-node")
    else:
        await trusted.count("upstream_cx_destroy")
    await trusted.not_served()
    trusted.give(pair=client_pair(trusted.clients), token=trusted.issuer.token(NODE))
    await trusted.served()


async def test_who_is_trusted_no_more_comes_to_nothing_when_it_asks_anew(world: World) -> None:
    """What it has it goes on with; it comes to nothing when it asks anew."""
    trusted = Trusted(world)
    await world.serve(*trusted.mutual)
    await trusted.launch("certificate")
    await trusted.served()
    trusted.trust(new_authority())
    await world.kill_serving()
    await world.serve(*trusted.mutual)
    await trusted.count("upstream_cx_destroy", least=2)
    assert "no Envoy is connected" in await world.proxies()
    trusted.trust(trusted.clients)
    await trusted.connected()


async def test_tls_1_2_is_not_spoken_where_1_3_is_the_oldest(world: World) -> None:
    trusted = Trusted(world)
    await world.serve(*trusted.mutual, "--tls-min-version", "1.3")
    made = await trusted.bootstrap("certificate")
    tls = made["static_resources"]["clusters"][0]["transport_socket"]["typed_config"]["common_tls_context"]
    tls["tls_params"]["tls_maximum_protocol_version"] = "TLSv1_2"
    world.launch_envoy(made)
    await trusted.count("upstream_cx_connect_fail")
    await trusted.not_served()
    newest = world.another_envoy(await trusted.bootstrap("certificate"))
    await newest.until(newest.ready)


async def test_plaintext_on_a_port_of_tls_is_cut_at_once(world: World) -> None:
    """There is no way back to it, not even for a server that wants no proof."""
    trusted = Trusted(world)
    await world.serve(*trusted.tls)
    world.launch_envoy(await world.bootstrap("delta"))
    await trusted.count("upstream_cx_destroy")
    await trusted.not_served()


async def test_tls_on_a_port_of_plaintext_comes_to_nothing(world: World) -> None:
    """An Envoy that was told to trust sends its token to nobody else."""
    trusted = Trusted(world)
    await world.serve()
    await trusted.launch("token")
    await trusted.count(ON_CONNECTING)
    await trusted.not_served()


async def refusal(trusted: Trusted) -> str:
    """Return the gRPC status with which the stream was closed, as Envoy's log has it."""
    words = re.compile(r"DeltaAggregatedResources gRPC config stream to xds_cluster closed(?: since \S+ ago)?: (\d+),")

    async def closed() -> str | None:
        found = words.search(trusted.world.envoy.log.read_text(errors="replace"))
        return found[1] if found else None

    status: str = await trusted.world.until(closed, "a refusal in Envoy's log")
    return status
