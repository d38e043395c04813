"""What the rules of a cluster allow the caller: asked in his name, and little."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from legation.api.management.access import Deed, Principal, Verb
from legation.api.management.cluster_access import ClusterAccess
from legation.kube import access_review
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey

ANN = Principal(name="ann", proof="token of the cluster", groups=("devs",))
KINDS = [
    ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters"),
    ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps"),
]
PATIENCE = 30.0
Row = tuple[str, str, str, str, str]


class Rules:
    """What the API server says: yes to what was allowed before; `away`: nothing."""

    def __init__(self, *allowed: Row) -> None:
        self.allowed = set(allowed)
        self.asked: list[tuple[str, tuple[str, ...], Row]] = []
        self.away = False
        self.slow: asyncio.Event | None = None
        """Set when something was asked that is not answered: where it is there, only what is allowed is."""

    async def may(self, user: str, groups: Sequence[str], deed: access_review.Deed) -> access_review.Answer:
        row = (deed.verb, deed.group, deed.resource, deed.namespace, deed.name)
        self.asked.append((user, tuple(groups), row))
        if self.away:
            return access_review.Answer(allowed=False, known=False, reason="away")
        if self.slow is not None and row not in self.allowed:
            self.slow.set()
            await asyncio.get_running_loop().create_future()
        return access_review.Answer(allowed=row in self.allowed)


def deed(verb: Verb, name: str, *, kind: str = "Cluster", namespace: str = "shop") -> Deed:
    return Deed(verb=verb, key=ObjectKey("bootes.io" if kind == "Cluster" else "", kind, namespace, name))


async def answers(rules: Rules, *deeds: Deed) -> list[bool]:
    return [each.allowed for each in await ClusterAccess(rules, kinds=KINDS).may(ANN, deeds)]


async def test_the_caller_is_asked_about_by_name_and_groups() -> None:
    rules = Rules(("patch", "bootes.io", "clusters", "shop", ""))
    assert await answers(rules, deed(Verb.PATCH, "web"), deed(Verb.FORCE, "web")) == [True, True]
    assert {each[:2] for each in rules.asked} == {("ann", ("devs",))}


async def test_many_objects_of_a_namespace_cost_one_question() -> None:
    rules = Rules(("get", "bootes.io", "clusters", "shop", ""))
    assert all(await answers(rules, *(deed(Verb.GET, f"c{number}") for number in range(500))))
    assert len(rules.asked) == 1


async def test_a_right_to_one_object_is_enough_for_that_one() -> None:
    rules = Rules(("get", "bootes.io", "clusters", "shop", "web"))
    assert await answers(rules, deed(Verb.GET, "web"), deed(Verb.GET, "other")) == [True, False]


async def test_other_verbs_kinds_and_namespaces_are_not_allowed_by_it() -> None:
    rules = Rules(("get", "bootes.io", "clusters", "shop", ""))
    found = await answers(
        rules,
        deed(Verb.PATCH, "web"),
        deed(Verb.DELETE, "web"),
        deed(Verb.GET, "web", namespace="edge"),
        deed(Verb.GET, "web", kind="ConfigMap"),
        deed(Verb.GET, "web", kind="Secret"),
    )
    assert found == [False] * 5


async def test_while_nobody_can_tell_nothing_is_allowed_and_that_is_said() -> None:
    rules = Rules()
    rules.away = True
    access = ClusterAccess(rules, kinds=KINDS)
    (answer,) = await access.may(ANN, [deed(Verb.GET, "web")])
    assert (answer.allowed, answer.known) == (False, False)
    sight = await access.sight(ANN, Verb.LIST, group="", kind="", namespace="shop")
    assert sight.refused is not None
    assert not sight.refused.known


async def test_while_nobody_can_tell_it_is_not_asked_of_each_object() -> None:
    rules = Rules()
    rules.away = True
    found = await ClusterAccess(rules, kinds=KINDS).may(ANN, [deed(Verb.GET, f"c{number}") for number in range(500)])
    assert {(each.allowed, each.known) for each in found} == {(False, False)}
    assert len(rules.asked) == 1


async def test_a_call_that_has_much_to_ask_does_not_keep_others_from_asking() -> None:
    rules = Rules(("get", "bootes.io", "clusters", "edge", ""))
    rules.slow = asyncio.Event()
    access = ClusterAccess(rules, kinds=KINDS)
    much = asyncio.create_task(access.may(ANN, [deed(Verb.GET, "web", namespace=f"n{each}") for each in range(500)]))
    async with asyncio.timeout(PATIENCE):
        await rules.slow.wait()
        (answer,) = await access.may(ANN, [deed(Verb.GET, "web", namespace="edge")])
    assert answer.allowed
    assert len(rules.asked) < 20
    much.cancel()


async def test_a_list_shows_the_kinds_that_may_be_listed_there() -> None:
    rules = Rules(("list", "bootes.io", "clusters", "shop", ""))
    access = ClusterAccess(rules, kinds=KINDS)
    sight = await access.sight(ANN, Verb.LIST, group="", kind="", namespace="shop")
    assert (sight.refused, sight.whole) == (None, False)
    assert sight(ObjectKey("bootes.io", "Cluster", "shop", "web"))
    assert not sight(ObjectKey("bootes.io", "Cluster", "edge", "web"))
    assert not sight(ObjectKey("", "ConfigMap", "shop", "web"))
    assert not sight(None)
    everywhere = await access.sight(ANN, Verb.LIST, group="", kind="", namespace="")
    assert everywhere.refused is not None
    assert (await access.sight(ANN, Verb.LIST, group="", kind="Secret", namespace="shop")).refused is not None


async def test_who_may_list_all_everywhere_sees_all() -> None:
    rules = Rules(("watch", "bootes.io", "clusters", "", ""), ("watch", "", "configmaps", "", ""))
    sight = await ClusterAccess(rules, kinds=KINDS).sight(ANN, Verb.WATCH, group="", kind="", namespace="")
    assert sight.whole
    assert sight(None)
