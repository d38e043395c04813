"""Each way in for a real Envoy: what it shows, and how it asks."""

from __future__ import annotations

import pytest

from demo.programs import free_ports
from legation.model.node import split_node_id
from tests.envoy.polling import poll
from tests.envoy.trusted import NODE, Trusted, client_pair, server_pair
from tests.envoy.world import World

SPIFFE_ID = "spiffe://legation.test/ns/legation/sa/legation"


@pytest.fixture(params=["delta", "sotw", "rest"])
def way(request: pytest.FixtureRequest) -> str:
    """How Envoy asks."""
    return str(request.param)


async def served(trusted: Trusted, auth: str, way: str, *server: str) -> None:
    """See that an Envoy is served by a server of these options."""
    (rest,) = free_ports(1)
    if way == "rest":
        poll(trusted.world.manifests, patience="10s")
    await trusted.world.serve("--rest-port", str(rest), *server)
    await trusted.launch(auth, f"--{way}", port=rest if way == "rest" else trusted.world.xds)
    await trusted.served()
    await trusted.world.no_problems()


async def test_by_a_certificate_of_its_node_id(world: World, way: str) -> None:
    trusted = Trusted(world)
    await served(trusted, "certificate", way, *trusted.mutual)
    assert "edge-0.default" in await world.proxies()


async def test_by_the_token_of_its_pod(world: World, way: str) -> None:
    trusted = Trusted(world)
    await served(trusted, "token", way, *trusted.by_token)
    assert "edge-0.default" in await world.proxies()


async def test_by_nothing_where_only_the_server_has_to_prove_itself(world: World, way: str) -> None:
    trusted = Trusted(world)
    await served(trusted, "none", way, *trusted.tls)


@pytest.mark.parametrize(
    ("host", "options", "names"),
    [
        pytest.param("127.0.0.1", (), ["127.0.0.1"], id="an address"),
        pytest.param("[::1]", (), ["::1"], id="an IPv6 address"),
        pytest.param("localhost", ("--server-name", "a.legation.svc"), ["*.legation.svc"], id="any name of a domain"),
        pytest.param("localhost", ("--server-name", SPIFFE_ID), [SPIFFE_ID], id="a SPIFFE ID"),
    ],
)
async def test_to_a_server_that_is_known_by(
    world: World, host: str, options: tuple[str, ...], names: list[str]
) -> None:
    trusted = Trusted(world)
    trusted.show(server_pair(trusted.servers, names=names))
    await world.serve(*trusted.tls)
    await trusted.launch("none", *options, host=host)
    await trusted.served()


async def test_by_a_token_beside_those_with_certificates(world: World) -> None:
    """At a port of their own, for gRPC either asks all of a port for a certificate or nobody."""
    trusted = Trusted(world)
    (port,) = free_ports(1)
    await world.serve(*trusted.mutual, *trusted.by_token[2:], "--xds-token-port", str(port))
    await trusted.launch("token", port=port)
    await trusted.served()
    with_certificate = world.another_envoy(await trusted.bootstrap("certificate"))
    await with_certificate.until(with_certificate.ready)


async def test_by_the_certificate_of_its_service_account(world: World) -> None:
    trusted = Trusted(world)
    name, namespace = split_node_id(NODE)
    pod = {"metadata": {"name": name, "namespace": namespace}, "spec": {"serviceAccountName": "edge"}}
    world.save("pod.yaml", {"apiVersion": "v1", "kind": "Pod", **pod})
    trusted.give(pair=client_pair(trusted.clients, "spiffe://legation.test/ns/default/sa/other"))
    await world.serve(*trusted.mutual)
    await trusted.launch("certificate")
    await trusted.denied("other-node")
    await trusted.not_served()
    trusted.give(pair=client_pair(trusted.clients, "spiffe://legation.test/ns/default/sa/edge"))
    await world.kill_serving()
    await world.serve(*trusted.mutual)
    await trusted.served()


async def test_who_would_be_refused_is_served_and_told_where_it_is_only_reported(world: World) -> None:
    """The way over, for those who have Envoys already."""
    trusted = Trusted(world)
    await world.serve(*trusted.by_token, "--identity-check", "report")
    await trusted.launch("none")
    await trusted.served()
    assert NODE in await trusted.denied("no-proof", metric="legation_denied_reported_total")


async def test_load_is_reported_by_who_has_proven_who_it_is(world: World) -> None:
    """A stream of its own, with a token of its own."""
    trusted = Trusted(world)
    await world.serve(*trusted.by_token, "--load-interval", "1s")
    await trusted.launch("token", "--loads")
    await trusted.served()

    async def told() -> bool:
        return 'legation_upstream_requests_total{cluster="blue"' in await world.metrics()

    async with world.load():
        await world.until(told, "reports of load")


async def test_no_page_of_envoy_shows_a_token_or_a_key(world: World) -> None:
    trusted = Trusted(world)
    await world.serve(*trusted.by_token)
    await trusted.launch("token")
    await trusted.served()
    held = (trusted.own / "token").read_text()
    for page in ("/config_dump?include_eds", "/clusters", "/certs", "/stats", "/init_dump"):
        assert held not in await world.envoy.ask(page)
