"""Lists of objects, page by page."""

from __future__ import annotations

import pytest

from legation.errors import Compacted, InvalidQuery
from legation.model.stored import Page
from legation.sources.stored import history
from legation.sources.stored.applying import Hand
from legation.sources.stored.book import Book
from legation.sources.stored.given import read_all
from legation.sources.stored.pages import Question, page
from tests.unit.sources.stored.stored_things import MOMENT, thing


def put(book: Book, *bodies: dict[str, object]) -> None:
    hand = Hand(manager="me", force=False, moment=MOMENT)
    plan = book.plan_apply(read_all(bodies), hand=hand, make_uid=lambda: "uid")
    book.queue(plan)
    book.keep(plan)


def names(found: Page) -> list[str]:
    return [f"{each.key.namespace}/{each.key.name}" for each in found.objects]


@pytest.fixture
def book() -> Book:
    book = Book()
    put(
        book,
        thing("a", labels={"team": "edge"}),
        thing("b"),
        thing("a", namespace="other", labels={"team": "core"}),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}},
    )
    return book


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (Question(), ["default/s", "default/a", "default/b", "other/a"]),
        (Question(group=""), ["default/s"]),
        (Question(group="bootes.io", namespace="default"), ["default/a", "default/b"]),
        (Question(kind="Service"), ["default/s"]),
        (Question(kind="Nothing"), []),
        (Question(labels="team"), ["default/a", "other/a"]),
        (Question(labels="team!=edge,!x"), ["default/s", "default/b", "other/a"]),
    ],
)
def test_what_is_asked_for_is_found_in_the_order_of_keys(book: Book, question: Question, wanted: list[str]) -> None:
    assert names(page(book, question)) == wanted


def test_a_page_holds_as_many_as_were_asked_for(book: Book) -> None:
    question = Question(group="bootes.io")
    first = page(book, question, limit=2)
    assert names(first) == ["default/a", "default/b"]
    second = page(book, question, limit=2, token=first.next_token)
    assert (names(second), second.next_token) == (["other/a"], "")
    assert page(book, question, limit=3).next_token == ""


def test_later_pages_show_what_was_there_at_the_first(book: Book) -> None:
    first = page(book, Question(), limit=1)
    put(book, thing("b", 2), thing("aa"))
    rest = page(book, Question(), token=first.next_token)
    assert names(rest) == ["default/a", "default/b", "other/a"]
    assert rest.objects[1].body["spec"] == {}
    assert rest.revision == first.revision == 4


def test_what_is_not_remembered_any_more_is_said(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST", 5)
    first = page(book, Question(), limit=1)
    for number in range(20):
        put(book, thing("b", number))
    with pytest.raises(Compacted):
        page(book, Question(), token=first.next_token)


@pytest.mark.parametrize("token", ["x", "ä", "bm9uZQ", "W10", "WzEsWyJhIl1d"])
def test_what_is_no_token_is_said(book: Book, token: str) -> None:
    with pytest.raises(InvalidQuery, match="token: "):
        page(book, Question(), token=token)


def test_what_is_no_selector_is_said(book: Book) -> None:
    with pytest.raises(InvalidQuery, match=r"labels: .*kubectl"):
        page(book, Question(labels="a b c"))
