"""What a kind of object is to the API."""

from __future__ import annotations

import pytest

from legation.model.api_kinds import ApiKind


@pytest.mark.parametrize(
    ("group", "built_in"),
    [
        ("", True),
        ("apps", True),
        ("discovery.k8s.io", True),
        ("coordination.k8s.io", True),
        ("rbac.authorization.k8s.io", True),
        ("gateway.networking.k8s.io", False),
        ("metrics.k8s.io", False),
        ("k8s.io", False),
        ("bootes.io", False),
    ],
)
def test_some_groups_are_there_everywhere(group: str, *, built_in: bool) -> None:
    assert ApiKind(group=group, version="v1", kind="Thing", plural="things").built_in is built_in


def test_it_may_be_read_in_several_versions_the_newest_first() -> None:
    kind = ApiKind(group="smi.io", version="v3", kind="Split", plural="splits", older=("v2", "v1"))
    assert [each.path() for each in kind.every_version] == [
        f"/apis/smi.io/{version}/splits" for version in ("v3", "v2", "v1")
    ]


def test_how_it_is_read_makes_no_other_kind() -> None:
    plain = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
    read = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps", selector="a=b", has_status=False)
    assert {plain: 1}[read] == 1
