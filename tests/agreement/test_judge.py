"""The judge of the product and the harness of these tests ask the same Envoy in two ways, and hear the same.

The judge is asked of the cases that can be read, also where legation refuses them before anybody asks: what rules and
lints find must not hide what it would say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from legation.envoy import codec, types
from legation.envoy.reader import read
from legation.envoy.types import TYPE_KEY
from legation.errors import InvalidResource
from legation.judging.judge import Judge
from legation.judging.verdict import Kind
from legation.model.problems import Level
from legation.model.resource import Resource
from legation.model.resource_types import BY_URL
from tests.agreement.corpus import Case, cases
from tests.agreement.real_envoy import PATIENCE, Said


@pytest.fixture(scope="session")
def readable() -> Mapping[Case, Sequence[Resource]]:
    """The resources of each case of which all can be read."""
    made = {case: [_resource(each) for each in case.resources] for case in cases()}
    return {case: [each for each in resources if each] for case, resources in made.items() if all(resources)}


async def test_the_judge_hears_the_same(
    readable: Mapping[Case, Sequence[Resource]], said: Mapping[Case, Said], real_binary: None
) -> None:
    """It refuses nothing that Envoy accepts, and what Envoy refuses, except where it is known that it cannot tell."""
    async with Judge(timeout=PATIENCE) as judge:
        verdicts = await judge.judge([each for resources in readable.values() for each in resources])
    heard = {case: {verdicts[each].kind for each in resources} for case, resources in readable.items()}
    refused = {case.id for case, kinds in heard.items() if Kind.REFUSED in kinds}
    assert refused == {case.id for case in readable if not said[case].accepts and not case.unjudged}


def _resource(json: Mapping[str, Any]) -> Resource | None:
    row = BY_URL.get(json.get(TYPE_KEY, ""))
    if row is None:
        return None
    body, findings = read(types.message_class(row.message)(), json)
    if any(each.level is Level.ERROR for each in findings):
        return None
    try:
        return codec.from_any(row.url, body, check=False)
    except InvalidResource:  # it has no name
        return None
