"""The text of a file: documents, objects, places, and what is wrong with them."""

from __future__ import annotations

import pytest

from legation.model.objects import ManifestObject, ObjectKey, Place
from legation.sources.manifests import Reading, first_document, read_text
from tests.unit.sources.rig import key, manifest


def read(text: str, *earlier: Reading) -> Reading:
    return read_text(text, file="dir/a.yaml", earlier=earlier)


def by_name(reading: Reading) -> dict[str, ManifestObject]:
    return {each.key.name: each for each in reading}


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read(text).problems]


def test_a_file_holds_several_documents_and_each_object_knows_where_it_begins() -> None:
    reading = read("# first\n" + manifest("a") + "--- # the second\n# comment\n" + manifest("b")[4:] + "---\n---\n")
    assert [(str(each.key), str(each.place)) for each in reading] == [
        ("Thing default/a", "dir/a.yaml:3:1"),
        ("Thing default/b", "dir/a.yaml:10:1"),
    ]
    assert reading.problems == ()


def test_an_object_says_group_kind_namespace_name_labels_and_age() -> None:
    text = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata:
  name: web
  namespace: shop
  labels: {app: web, version: "1"}
  creationTimestamp: 2026-10-18T10:00:00Z
spec: {config: {connect_timeout: 1s}}
"""
    (seen,) = read(text)
    assert seen.key == ObjectKey("bootes.io", "Cluster", "shop", "web")
    assert seen.api_version == "bootes.io/v1"
    assert seen.labels == {"app": "web", "version": "1"}
    assert seen.created == "2026-10-18T10:00:00Z"
    assert seen.body["spec"] == {"config": {"connect_timeout": "1s"}}


@pytest.mark.parametrize("namespace", ["", "namespace: ", 'namespace: ""'])
def test_an_object_without_a_namespace_is_in_default(namespace: str) -> None:
    text = f"apiVersion: v1\nkind: Thing\nmetadata:\n  name: a\n  labels:\n  creationTimestamp: null\n  {namespace}\n"
    (seen,) = read(text)
    assert (seen.key, seen.labels, seen.created) == (key("a"), {}, "")


def test_a_list_is_unfolded_and_its_objects_begin_at_their_items() -> None:
    text = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Thing
  metadata: {name: a}
- apiVersion: v1
  kind: List
  items:
  - apiVersion: v1
    kind: Thing
    metadata: {name: b}
    value: 1
- kind: Thing
  metadata: {name: c}
"""
    reading = read(text)
    assert [(each.key.name, str(each.place)) for each in reading] == [("a", "dir/a.yaml:4:1"), ("b", "dir/a.yaml:10:1")]
    assert problems(text) == [
        'dir/a.yaml:14:3: the Thing has no apiVersion (add "apiVersion:", such as "apiVersion: v1")'
    ]
    place = by_name(reading)["b"].place
    assert place
    assert reading.locate(place, ("value",)) == Place("dir/a.yaml", 13, 5)


def test_a_separator_inside_a_block_of_text_or_a_word_separates_nothing() -> None:
    text = manifest("a", value='|\n  x\n  ---\n  y\nother: "---"') + "---x: 1\n"
    (seen,) = read(text)
    assert seen.body["value"] == "x\n---\ny\n"
    assert seen.body["---x"] == 1


def test_windows_line_ends_and_a_document_on_the_separators_line_are_read() -> None:
    text = manifest("a").replace("\n", "\r\n") + "--- {apiVersion: v1, kind: Thing, metadata: {name: b}}\n"
    reading = read(text)
    assert [(each.key.name, str(each.place)) for each in reading] == [("a", "dir/a.yaml:2:1"), ("b", "dir/a.yaml:7:1")]


def test_a_document_whose_text_is_the_same_gives_the_same_object_wherever_it_stands() -> None:
    first = read(manifest("a") + manifest("b") + manifest("c"))
    moved = read(manifest("c") + manifest("a", value=2) + "---\n# more\n# lines\n" + manifest("b"), first)
    before, after = by_name(first), by_name(moved)
    assert after["b"] is before["b"]
    assert after["c"] is before["c"]
    assert after["a"] is not before["a"]


def test_an_object_is_located_in_the_newest_text_though_another_began_where_it_did() -> None:
    first = read(manifest("a"))
    second = read(manifest("b") + manifest("a"), first)
    a, b = by_name(second)["a"], by_name(second)["b"]
    assert a.place == b.place
    assert a.place
    assert b.place
    assert second.locate(a.place, ()) == Place("dir/a.yaml", 8, 1)
    assert second.locate(a.place, ("metadata", "name")) == Place("dir/a.yaml", 11, 3)
    assert second.locate(b.place, ("value",)) == Place("dir/a.yaml", 6, 1)
    assert second.locate(Place("dir/a.yaml", 2, 1), ()) is None


