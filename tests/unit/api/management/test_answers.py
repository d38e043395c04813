from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from legation.api.management import answers, structs
from legation.management.v1 import management_pb2 as pb
from legation.model.delivery import Delivery, Refusal
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Level, Problem
from legation.model.proxy_status import RefusedResource
from legation.model.resource_types import CLUSTER
from legation.model.stored import Applied, Outcome, Owner
from legation.runtime.acceptance import Acceptance, RefusedBy
from tests.unit.api.management.stores import stored

if TYPE_CHECKING:
    import pytest
    from google.protobuf.struct_pb2 import Struct

KEY = ObjectKey("bootes.io", "Cluster", "default", "web")


def test_a_problem_is_told_with_all_that_is_known() -> None:
    found = answers.problem(
        Problem(
            code="unknown-field",
            message="m",
            level=Level.WARNING,
            object=KEY,
            place=Place("a.yaml", 1, 2),
            path=("spec", "list", 0),
            mend="x",
        )
    )
    assert (found.code, found.level, found.path, found.place) == (
        "unknown-field",
        "warning",
        "spec.list[0]",
        "a.yaml:1:2",
    )
    assert found.object.name == "web"
    assert not answers.problem(Problem(code="c", message="m")).HasField("object")


async def test_a_manifest_is_told_as_a_struct_or_as_a_text() -> None:
    it, manifests = stored(port=80), answers.Manifests()
    struct = await manifests.told(it)
    assert json_format.MessageToDict(struct.manifest)["spec"] == {"port": 80}
    assert (struct.text, struct.object.resource_version) == ("", "1")
    text = await manifests.told(it, form=pb.FORM_TEXT)
    assert json.loads(text.text) == it.body
    assert not text.HasField("manifest")


async def test_secrets_are_told_to_who_may_see_them() -> None:
    it, manifests = stored(password="hunter2"), answers.Manifests()
    assert "hunter2" not in str(await manifests.told(it))
    assert "hunter2" not in str(await manifests.told(it, form=pb.FORM_TEXT))
    assert "hunter2" in str(await manifests.told(it, secrets=True))
    assert "hunter2" not in str(await manifests.told(it))


async def test_who_owns_what_is_told_to_who_asks() -> None:
    it, manifests = stored(), answers.Manifests()
    owner = Owner(manager="me", api_version="v1", time="2026-01-01T00:00:00Z", fields={"spec": {}})
    owned = type(it)(key=it.key, body=it.body, owners=(owner,))
    assert "managedFields" not in (await manifests.told(owned, form=pb.FORM_TEXT)).text
    told = json.loads((await manifests.told(owned, form=pb.FORM_TEXT, managed_fields=True)).text)
    assert told["metadata"]["managedFields"][0]["manager"] == "me"


async def test_what_is_told_twice_is_made_once_and_problems_are_new_each_time() -> None:
    it, manifests = stored(), answers.Manifests()
    assert await manifests.told(it) is await manifests.told(it)
    wrong = await manifests.told(it, problems=[Problem(code="c", message="m")])
    assert [each.code for each in wrong.problems] == ["c"]
    assert not (await manifests.told(it)).problems


async def test_no_more_is_remembered_than_may_be() -> None:
    manifests = answers.Manifests()
    every = [stored(f"c{number}") for number in range(1100)]
    first = await manifests.told(every[0])
    for each in every:
        await manifests.told(each)
    assert await manifests.told(every[0]) is not first


async def test_no_more_bytes_are_remembered_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_REMEMBERED_BYTES", 2500)
    manifests, every = answers.Manifests(), [stored(f"c{number}", text="x" * 1000) for number in range(3)]
    first, _, third = [await manifests.told(each) for each in every]
    assert await manifests.told(every[2]) is third
    assert await manifests.told(every[0]) is not first


async def test_what_is_large_is_made_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    makers: list[threading.Thread] = []
    fill = structs.fill

    def noted(struct: Struct, json: Mapping[str, Any], **more: Any) -> None:
        makers.append(threading.current_thread())
        fill(struct, json, **more)

    monkeypatch.setattr(structs, "fill", noted)
    manifests, here = answers.Manifests(), threading.current_thread()
    await manifests.told(stored("small"))
    assert set(makers) == {here}
    makers.clear()
    told = await manifests.told(stored("large", many=[{"port": 80}] * 10_000))
    assert len(structs.to_json(told.manifest)["spec"]["many"]) == 10_000
    assert here not in makers


def test_what_became_of_an_object() -> None:
    done = Applied(key=KEY, outcome=Outcome.CHANGED, stored=stored(version=7))
    found = answers.applied(done, warnings=[Problem(code="c", message="m")], whole=None)
    assert (found.outcome, found.object.resource_version) == (pb.Applied.CHANGED, "7")
    assert [each.code for each in found.warnings] == ["c"]
    assert not found.HasField("stored")


def test_a_delivery_tells_who_refused_what() -> None:
    refusal = Refusal(node="edge", resource='Cluster "a b"', words="no")
    found = answers.delivery(KEY, Delivery(matching=3, accepted=1, refused=1, refusals=(refusal,), waiting=("front",)))
    assert (found.envoys, found.accepted, found.refused, list(found.waiting)) == (3, 1, 1, ["front"])
    [told] = found.refusals
    assert (told.node, told.type, told.name, told.words) == ("edge", "Cluster", "a b", "no")


def test_an_acceptance_tells_who_is_in_the_way() -> None:
    resource = RefusedResource(type=CLUSTER, name="web", version="1", words="no")
    found = answers.acceptance(
        Acceptance(accepted=("a",), refused=(RefusedBy(node="b", resource=resource),), waiting=("c",)), at_least=0
    )
    assert not found.accepted
    assert (list(found.accepted_by), list(found.waiting)) == (["a"], ["c"])
    assert [(each.node, each.type, each.name, each.words) for each in found.refusals] == [("b", "Cluster", "web", "no")]
    assert answers.acceptance(Acceptance(), at_least=0).accepted


def test_of_fewer_than_were_waited_for_it_is_not_accepted() -> None:
    assert answers.acceptance(Acceptance(accepted=("a",)), at_least=1).accepted
    assert not answers.acceptance(Acceptance(accepted=("a",)), at_least=2).accepted
    assert not answers.acceptance(Acceptance(), at_least=1).accepted
