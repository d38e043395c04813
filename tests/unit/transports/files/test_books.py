"""What an Envoy that reads files has, told in events."""

from __future__ import annotations

from legation.model.events import Accepted, Event, Sent, Subscribed
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER
from legation.transports.files.books import Books
from tests.unit.transports.loopback import resource, snapshot


def offered(books: Books, *resources: Resource, besides: tuple[Resource, ...] = ()) -> list[Event]:
    """Offer a snapshot in which there are files for these resources."""
    return books.offer(snapshot(*resources, *besides), [(each.type, each.name) for each in resources])


def is_same(found: Resource | None, expected: Resource) -> bool:
    """Say whether a resource was found, and the expected one; of equal ones any may stand for the others."""
    return found is not None and found.fingerprint == expected.fingerprint


def names(event: Accepted) -> list[str]:
    """Return what was accepted."""
    return [each.name for each in event.resources]


def test_what_is_new_is_sent_and_accepted_when_all_stands_there() -> None:
    books, web, edge = Books(), resource("web"), resource("edge", row=LISTENER)
    events = offered(books, edge, web, besides=(resource("no file"),))
    assert [type(each) for each in events] == [Subscribed, Subscribed, Sent, Sent]
    assert [each.type for each in events] == [CLUSTER, LISTENER, CLUSTER, LISTENER]
    assert books.subscribes(CLUSTER, "web")
    assert not books.subscribes(CLUSTER, "no file")
    assert is_same(books.sent(CLUSTER, "web"), web)
    assert books.accepted(CLUSTER, "web") is None
    told = books.complete()
    assert [(each.type, each.nonce) for each in told if isinstance(each, Accepted)] == [
        (each.type, each.nonce) for each in events if isinstance(each, Sent)
    ]
    assert is_same(books.accepted(CLUSTER, "web"), web)
    assert books.complete() == []


def test_only_what_changed_is_sent() -> None:
    books, web, api = Books(), resource("web"), resource("api")
    offered(books, web, api)
    books.complete()
    newer = resource("web", "2")
    (sent,) = offered(books, newer, api)
    assert isinstance(sent, Sent)
    assert [each.version for each in sent.resources] == [newer.version]
    assert is_same(books.accepted(CLUSTER, "web"), web)
    assert is_same(books.sent(CLUSTER, "web"), newer)
    # Before it stood there it was taken back.
    assert offered(books, web, api) == []
    assert books.complete() == []
    assert is_same(books.accepted(CLUSTER, "web"), web)


def test_what_is_gone_is_held_until_nothing_else_stands_there() -> None:
    books, web, api = Books(), resource("web"), resource("api")
    offered(books, web, api)
    books.complete()
    assert offered(books, web) == []
    assert books.complete() == []
    assert is_same(books.accepted(CLUSTER, "api"), api)
    assert not books.subscribes(CLUSTER, "api")
    sent, accepted = books.settle()
    assert isinstance(sent, Sent)
    assert isinstance(accepted, Accepted)
    assert sent.removed == accepted.removed == ("api",)
    assert sent.nonce == accepted.nonce
    assert books.accepted(CLUSTER, "api") is None
    assert books.settle() == []


def test_what_waits_stays_as_it_is_or_does_not_come() -> None:
    books, web, api = Books(), resource("web"), resource("api")
    offered(books, web)
    books.complete()
    newer, both = resource("web", "2"), [(CLUSTER, "web"), (CLUSTER, "api")]
    assert books.offer(snapshot(newer, api), both, waiting={*both}) == []
    assert [*books.complete(), *books.settle()] == []
    assert is_same(books.accepted(CLUSTER, "web"), web)
    assert not books.subscribes(CLUSTER, "api")
    (sent,) = books.offer(snapshot(newer, api), both)
    assert isinstance(sent, Sent)
    assert {each.name for each in sent.resources} == {"web", "api"}


def test_who_has_not_heard_anything_is_told_all() -> None:
    books, web, api = Books(), resource("web"), resource("api")
    assert books.introduce() == []
    offered(books, web)
    books.complete()
    offered(books, web, api)
    events = books.introduce()
    assert [type(each) for each in events] == [Subscribed, Sent, Accepted, Sent]
    assert [names(each) for each in events if isinstance(each, Accepted)] == [["web"]]
    # What is on its way is accepted later.
    assert [names(each) for each in books.complete() if isinstance(each, Accepted)] == [["api"]]
