from __future__ import annotations

import pytest

from legation.api.management.kinds import Kinds
from legation.api.management.refused import Refused
from legation.management.v1 import management_pb2 as pb
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from tests.unit.api.management.test_requests import violations

KINDS = Kinds(
    ApiKind(group=group, version="v1", kind=kind, plural=f"{kind.lower()}s")
    for group, kind in (("bootes.io", "Cluster"), ("a.dev", "Gate"), ("b.dev", "Gate"), ("bootes.io", "Cluster"))
)


def test_the_one_group_of_a_kind_need_not_be_said() -> None:
    assert KINDS.key("", "Cluster", "", "web") == ObjectKey("bootes.io", "Cluster", "default", "web")
    assert KINDS.key("", "ConfigMap", "shop", "web") == ObjectKey("", "ConfigMap", "shop", "web")
    assert KINDS.key("x.dev", "Cluster", "", "web").group == "x.dev"


def test_of_several_groups_one_must_be_said() -> None:
    with pytest.raises(Refused) as caught:
        KINDS.key("", "Gate", "", "web", field="objects[1].")
    assert violations(caught.value) == {"objects[1].group": "say the group; the kind Gate is in a.dev and in b.dev"}


def test_kind_and_name_must_be_said() -> None:
    with pytest.raises(Refused) as caught:
        KINDS.keys([pb.ObjectReference(kind="Cluster", name="web"), pb.ObjectReference()])
    assert list(violations(caught.value)) == ["objects[1].kind", "objects[1].name"]


def test_a_version_is_a_precondition() -> None:
    [(_, condition)] = KINDS.keys([pb.ObjectReference(kind="Cluster", name="web", resource_version="7")])
    assert (condition.resource_version, condition.uid) == ("7", "")
