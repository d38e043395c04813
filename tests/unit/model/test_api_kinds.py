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
