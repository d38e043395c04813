"""The internal port, asked without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from legation.model.delivery import Deliveries, Delivery
from legation.model.delivery_json import from_json
from legation.ops.replicas import replicas_app
from tests.unit.ops.records import EDGE, REFUSING

if TYPE_CHECKING:
    import httpx2

ASKED: list[tuple[str, int]] = []
TOLD = Deliveries(epoch="e", number=9, whole=False, objects={EDGE: (2, Delivery(matching=3, accepted=3))})


def deliveries(*, epoch: str = "", since: int = 0) -> Deliveries:
    ASKED.append((epoch, since))
    return TOLD


def get(path: str) -> httpx2.Response:
    app = replicas_app(deliveries=deliveries, proxies=lambda: (REFUSING,), turned_away=tuple)
    # Others know it by the address of its Pod.
    return TestClient(app, base_url="http://10.1.2.3:18003").get(path)


def test_counts_are_told_since_a_number_of_a_run() -> None:
    ASKED.clear()
    assert from_json(get("/delivery?epoch=e&since=7").json()) == TOLD
    assert from_json(get("/delivery").json()) == TOLD
    assert ASKED == [("e", 7), ("", 0)]


def test_a_number_that_is_none_is_refused() -> None:
    assert get("/delivery?since=last").status_code == 400


def test_envoys_are_told_as_the_admin_port_does() -> None:
    page = get("/proxies").json()
    assert [each["node"] for each in page["proxies"]] == ["test-id"]
    assert page["turned_away"] == []


def test_there_is_nothing_else() -> None:
    assert get("/problems").status_code == 404
