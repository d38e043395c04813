"""What Envoy has rules for and does not ask."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import types
from legation.envoy.constraints import unasked
from legation.envoy.constraints.numbers import ANY_DURATION
from legation.envoy.constraints.rule import CODE
from legation.envoy.findings import Finding
from legation.model.problems import Level


def test_the_tables_name_what_there_is() -> None:
    for name in unasked.UNREAD | unasked.FOR_OTHERS | {field for field, _ in unasked.GONE}:
        message, _, field = name.rpartition(".")
        assert field in types.message_class(message).DESCRIPTOR.fields_by_name
    assert all(types.find(name) for name in unasked._TYPES)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest", False),
        ("envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig", False),
        ("envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig", False),
        ("envoy.extensions.filters.http.router.v3.Router", True),
    ],
)
def test_the_rules_of_most_extensions_are_asked(name: str, *, asked: bool) -> None:
    assert unasked.is_asked(name) is asked


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        pytest.param({"path": ("choice_count",)}, Level.WARNING, id="a rule"),
        pytest.param({"path": ()}, Level.WARNING, id="a rule of the whole message"),
        pytest.param({"path": ("hash_policy", 3)}, Level.ERROR, id="what makes Envoy abort"),
        pytest.param({"path": ("a", "window"), "message": ANY_DURATION.words}, Level.ERROR, id="a negative duration"),
        pytest.param({"path": ("cookie", "ttl"), "message": ANY_DURATION.words}, Level.WARNING, id="one of a cookie"),
        pytest.param({"path": ("a",), "code": "of-a-lint"}, Level.ERROR, id="no rule of a proto"),
    ],
)
def test_only_what_envoy_accepts_is_made_a_warning(finding: dict[str, Any], level: Level) -> None:
    given = Finding(**{"code": CODE, "message": "must be so", **finding})
    (lowered,) = unasked.lowered([given])
    assert (lowered.level, lowered.message, lowered.path) == (level, given.message, given.path)
