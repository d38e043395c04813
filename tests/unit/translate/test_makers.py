from __future__ import annotations

import subprocess
import sys

import pytest

from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, SECRET
from legation.translate.endpoint_slices import EndpointSlices
from legation.translate.makers import MAKERS, by_row
from legation.translate.secrets import Secrets


def test_every_module_with_a_maker_is_found() -> None:
    made = {row: type(maker) for row, maker in MAKERS.items()}
    assert made == {CLUSTER_LOAD_ASSIGNMENT: EndpointSlices, SECRET: Secrets}


def test_two_makers_cannot_claim_one_type() -> None:
    with pytest.raises(ValueError, match="both claim ClusterLoadAssignment"):
        by_row([EndpointSlices(), EndpointSlices()])


@pytest.mark.parametrize("first", ["makers", "pipeline", "secrets", "endpoint_slices"])
def test_who_serves_no_secrets_does_not_pay_for_cryptography(first: str) -> None:
    """Whichever module is imported first, all makers are found, and the library is not loaded."""
    program = f"""
import sys
import legation.translate.{first}
from legation.translate import makers, pipeline
assert len(makers.MAKERS) == 2 and pipeline.STEPS
sys.exit("cryptography" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
