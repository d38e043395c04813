"""Two replicas that limit the age of connections: Envoys move between them, and requests never notice."""

from __future__ import annotations

from contextlib import AsyncExitStack

from tests.cluster import manifests
from tests.cluster.stage import Proxy, Stage

AGE = ("--max-connection-age", "1s", "--max-connection-age-grace", "0.2s")
ENVOYS = 4
_NEVER = (
    r"^cluster_manager\.(cds\.update_rejected|cluster_modified|cluster_removed)$"
    r"|^listener_manager\.(lds\.update_rejected|listener_modified|listener_removed)$"
    r"|^cluster\.web\.update_(rejected|empty)$|^http\.front\.rds\.all\.update_rejected$"
)
"""What would tell that a replica had something else to say than the other."""


async def test_connections_move_between_replicas_and_no_request_fails(stage: Stage) -> None:
    """Every Envoy is seen on both; changes arrive meanwhile, wherever it is."""
    for _ in range(2):
        await stage.serve(*AGE)
    backends = await stage.shop("web", "other")
    third = await stage.backend("third")
    envoys = [await stage.envoy(f"edge-{number}", variant=("delta", "sotw")[number % 2]) for number in range(ENVOYS)]
    for each in envoys:
        await each.serves()
    async with AsyncExitStack() as stack:
        loads = [await stack.enter_async_context(each.load()) for each in envoys]
        stage.apply(manifests.endpoint_slice(stage.namespace, "web", [backends["web"], third]))
        for each, load in zip(envoys, loads, strict=True):
            await each.shares(load, web=0.5, third=0.5)
        await everybody_on_both(stage, envoys)
        stage.apply(manifests.route(stage.namespace, "other"))
        for each, load in zip(envoys, loads, strict=True):
            await each.shares(load, other=1, web=0, third=0)
        # A rollout: one of them ends in order.
        one, two = stage.replicas
        assert await one.stop() == 0
        stage.apply(manifests.route(stage.namespace, "web"))
        for each, load in zip(envoys, loads, strict=True):
            await each.shares(load, web=0.5, third=0.5)
    for each in envoys:
        assert set((await each.envoy.statistics(_NEVER)).values()) == {0}
    for replica in stage.replicas:
        assert "error" not in {line["level"] for line in replica.lines()}
    await two.no_problem(stage.namespace)


async def everybody_on_both(stage: Stage, envoys: list[Proxy]) -> None:
    """Wait until each Envoy has come to each replica from now on."""
    pairs = [(replica, each.node) for replica in stage.replicas for each in envoys]
    before = [replica.connected(node) for replica, node in pairs]

    async def came() -> bool:
        now = [replica.connected(node) for replica, node in pairs]
        return all(more > less for more, less in zip(now, before, strict=True))

    await stage.replicas[0].until(came, "every Envoy on both replicas")
