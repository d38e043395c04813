"""What is wrong, as it is printed."""

from __future__ import annotations

import click

from legation.cli.diagnostics import Sources, as_annotation, as_text, as_value, in_order, sentence, summary
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Level, Problem

KEY = ObjectKey("bootes.io", "Cluster", "shop", "web")
PROBLEM = Problem(
    code="unknown-field",
    message='unknown field "nme" in Cluster',
    object=KEY,
    place=Place("a.yaml", 2, 3),
    path=("spec", "config", "nme"),
    mend='did you mean "name"?',
)
SOURCES = Sources(texts={"a.yaml": "config:\n  nme: web\npassword: hunter2\n"})


def problem(file: str = "a.yaml", line: int = 1, *, code: str = "x", level: Level = Level.ERROR) -> Problem:
    return Problem(code=code, message="it is wrong", level=level, place=Place(file, line, 1))


def test_a_problem_is_its_place_its_line_and_its_mend() -> None:
    assert as_text(PROBLEM, SOURCES).split("\n") == [
        'a.yaml:2:3: error: unknown field "nme" in Cluster [unknown-field]',
        "  nme: web",
        "  ^~~",
        "in: Cluster shop/web, spec.config.nme",
        'help: did you mean "name"?',
    ]


def test_colours_are_added_and_nothing_else() -> None:
    """On a terminal alone, which the command knows."""
    coloured = as_text(PROBLEM, SOURCES, colours=True)
    assert "\x1b[" in coloured
    assert click.unstyle(coloured) == as_text(PROBLEM, SOURCES)


def test_a_line_that_may_hold_a_secret_is_not_shown() -> None:
    """The place says enough."""
    assert "hunter2" not in as_text(problem(line=3), SOURCES)


def test_what_stands_in_no_file_is_told_by_its_object() -> None:
    """As of a cluster."""
    shown = as_text(Problem(code="x", message="it is wrong", object=KEY, path=("spec",)), SOURCES)
    assert shown == "Cluster shop/web: error: it is wrong [x]\nin: spec"
    assert as_text(Problem(code="x", message="it is wrong"), SOURCES) == "error: it is wrong [x]"


def test_a_mend_of_many_lines_stays_as_it_is() -> None:
    """It is there to be pasted."""
    shown = as_text(Problem(code="x", message="old", mend="write:\n  a: 1\n  b: 2"), SOURCES)
    assert shown.split("\n")[1:] == ["help: write:", "  a: 1", "  b: 2"]


def test_a_rule_is_told_with_its_field() -> None:
    """Its words are the end of a sentence."""
    rule = Problem(code="constraint", message="must not be empty", path=("a", "domains", 0))
    assert sentence(rule) == "domains[0] must not be empty"
    assert sentence(PROBLEM) == PROBLEM.message


def test_machines_are_told_the_same_with_keys_that_stay() -> None:
    """0 and nothing where it is not known."""
    assert as_value(PROBLEM) == {
        "level": "error",
        "code": "unknown-field",
        "message": 'unknown field "nme" in Cluster',
        "mend": 'did you mean "name"?',
        "example": "",
        "file": "a.yaml",
        "line": 2,
        "column": 3,
        "object": {"group": "bootes.io", "kind": "Cluster", "namespace": "shop", "name": "web"},
        "path": "spec.config.nme",
    }
    bare = as_value(Problem(code="x", message="it is wrong"))
    assert (bare["file"], bare["line"], bare["object"], bare["path"]) == ("", 0, None, "")
    assert bare.keys() == as_value(PROBLEM).keys()


def test_an_annotation_is_one_line_that_a_runner_reads() -> None:
    """Line ends and what separates properties are written otherwise."""
    placed = Problem(code="x", message="100% wrong", place=Place("a,b:c.yaml", 1, 2), mend="one\ntwo")
    assert as_annotation(placed) == ("::error file=a%2Cb%3Ac.yaml,line=1,col=2,title=x::100%25 wrong%0Ahelp: one%0Atwo")
    assert as_annotation(problem(level=Level.WARNING)).startswith("::warning file=a.yaml,line=1,col=1,title=x::")


def test_problems_come_by_place_and_once() -> None:
    """Errors before warnings of the same place; what stands nowhere first."""
    nowhere = Problem(code="n", message="it is wrong")
    given = [problem("b.yaml"), problem(line=10), problem(line=2, level=Level.WARNING), problem(line=2), nowhere]
    assert in_order([*given, *given]) == [nowhere, given[3], given[2], given[1], given[0]]


def test_the_summary_counts() -> None:
    """In plain English."""
    assert summary([], checked=1) == "no problems in 1 file"
    assert summary([problem()], checked=3) == "1 error in 1 of 3 files"
    found = [problem(), problem("b.yaml"), problem("b.yaml", level=Level.WARNING)]
    assert summary(found, checked=14) == "2 errors, 1 warning in 2 of 14 files"
    assert summary([PROBLEM], checked=2, what="object") == "1 error in 1 of 2 objects"
