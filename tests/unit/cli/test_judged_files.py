"""Files that Envoy reads itself, and objects, in front of a judge."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from legation.cli.judged_files import judge_of, judged
from legation.cli.rendering import served_of
from legation.judging.verdict import ACCEPTED, Verdict, no_judge, refused
from legation.model.problems import Level
from legation.model.resource import Resource
from legation.settings import Settings
from legation.sources.memory import MemorySource

CDS = """\
resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: good
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: bad
"""
BOOTSTRAP = "node: {id: a}\nstaticResources:\n  clusters:\n  - {name: good}\n  - {name: bad}\n"


class Judge:
    """Refuses all that is called bad, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, resources: Sequence[Resource]) -> Mapping[Resource, Verdict]:
        self.asked += [each.name for each in resources]
        return {each: refused("it is bad") if each.name == "bad" else ACCEPTED for each in resources}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [pytest.param("cds.yaml", CDS, 4, id="discovery"), pytest.param("a.yaml", BOOTSTRAP, 5, id="bootstrap")],
)
def test_what_is_refused_is_told_where_it_stands(name: str, text: str, line: int) -> None:
    """Each resource of a file is asked about."""
    judge = Judge()
    (found,) = judged({name: text}, judge)
    assert (found.code, found.object) == ("refused-by-judge", None)
    assert found.place is not None
    assert (found.place.file, found.place.line) == (name, line)
    assert "it is bad" in found.message
    assert sorted(judge.asked) == ["bad", "good"]


def test_what_cannot_be_read_is_not_asked_about() -> None:
    """The checks before have said why; without anything to ask nobody is."""
    judge = Judge()
    files = {"a.yaml": "resources: [", "cds.yaml": CDS.replace("name: bad", "nme: bad")}
    assert (judged(files, judge), judge.asked) == ((), [])


def test_a_judge_is_asked_where_the_settings_say_so() -> None:
    assert judge_of(Settings()) is None
    assert judge_of(Settings(dry_run="envoy")) is not None


def test_objects_are_judged_before_they_are_taken_for_good() -> None:
    """What is refused is not served, as with a server; the rest is."""
    source = MemorySource()
    for name in ("good", "bad"):
        metadata = {"name": name}
        spec = {"config": {"name": name, "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}}
        source.put({"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": metadata, "spec": spec})
    loaded = asyncio.run(served_of((source,), judge=Judge()))
    told = [(each.code, each.object.name) for each in loaded.served.problems if each.object]
    assert ("refused-by-judge", "bad") in told
    assert {each.name for each in loaded.heard.objects} == {"good", "bad"}
    assert sum(loaded.served.resources().values()) == 1


def test_that_nobody_could_be_asked_is_told_once() -> None:
    async def nobody(resources: Sequence[Resource]) -> Mapping[Resource, Verdict]:
        return dict.fromkeys(resources, no_judge("there is no Envoy", mend="install one"))

    (found,) = judged({"cds.yaml": CDS}, nobody)

    assert (found.code, found.level, found.mend) == ("no-verdict", Level.WARNING, "install one")
    assert "2 resources" in found.message
