from __future__ import annotations

import subprocess
import sys

import pytest

from legation.translate.amenders import AMENDERS
from legation.translate.traffic_split import SplitAmender
from legation.translate.upstream import ShareAmender


def test_every_module_with_an_amender_is_found_who_adds_something_before_who_sets_its_numbers() -> None:
    assert [type(each) for each in AMENDERS] == [ShareAmender, SplitAmender]


@pytest.mark.parametrize("first", ["amenders", "pipeline", "traffic_split", "splitting", "upstream", "sharing"])
def test_whichever_module_comes_first_all_are_found(first: str) -> None:
    program = f"""
import legation.translate.{first}
from legation.model.objects import ObjectKey
from legation.translate import amenders, pipeline
assert amenders.AMENDERS and pipeline.step_for(ObjectKey("split.smi-spec.io", "TrafficSplit", "", ""))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_who_only_splits_loads_no_large_library() -> None:
    program = """
import sys
import legation.translate.traffic_split, legation.translate.splitting
sys.exit(bool({"google.protobuf", "grpc", "cryptography", "asyncio", "yaml"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
