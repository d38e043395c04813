"""The API server is away, or legation is: requests go on, Envoys are told nothing, and what comes after arrives."""

from __future__ import annotations

import pytest

from legation.envoy.bootstrap import Variant
from tests.cluster import manifests
from tests.cluster.stage import Proxy, Stage
from tests.envoy.world import GRACES

pytestmark = pytest.mark.timeout(180)

_LOADED = (
    r"^cluster_manager\.(cds\.(version|update_success|update_rejected)|cluster_(added|modified|removed))$"
    r"|^listener_manager\.(lds\.(version|update_success|update_rejected)|listener_(added|modified|removed))$"
    r"|^cluster\.(blue|green)\.(version|update_success|update_rejected|update_empty|membership_change)$"
    r"|^http\.front\.rds\.all\.(version|config_reload|update_success|update_rejected)$"
)
"""What Envoy has taken from its control plane."""


async def all_loaded(edge: Proxy) -> dict[str, int]:
    """Wait until Envoy has taken everything that there is at first, and return what that was."""
    first = ("cluster.blue.membership_change", "cluster.green.membership_change", "http.front.rds.all.config_reload")
    await edge.count_to(dict.fromkeys(first, 1))
    before = await edge.envoy.statistics(_LOADED)
    assert before["cluster_manager.cds.version"]
    assert before["cluster.blue.membership_change"] == 1
    return before


def without_the_change(before: dict[str, int], after: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return what Envoy has taken but for one other version of its routes."""
    name = "http.front.rds.all"
    expected = {**before, f"{name}.config_reload": before[f"{name}.config_reload"] + 1}
    expected[f"{name}.update_success"] += 1
    assert after[f"{name}.version"] != before[f"{name}.version"]
    return {**expected, f"{name}.version": 0}, {**after, f"{name}.version": 0}


@pytest.mark.parametrize("crash", [False, True], ids=["restart", "crash"])
async def test_an_api_server_that_is_away_changes_nothing(stage: Stage, *, crash: bool) -> None:
    """Nor does it when it comes back. An Envoy that comes meanwhile gets what was known last; changes come later."""
    namespace = stage.namespace
    replica = await stage.serve(*GRACES)
    await stage.shop("blue", "green")
    edge = await stage.envoy()
    late = stage.pod("edge-1")
    await edge.serves()
    async with edge.load() as load:
        await edge.shares(load, blue=1, green=0)
        await replica.no_problem("watch")
        before = await all_loaded(edge)
        async with stage.without_api(crash=crash):
            await replica.problem("API server")
            newcomer = stage.launch("edge-1", late)
            await newcomer.serves()
            await edge.more_answers(load)
            assert "ready" in await replica.ready()
        async with newcomer.load() as load_of_newcomer:
            stage.apply(manifests.route(namespace, "green"))
            await edge.shares(load, blue=0, green=1)
            await newcomer.shares(load_of_newcomer, blue=0, green=1)
        expected, after = without_the_change(before, await edge.envoy.statistics(_LOADED))
    assert after == expected


@pytest.mark.parametrize(("variant", "crash"), [("delta", True), ("sotw", False)], ids=["delta-crash", "sotw-restart"])
async def test_a_restart_of_legation_is_not_noticed(stage: Stage, variant: Variant, *, crash: bool) -> None:
    """Envoy loads nothing anew but what has changed, and nothing of it fails."""
    replica = await stage.serve(*GRACES)
    await stage.shop("blue", "green")
    edge = await stage.envoy(variant=variant)
    await edge.serves()
    async with edge.load() as load:
        await edge.shares(load, blue=1, green=0)
        before = await all_loaded(edge)
        if crash:
            await replica.kill()
        else:
            assert await replica.stop() == 0
        await edge.more_answers(load)
        await replica.start(*GRACES)

        async def back() -> bool:
            return edge.node in await replica.proxies()

        await replica.until(back, "the Envoy that comes back")
        if variant == "sotw":
            # Who asks for names is answered, and takes what it has for no change.
            asked = [f"{each}.update_success" for each in ("cluster.blue", "cluster.green", "http.front.rds.all")]
            before |= {name: before[name] + 1 for name in asked}
            await edge.count_to({name: before[name] for name in asked})
        # What is answered after a change has passed everything that the server had to say before.
        stage.apply(manifests.route(stage.namespace, "green"))
        await edge.shares(load, blue=0, green=1)
        expected, after = without_the_change(before, await edge.envoy.statistics(_LOADED))
    assert after == expected
