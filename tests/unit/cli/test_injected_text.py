"""Files of manifests with sidecars: what is cut where, and what stays."""

from __future__ import annotations

import pytest

from legation.cli.injected_text import injected
from legation.model.problems import Level

DEFAULTS = {"xds": "legation:18000"}
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n"
OTHER = "kind:   Service  # as it is\napiVersion: v1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "---\n",
        "# a\n---\n# b",
        OTHER,
        f"--- # a\r\n{OTHER}\r\n---\r\n",
        "a: |\n  ---\n  b\n",
        "---\n---\n\n---",
    ],
)
def test_what_makes_no_pods_stays_byte_for_byte(text: str) -> None:
    assert injected("a.yaml", text, defaults=DEFAULTS).text == text


def test_the_others_are_written_anew_below_their_comments() -> None:
    found = injected("a.yaml", f"{OTHER}\n---\n# a\n\n# b\n{POD}---\n{OTHER}", defaults=DEFAULTS)
    assert found.text is not None
    assert found.text.startswith(f"{OTHER}\n---\n# a\n\n# b\napiVersion: v1\nkind: Pod\nmetadata:\n")
    assert found.text.endswith(f"\n---\n{OTHER}")
    assert found.problems == ()


def test_json_stays_json() -> None:
    text = '{"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{"name": "a"}]}}'
    found = injected("a.json", text, defaults=DEFAULTS).text
    assert found is not None
    assert found.startswith('{\n  "apiVersion": "v1",')


def test_one_broken_document_keeps_all_from_being_printed_and_is_told_with_its_place() -> None:
    found = injected(
        "a.yaml", f"{POD}---\n\na: [\n---\n{POD.replace('{name: a}', '{hostNetwork: }', 1)}", defaults=DEFAULTS
    )
    assert found.text is None
    (problem,) = found.problems
    assert problem.level is Level.ERROR
    assert problem.place is not None
    assert (problem.place.file, problem.place.line >= 7) == ("a.yaml", True)


def test_lines_end_as_they_did() -> None:
    text = f"# a\r\n{OTHER}\r\n---\r\n{POD}".replace("\r", "").replace("\n", "\r\n")
    found = injected("a.yaml", text, defaults=DEFAULTS).text
    assert found is not None
    assert found.startswith(f"# a\r\n{OTHER}\r\n---\r\n".replace("\r", "").replace("\n", "\r\n"))
    assert "initContainers" in found
    assert found.count("\n") == found.count("\r\n")


JSON_POD = '{"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{"name": "a"}]}}'


def test_json_documents_one_after_the_other_are_all_read() -> None:
    service = '{ "kind":"Service","apiVersion":"v1"}'
    for text in (f"{service}\n\n{service}{service}\n", f"\n{service}\n---\n{service}"):
        assert injected("a.json", text, defaults=DEFAULTS).text == text
    found = injected("a.json", f"{service}\n{JSON_POD}\n{service} {JSON_POD}{service}", defaults=DEFAULTS).text
    assert found is not None
    assert found.startswith(f'{service}\n{{\n  "apiVersion": "v1",')
    assert found.count("initContainers") == 2
    assert found.count(service) == 3


def test_a_broken_one_among_them_is_told_with_its_place() -> None:
    found = injected("a.json", f"{JSON_POD}\n{JSON_POD}\n{{]\n", defaults=DEFAULTS)
    assert found.text is None
    assert found.problems[0].place is not None
    assert found.problems[0].place.line == 3


def test_what_seems_to_make_pods_and_is_passed_over_is_told() -> None:
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {spec: {containers: []}}}\n"
    found = injected("a.yaml", f"{OTHER}\n---\n{text}", defaults=DEFAULTS)
    assert found.text == f"{OTHER}\n---\n{text}"
    (problem,) = found.problems
    assert problem.level is Level.WARNING
    assert problem.message.startswith("no sidecar is added to a Rollout of argoproj.io/v1alpha1")
    assert problem.place is not None
    assert problem.place.line == 4
