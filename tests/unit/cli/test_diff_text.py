"""A comparison as people read it, and as programs do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from legation.cli import diff_text
from legation.cli.answers import Names, Record, Version
from legation.cli.comparing import Comparison
from legation.cli.differences import ABSENT, EnvoyChange, FieldChange, ObjectChange, ResourceChange
from legation.model.objects import FieldPath

WEB = {"object": "Cluster shop/web", "file": "web.yaml", "line": 1}
CHANGED = ObjectChange(
    old=WEB,
    new=WEB,
    fields=(
        FieldChange(path=("spec", "config", "connect_timeout"), old="1s", new="2s"),
        FieldChange(path=("spec", "config", "alt_stat_name"), old="x" * 100, new=ABSENT),
    ),
)


class Places:
    """Knows where things stand, and nothing else."""

    def __init__(self, file: str = "web.yaml") -> None:
        self.file = file

    def locate(self, found: Record, path: FieldPath) -> str:
        del found
        return f"{self.file}:{9 if path else 1}"

    def resources(self) -> list[Record]:
        raise NotImplementedError

    def contents(self, names: Iterable[Names]) -> Mapping[Version, Any]:
        raise NotImplementedError

    def objects(self) -> list[Record]:
        raise NotImplementedError

    def blame_resource(self, type_name: str, name: str) -> list[Record]:
        raise NotImplementedError

    def blame_object(self, asked: str) -> list[Record]:
        raise NotImplementedError


def resource(version: str) -> Record:
    return {
        "type": "Cluster",
        "name": "web",
        "version": version,
        "namespace": "shop",
        "labels": {"app": "edge"},
        "object": "Cluster shop/web",
        "file": "web.yaml",
        "line": 1,
    }


def compared(old: Record | None, new: Record | None, *contents: Any, envoys: tuple[str, ...] = ()) -> Comparison:
    """Return the comparison of one object that makes one resource."""
    change = ResourceChange(old=old, new=new, envoys=envoys)
    changes = (change,)
    before, after = contents or ({"connect_timeout": "1s"}, {"connect_timeout": "2s"})
    return Comparison(
        objects=[CHANGED],
        resources=[change],
        envoys=[EnvoyChange(node=each, group="shop", changes=changes) for each in envoys],
        connected=len(envoys),
        left_out=0,
        old_content={("Cluster", "web", each["version"]): before for each in (old,) if each},
        new_content={("Cluster", "web", each["version"]): after for each in (new,) if each},
    )


NONE = Comparison(objects=[], resources=[], envoys=[], connected=0, left_out=0, old_content={}, new_content={})


def lines(found: Comparison, *, colours: bool = False) -> list[str]:
    return list(diff_text.lines(found, Places("old.yaml"), Places(), colours=colours))


def test_an_object_is_told_by_its_fields_each_with_its_line() -> None:
    assert lines(compared(resource("a" * 24), resource("b" * 24)))[:3] == [
        "~ Cluster shop/web changed (web.yaml:1)",
        "    spec.config.connect_timeout: 1s -> 2s (web.yaml:9)",
        f"    spec.config.alt_stat_name: {'x' * 57}... -> (absent)",
    ]


def test_a_resource_is_told_with_whom_it_is_for_and_line_by_line() -> None:
    assert lines(compared(resource("a" * 24), resource("b" * 24)))[4:-1] == [
        '~ cluster "web" in shop/app=edge changed: aaaaaaaa -> bbbbbbbb, of Cluster shop/web (web.yaml:1)',
        "    @@ -1 +1 @@",
        '    -connect_timeout: "1s"',
        '    +connect_timeout: "2s"',
        "",
    ]


def test_what_came_and_what_went_have_one_version_and_all_lines() -> None:
    came, went = lines(compared(None, resource("b" * 24))), lines(compared(resource("a" * 24), None))
    assert any(each.startswith('+ cluster "web" in shop/app=edge added: bbbbbbbb, of') for each in came)
    assert '    +connect_timeout: "2s"' in came
    assert any(each.startswith('- cluster "web" in shop/app=edge removed: aaaaaaaa, of') for each in went)
    assert '    -connect_timeout: "1s"' in went


def test_of_a_secret_that_is_another_it_is_said_that_it_is() -> None:
    found = compared(resource("a" * 24), resource("b" * 24), {"key": "[redacted]"}, {"key": "[redacted]"})
    assert "  only values differ that are not shown" in lines(found)
    (as_value,) = diff_text.as_value(found, Places(), Places())["resources"]
    assert (as_value["unseen"], as_value["diff"]) == (True, [])


def test_many_envoys_are_counted_and_the_first_are_named() -> None:
    names = tuple(f"edge-{number}" for number in range(1, 8))
    told = lines(compared(resource("a" * 24), resource("b" * 24), envoys=names))
    listed = "7 Envoys (edge-1, edge-2, edge-3, edge-4, edge-5 and 2 more)"
    assert f"  for {listed}" in told
    assert f"~ {listed} of shop: 1 cluster changed" in told
    assert told[-1] == "1 object and 1 resource differ; 7 of 7 Envoys would get something else"


def test_where_nothing_differs_that_is_all_that_is_said() -> None:
    assert lines(NONE) == ["no difference"]


def test_what_is_another_has_a_colour_and_says_the_same() -> None:
    found = compared(resource("a" * 24), resource("b" * 24))
    plain, coloured = lines(found), lines(found, colours=True)
    assert plain != coloured
    assert plain == [click.unstyle(each) for each in coloured]


def test_what_comes_from_outside_does_not_steer_the_terminal() -> None:
    found = compared(resource("a" * 24), resource("b" * 24), {"a": "\x1b[2J"}, {"a": "b"}, envoys=("\x1b[1m",))
    assert not any("\x1b" in each for each in lines(found))


def test_programs_get_keys_that_are_always_the_same() -> None:
    found = diff_text.as_value(compared(resource("a" * 24), resource("b" * 24), envoys=("edge",)), Places(), Places())
    nothing = diff_text.as_value(NONE, Places(), Places())
    assert found.keys() == nothing.keys()
    assert (found["differs"], nothing["differs"]) == (True, False)
    (thing,), (made,), (envoy,) = found["objects"], found["resources"], found["envoys"]
    assert thing["fields"][1] == {"path": "spec.config.alt_stat_name", "old": "x" * 100, "new": None}
    assert (made["old_version"], made["new_version"], made["place"]) == ("a" * 24, "b" * 24, "web.yaml:1")
    assert envoy["changes"] == [{"what": "changed", "type": "Cluster", "name": "web"}]
