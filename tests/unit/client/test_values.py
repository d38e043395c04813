"""What goes in and comes out, and what it costs to have it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import legation.client
from legation.client import Acceptance, Host, Problem, Reference, Refusal


@pytest.mark.parametrize("name", legation.client.__all__)
def test_each_public_name_is_there(name: str) -> None:
    assert getattr(legation.client, name) is not None
    assert name in dir(legation.client)


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Stub'"):
        legation.client.Stub  # noqa: B018 - to ask for it is the test


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        pytest.param("from legation.client import Client, AsyncClient", ("envoy", "xds", "udpa", "yaml"), id="clients"),
        pytest.param(
            "from legation.client import Client, AsyncClient", ("legation.translate", "starlette"), id="server"
        ),
        pytest.param("from legation.client import Host, NotFound", ("grpc", "google", "asyncio"), id="values"),
        pytest.param("import legation; legation.NotThere if 0 else None", ("grpc", "google"), id="the package"),
    ],
)
def test_to_import_it_loads_little(program: str, absent: tuple[str, ...]) -> None:
    script = f"import sys\n{program}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert not [name for name in loaded for each in absent if name == each or name.startswith(f"{each}.")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("10.0.0.1:80", Host("10.0.0.1", 80)),
        ("reviews.shop:http", None),
        ("reviews.shop:80=5", Host("reviews.shop", 80, 5)),
        ("[fd00::1]:80", Host("fd00::1", 80)),
        ("fd00::1:80", None),
        ("[10.0.0.1]:80", None),
        (":80", None),
        ("a:80=", None),
        ("a:99999999999", None),
        ("a:٣", None),
    ],
)
def test_a_host_is_read_as_it_is_written(written: str, expected: Host | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="is not ADDRESS:PORT"):
            Host.of(written)
    else:
        assert Host.of(written) == expected


def test_values_say_what_they_are() -> None:
    web = Reference("Cluster", "web", group="bootes.io")
    assert (str(web), str(Reference("Service", "web"))) == ("cluster.bootes.io/web", "service/web")
    problem = Problem(code="x", message="it is wrong", object=web, path="spec.a", mend="mend it")
    assert str(problem) == "cluster.bootes.io/web: spec.a: it is wrong (mend it)"
    refusal = Refusal(node="edge", type="Cluster", name="web", words="no")
    found = Acceptance(accepted=False, refusals=(refusal,), waiting=("b",), problems=(problem,))
    assert str(found) == f"edge refuses Cluster web: no; b has not answered; {problem}"
    assert str(Acceptance(accepted=False)) == "fewer Envoys than were asked for"
    assert str(Acceptance(accepted=True, accepted_by=("a", "b"))) == "accepted by a, b"
