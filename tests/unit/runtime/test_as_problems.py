"""What is found in Envoy JSON, as a problem of who wrote it."""

from __future__ import annotations

from legation.envoy.findings import Finding
from legation.model.problems import Level, Problem
from legation.runtime.as_problems import told


def test_a_finding_keeps_all_that_it_says_and_stands_where_it_was_found() -> None:
    said = {"code": "it", "message": "is wrong", "level": Level.WARNING, "mend": "mend it", "example": "a: b"}
    finding = Finding(code="it", message="is wrong", level=Level.WARNING, path=("a", 0), mend="mend it", example="a: b")
    found = told(finding, ("spec", "config"))
    assert {name: getattr(found, name) for name in said} == said
    assert (found.path, found.object, found.place) == (("spec", "config", "a", 0), None, None)
    assert told(Finding(code="it", message="is wrong")) == Problem(code="it", message="is wrong")
