"""Beside the corpus: what Envoy accepts of configurations that were changed a little is accepted here, too."""

from __future__ import annotations

import json

from tests.agreement import ours
from tests.agreement.corpus import cases
from tests.agreement.mutants import mutants
from tests.agreement.real_envoy import RealEnvoy

EACH = 2
KNOWN = "missing-type"
"""What we refuse on purpose: a map without "@type" is nothing. Envoy lets an empty one pass where it looks for none."""


def test_no_mutant_is_refused_falsely(real_envoy: RealEnvoy) -> None:
    """Those that are refused here are refused by Envoy as well."""
    refused = [
        (case.id, mutant, found)
        for case in cases()
        if not case.crashes
        for mutant in mutants(case.resources, seed=case.id, count=EACH)
        if (found := [each for each in ours.refusals(mutant) if each.code != KNOWN])
    ]
    falsely = [
        (name, [str(each) for each in found], json.dumps(mutant))
        for name, mutant, found in refused
        if real_envoy.judge(mutant).accepts
    ]
    assert len(refused) > 100
    assert falsely == []