def test_one_broken_document_does_not_stop_the_others() -> None:
    reading = read(manifest("a") + "---\nkind: [\n" + manifest("b"))
    assert set(by_name(reading)) == {"a", "b"}
    (problem,) = reading.problems
    assert problem.code == "yaml-syntax"
    assert problem.place == Place("dir/a.yaml", 9, 1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "kind: Thing\nkind: Thing\n",
            '2:1: the key "kind" stands twice in one mapping, first 1 line above (remove one of the two)',
        ),
        ("- a\n", '1:1: this document is a list, not an object (an object begins with "apiVersion:" and "kind:")'),
        (
            "hello\n",
            '1:1: this document is a single value, not an object (an object begins with "apiVersion:" and "kind:")',
        ),
        ("apiVersion: v1\n", '1:1: the object has no kind (add "kind:", such as "kind: Cluster")'),
        ("apiVersion: v1\nkind: 1\n", '1:1: the object has no kind (add "kind:", such as "kind: Cluster")'),
        ("kind: Thing\n", '1:1: the Thing has no apiVersion (add "apiVersion:", such as "apiVersion: v1")'),
        (
            "apiVersion: v1\nkind: Thing\n",
            '1:1: metadata: the Thing has no metadata.name (add "name:" below "metadata:")',
        ),
        (
            'apiVersion: v1\nkind: Thing\nmetadata: {name: ""}\n',
            '3:1: metadata: the Thing has no metadata.name (add "name:" below "metadata:")',
        ),
        (
            "apiVersion: v1\nkind: Thing\nmetadata: x\n",
            '3:1: metadata: the Thing has no metadata.name (add "name:" below "metadata:")',
        ),
        (
            "apiVersion: v1\nkind: Thing\nmetadata: {name: 12}\n",
            "3:12: metadata.name: metadata.name is not text (quote it)",
        ),
        (
            "apiVersion: v1\nkind: Thing\nmetadata: {name: a, namespace: 1}\n",
            "3:21: metadata.namespace: metadata.namespace is not text (quote it)",
        ),
        (
            "apiVersion: v1\nkind: Thing\nmetadata:\n  name: a\n  labels: {v: 1}\n",
            '5:12: Thing default/a: metadata.labels.v: the value of the label "v" is not text (quote it)',
        ),
        (
            "apiVersion: v1\nkind: Thing\nmetadata:\n  name: a\n  labels: [v]\n",
            (
                "5:3: Thing default/a: metadata.labels: metadata.labels is not a mapping "
                '(write "name: value" lines below it)'
            ),
        ),
        (
            "apiVersion: v1\nkind: Thing\nmetadata: {name: a, creationTimestamp: 1}\n",
            (
                "3:21: Thing default/a: metadata.creationTimestamp: metadata.creationTimestamp is not a timestamp "
                "(remove it)"
            ),
        ),
    ],
)
def test_what_is_no_object_is_told_with_place_reason_and_mend(text: str, line: str) -> None:
    assert problems(text) == [f"dir/a.yaml:{line}"]
    assert list(read(text)) == []


@pytest.mark.parametrize("text", ["", " \n\n"])
def test_an_empty_file_is_a_problem(text: str) -> None:
    assert problems(text) == [
        "dir/a.yaml: the file is empty; what it held before stays in use (to delete its objects, delete the file)"
    ]


def test_a_file_of_comments_holds_nothing_and_nothing_is_wrong() -> None:
    reading = read("# all of it\n---\n# is a comment\n")
    assert list(reading) == []
    assert reading.problems == ()


def test_no_problem_tells_a_value() -> None:
    secret = "hunter2"
    text = f'apiVersion: v1\nkind: Secret\nmetadata: {{name: a, labels: {{x: [{secret}]}}}}\ndata: "{secret}'
    for each in (text, text + '"\n', f"a: {secret}: {secret}\n", f"{secret}\n"):
        assert problems(each)
        assert all(secret not in line for line in problems(each))


def test_readings_of_the_same_text_say_the_same() -> None:
    first = read(manifest("a") + manifest("b"))
    assert read(manifest("a") + manifest("b"), first).says(first)
    assert not read(manifest("b") + manifest("a"), first).says(first)
    assert not read(manifest("a"), first).says(first)
    assert not first.says(None)
    assert read("").says(read(""))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a: 1\n", "a: 1\n"),
        ("a: 1\n---\nb: 2\n", "a: 1\n"),
        ("# words\n---\na: 1\n---\nb: 2\n", "# words\n---\na: 1\n"),
        ("---\na: 1\n---\n", "---\na: 1\n"),
        ("", ""),
    ],
)
def test_the_first_document_is_the_first_that_says_anything(text: str, first: str) -> None:
    """With all lines above it, so that lines count from the top of the file."""
    assert first_document(text) == first
