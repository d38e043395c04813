"""The admin port, asked without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from legation.model.identity import CertificateProof, Proof
from legation.model.node import Node, Peer
from legation.model.proxy_status import Denied
from legation.model.replicas import ReplicaPage, ReplicaPages
from legation.ops.admin import admin_app
from tests.unit.ops.records import DANGLING, REFUSING, UNKNOWN_FIELD

if TYPE_CHECKING:
    import httpx2

    from legation.model.problems import Problem


def get(path: str, *, host: str = "localhost", problems: tuple[Problem, ...] = (), **headers: str) -> httpx2.Response:
    """Ask the admin port."""
    app = admin_app(proxies=lambda: (REFUSING,), problems=lambda: problems, turned_away=tuple, bind="127.0.0.2")
    return TestClient(app, base_url=f"http://{host}:18001").get(path, headers=headers)


def test_the_index_names_every_page() -> None:
    """What a person sees who opens the port."""
    text = get("/").text
    assert "/proxies" in text
    assert "/problems" in text


def test_an_envoy_is_shown_with_what_it_was_sent_accepted_and_refused() -> None:
    """Everything that `legation proxies` prints."""
    (proxy,) = get("/proxies").json()["proxies"]
    clusters: dict[str, Any] = proxy["types"][0]
    assert (proxy["node"], proxy["group"], proxy["user_agent"]) == ("test-id", "default", "envoy 1.40.0")
    assert (proxy["address"], proxy["connected_for"]) == ("ipv4:127.0.0.1:50312", 1.235)
    assert clusters == {
        "type": "Cluster",
        "sent": "c0ffee",
        "accepted": "beef",
        "since": None,
        "pending_for": 2.5,
        "refused": [
            {
                "name": "edge",
                "version": "c0ffee",
                "reason": "malformed IP address",
                "object": "Cluster default/edge",
                "together": 1,
                "parked": None,
            }
        ],
        "last_refusal": {"version": "c0ffee", "reason": "malformed IP address", "ago": 3.0},
    }


def test_the_load_of_an_envoy_is_shown_by_cluster() -> None:
    """Figures of the interval, and rates."""
    assert get("/proxies").json()["proxies"][0]["loads"] == [
        {
            "cluster": "web",
            "interval": 2.0,
            "requests": 9,
            "errors": 2,
            "in_progress": 3,
            "dropped": {"throttle": 1},
            "requests_per_second": 4.5,
            "errors_per_second": 1.0,
            "dropped_per_second": 0.5,
        }
    ]


def test_the_envoys_of_all_replicas_are_shown_together() -> None:
    """What another one shows says which one that is; who was silent is named."""
    theirs = ReplicaPage(
        replica="10.0.0.2", proxies=({"node": "far"},), turned_away=({"node": "odd"},), denied=({"node": "x"},)
    )

    async def replicas() -> ReplicaPages:
        return ReplicaPages(pages=(theirs,), silent=("10.0.0.3",))

    app = admin_app(proxies=lambda: (REFUSING,), problems=tuple, turned_away=tuple, bind="localhost", replicas=replicas)
    page = TestClient(app, base_url="http://localhost").get("/proxies").json()
    assert [(each["node"], each.get("replica")) for each in page["proxies"]] == [("test-id", None), ("far", "10.0.0.2")]
    assert page["turned_away"] == [{"node": "odd", "replica": "10.0.0.2"}]
    assert page["denied"] == [{"node": "x", "replica": "10.0.0.2"}]
    assert page["replicas"] == {"asked": 3, "answered": 2, "silent": ["10.0.0.3"]}
    assert "replicas" not in get("/proxies").json()


def test_who_was_refused_for_its_identity_is_shown_with_what_it_showed() -> None:
    proof = Proof(certificate=CertificateProof(uris=("spiffe://d/node/edge",)))
    denied = Denied(
        node=Node(id="web-1.shop"),
        peer=Peer(address="ipv4:10.0.0.1:4711", transport="grpc", proof=proof),
        cause="other-node",
        status="PERMISSION_DENIED",
        words="it is another one",
        served=False,
        times=2,
        ago=1.5,
    )
    app = admin_app(proxies=tuple, problems=tuple, turned_away=tuple, denied=lambda: (denied,), bind="localhost")
    page = TestClient(app, base_url="http://localhost").get("/proxies").json()
    assert page["denied"] == [
        {
            "node": "web-1.shop",
            "address": "ipv4:10.0.0.1:4711",
            "proof": "the certificate of spiffe://d/node/edge",
            "cause": "other-node",
            "status": "PERMISSION_DENIED",
            "reason": "it is another one",
            "served": False,
            "times": 2,
            "ago": 1.5,
        }
    ]


def test_problems_are_lines_for_people() -> None:
    """Without an Accept header."""
    assert get("/problems", problems=(UNKNOWN_FIELD, DANGLING)).text == (
        'error: edge.yaml:7:5: Cluster default/edge: spec.config: there is no field "conect_timeout"'
        ' (did you mean "connect_timeout"?)\n'
        "warning: nobody has the cluster b\n"
    )
    assert get("/problems").text == "no problems\n"


def test_problems_are_json_for_programs() -> None:
    """With an Accept header."""
    shown = get("/problems", problems=(UNKNOWN_FIELD, DANGLING), accept="application/json").json()["problems"]
    assert shown[0] == {
        "level": "error",
        "text": str(UNKNOWN_FIELD),
        "code": "unknown-field",
        "message": 'there is no field "conect_timeout"',
        "mend": 'did you mean "connect_timeout"?',
        "example": "",
        "object": "Cluster default/edge",
        "file": "edge.yaml",
        "line": 7,
        "column": 5,
        "path": "spec.config",
    }
    assert (shown[1]["level"], shown[1]["file"], shown[1]["line"]) == ("warning", None, None)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.0.0.2"])
def test_the_names_of_this_machine_are_answered(host: str) -> None:
    """The usual ones, and the address that it was told to listen on."""
    assert get("/proxies", host=host).status_code == 200


def test_another_host_name_that_points_here_is_refused() -> None:
    """A page in a browser could make a name of its own point to the loopback address."""
    assert get("/proxies", host="rebound.example.org").status_code == 400


def test_nothing_can_be_changed_here() -> None:
    """The pages are for reading."""
    app = admin_app(proxies=list, problems=list, turned_away=list, bind="localhost")
    assert TestClient(app, base_url="http://localhost").post("/problems").status_code == 405


# ------------------------------------------------------------------------------------------------------ who may see it

TOKEN, NEWER = "a-token-that-nobody-guesses", "another-token-that-nobody-guesses"


def guarded(*, host: str = "localhost", secured: bool = False) -> TestClient:
    app = admin_app(
        proxies=lambda: (REFUSING,),
        problems=tuple,
        turned_away=tuple,
        bind="127.0.0.2",
        tokens=lambda: (TOKEN, NEWER),
        secured=secured,
    )
    return TestClient(app, base_url=f"http://{host}:18001")


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN} {NEWER}"},
        {"x-authorization": f"Bearer {TOKEN}"},
    ],
)
def test_where_there_is_a_token_nothing_is_shown_without_it(shown: dict[str, str]) -> None:
    for path in ("/", "/proxies", "/problems", "/nowhere"):
        response = guarded().get(path, headers=shown)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert "test-id" not in response.text
        assert TOKEN not in response.text


def test_two_tokens_at_once_prove_nothing() -> None:
    headers = [("authorization", f"Bearer {each}") for each in (TOKEN, NEWER)]
    assert guarded().get("/proxies", headers=headers).status_code == 401


@pytest.mark.parametrize("token", [TOKEN, NEWER])
def test_an_old_and_a_new_token_are_good_at_a_time(token: str) -> None:
    assert guarded().get("/proxies", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_a_token_does_not_make_another_host_good_unless_a_client_has_looked_at_the_certificate() -> None:
    shown = {"authorization": f"Bearer {TOKEN}"}
    assert guarded(host="legation.home.svc").get("/proxies", headers=shown).status_code == 400
    assert guarded(host="legation.home.svc", secured=True).get("/proxies", headers=shown).status_code == 200
    assert guarded(host="legation.home.svc", secured=True).get("/proxies").status_code == 401


def test_a_port_for_others_without_a_token_is_none() -> None:
    with pytest.raises(ValueError, match="has to have a token"):
        admin_app(proxies=tuple, problems=tuple, turned_away=tuple, bind="0.0.0.0", secured=True)
