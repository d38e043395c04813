"""What becomes of one name: what is not there, what is broken, and what stays."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from legation.model.objects import ObjectKey
from legation.model.problems import Level
from legation.model.resource import empty_resource
from legation.model.resource_types import CLUSTER, SECRET
from legation.model.snapshot import Snapshot
from legation.translate.makers import MAKERS
from tests.small_cluster import SmallCluster
from tests.unit.runtime.by_name_world import EDS, PAIR, TOKEN, World, eds, tls, usual
from tests.unit.translate.pairs import DAY, NOW, certificate, key_text, private_key


@pytest.fixture
def world() -> World:
    return usual()


def test_a_service_that_does_not_exist_has_no_endpoints_and_that_is_said(world: World) -> None:
    world.refer(eds("shop/ehco:http"), tls())
    assert world.snapshot().get(EDS, "shop/ehco:http") is empty_resource(EDS, "shop/ehco:http")
    assert not world.snapshot().incomplete
    (problem,) = world.by_name.problems
    assert (problem.code, problem.level) == ("no-service", Level.WARNING)
    assert problem.object == ObjectKey("bootes.io", "Cluster", "shop", "web")
    assert problem.path == ("spec", "config")
    assert problem.place is not None
    assert 'the ClusterLoadAssignment "shop/ehco:http": there is no Service shop/ehco' in str(problem)


def test_a_service_that_appears_and_goes(world: World) -> None:
    world.refer(eds("shop/late:http"))
    assert world.addresses("shop/late:http") == []
    world.kube.service("late", "10.0.0.5")
    assert world.look()
    assert world.addresses("shop/late:http") == ["10.0.0.5"]
    assert world.codes() == []
    world.kube.no_service("late")
    assert world.look()
    assert world.addresses("shop/late:http") == []
    assert world.codes() == ["no-service"]


def test_a_service_scaled_to_zero_has_an_empty_assignment_and_no_problem(world: World) -> None:
    world.kube.service("echo")
    assert world.look()
    assert world.addresses() == []
    assert world.codes() == []


def test_a_deleted_secret_is_gone(world: World) -> None:
    world.kube.no_secret("token")
    assert world.look()
    assert world.secret() is None
    assert SECRET not in world.snapshot().incomplete
    assert world.codes() == ["no-secret"]


def test_a_secret_that_breaks_stays_as_it_was_until_it_is_mended(world: World) -> None:
    good = world.secret()
    world.kube.secret("token", {"another": b"x"})
    assert not world.look()
    assert world.secret() is good
    assert SECRET not in world.snapshot().incomplete
    assert world.codes() == ["no-key"]
    world.kube.secret("token", {"value": b"renewed"})
    assert world.look()
    assert world.secret() is not good
    assert world.codes() == []


def test_a_secret_that_was_never_good_is_not_taken_from_who_has_it(world: World) -> None:
    """It may have been good before this program began."""
    world.kube.secret("token", {})
    world = World(kube=world.kube)
    world.look()
    world.refer(eds(), tls())
    assert world.secret() is None
    assert world.snapshot().incomplete == {SECRET}
    assert not world.snapshot("bank").incomplete
    world.kube.secret("token", {"value": b"x"})
    assert world.look()
    assert world.secret() is not None
    assert not world.snapshot().incomplete


def test_a_secret_that_was_never_good_and_is_deleted_is_gone(world: World) -> None:
    world.kube.secret("token", {})
    world = World(kube=world.kube)
    world.look()
    world.refer(tls())
    assert world.snapshot().incomplete == {SECRET}
    world.kube.no_secret("token")
    assert world.look()
    assert not world.snapshot().incomplete


def test_what_was_incomplete_without_it_stays_so(world: World) -> None:
    bare = Snapshot.of(world.snapshot().collections.values(), incomplete=frozenset({CLUSTER}))
    assert world.by_name.complete(bare, "shop").incomplete == {CLUSTER}


def test_a_bad_renewal_keeps_the_good_certificate() -> None:
    world = World()
    world.kube.secret("cert", {"tls.crt": certificate(), "tls.key": key_text()})
    world.look()
    world.refer(tls(PAIR))
    good = world.secret(PAIR)
    assert good is not None
    for chain, key in ((certificate(end=-1), key_text()), (certificate(), key_text(private_key("rsa 2048")))):
        world.kube.secret("cert", {"tls.crt": chain, "tls.key": key})
        world.look()
        assert world.secret(PAIR) is good
    assert world.codes() == ["key-mismatch"]


def test_a_certificate_is_looked_at_again_when_its_time_comes() -> None:
    world = World()
    world.kube.secret("cert", {"tls.crt": certificate(end=60), "tls.key": key_text()})
    world.look()
    world.refer(tls(PAIR))
    good = world.secret(PAIR)
    assert world.by_name.next_look == NOW + 53 * DAY
    world.now = NOW + 53 * DAY
    assert not world.look()
    assert world.codes() == ["expires-soon"]
    assert world.by_name.next_look == NOW + 60 * DAY
    world.now = NOW + 60 * DAY
    world.look()
    assert world.codes() == ["expired"]
    assert world.secret(PAIR) is good
    assert world.by_name.next_look is None


def test_a_certificate_of_the_future_comes_by_itself() -> None:
    world = World()
    world.kube.secret("cert", {"tls.crt": certificate(start=1), "tls.key": key_text()})
    world.look()
    world.refer(tls(PAIR))
    assert world.secret(PAIR) is None
    world.now = world.by_name.next_look or 0
    assert world.now == NOW + DAY
    assert world.look()
    assert world.secret(PAIR) is not None


def test_where_secrets_are_not_read_that_is_said() -> None:
    world = World(kube=SmallCluster(secrets=None))
    world.look()
    world.refer(tls())
    assert world.secret() is None
    assert world.codes() == ["secrets-off"]


def test_no_problem_holds_a_byte_of_a_secret() -> None:
    world = World()
    world.kube.secret("cert", {"tls.crt": b"hunter2-chain", "tls.key": b"hunter2-key", "empty": b""})
    world.look()
    world.refer(tls(PAIR), tls("shop/cert:empty", name="b"), tls("shop/cert:none", name="c"))
    assert world.codes() == ["bad-certificate", "empty-key", "no-key"]
    assert not any("hunter2" in f"{each!r} {each}" for each in world.by_name.problems)
    assert "hunter2" not in repr(world.kube.now())
    assert "hunter2" not in repr(vars(world.by_name))


def test_every_object_that_refers_to_it_is_told(world: World) -> None:
    world.refer(eds("shop/ehco:http", name="a"), eds("shop/ehco:http", name="b"), tls())
    assert sorted(each.object.name for each in world.by_name.problems if each.object) == ["a", "b"]
    world.refer(eds("shop/ehco:http", name="b"), tls())
    assert [each.object.name for each in world.by_name.problems if each.object] == ["b"]


def test_a_name_on_which_legation_fails_spoils_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    good = world.secret()
    assert good is not None
    leaked = b"hunter2"
    version, make = good.version, MAKERS[SECRET].make

    def fragile(name: str, *args: Any, **more: Any) -> Any:
        if name == TOKEN:
            raise RuntimeError(leaked)
        return make(name, *args, **more)

    monkeypatch.setattr(MAKERS[SECRET], "make", fragile)
    world.refer(eds(), tls(), tls("shop/token:more", name="b"))
    with capture_logs() as logs:
        world.kube.secret("token", {"value": leaked, "more": b"y"})
        assert world.look()
    now = world.secret()
    assert now is not None
    assert now.version == version
    assert world.secret("shop/token:more") is not None
    assert world.codes() == ["internal-error"]
    assert [each["event"] for each in logs] == ["internal error"]
    assert "hunter2" not in f"{logs} {world.by_name.problems}"
    monkeypatch.undo()
    world.kube.secret("token", {"value": b"new", "more": b"y"})
    assert world.look()
    assert world.codes() == []
