from __future__ import annotations

import pytest

from legation.judging.outcome import verdict_of
from legation.judging.posing import Question
from legation.judging.verdict import Cause, Kind, Verdict
from legation.model.resource import Resource
from legation.model.resource_types import LISTENER
from tests import judged


def said(
    words: str,
    *,
    of: Resource | None = None,
    elsewhere: str = "",
    unknown: bool = False,
    secrets: frozenset[str] = frozenset(),
) -> Verdict:
    question = Question(
        resource=of or judged.cluster("backend"),
        token="abc-1-",
        row=LISTENER,
        body=b"",
        elsewhere=elsewhere,
        unknown=unknown,
        secrets=secrets,
    )
    return verdict_of(question, words)


def test_the_words_name_the_resource_and_not_what_it_was_called_there() -> None:
    verdict = said("abc-1- cluster must support HTTP/2 for gRPC healthchecking")

    assert verdict.kind is Kind.REFUSED
    assert verdict.words == "backend cluster must support HTTP/2 for gRPC healthchecking"


def test_an_address_that_was_made_up_is_not_shown() -> None:
    assert (
        said("error adding listener '0.0.0.0:65407': no filter chains specified").words == "no filter chains specified"
    )


def test_no_secret_is_ever_shown() -> None:
    verdict = said("the key hunter2hunter2 is too short", secrets=frozenset({"hunter2hunter2"}))

    assert verdict.kind is Kind.REFUSED
    assert "hunter2" not in verdict.words


def test_of_a_secret_no_more_than_plain_words_are_shown() -> None:
    words = said("Failed to load private key from <inline>, Cause: x9$", of=judged.secret()).words

    assert words.startswith("Failed to load private key")
    assert "x9$" not in words


@pytest.mark.parametrize(
    "words",
    [
        "Invalid path: /nope/ca",
        "Failed to load incomplete private key from path: /nope/k",
        "file /nope does not exist",
        "unable to open file '/nope/a.log': No such file or directory",
        "paths must refer to an existing path in the system: '/nope'",
        "envoy.tracers.zipkin: unknown cluster 'nope'",
        "Unknown gRPC client cluster 'nope'",
        "Unknown static secret: nope",
        "cannot bind '192.0.2.1:80': Cannot assign requested address",
    ],
)
def test_words_about_what_only_the_real_one_has_are_no_refusal(words: str) -> None:
    assert said(words).cause is Cause.RESOURCE


def test_a_key_that_is_missing_is_no_file_elsewhere() -> None:
    assert said("Failed to load incomplete private key from path: ").kind is Kind.REFUSED


def test_what_names_a_file_elsewhere_is_never_refused() -> None:
    verdict = said("whatever is wrong", elsewhere="a file")

    assert verdict.cause is Cause.RESOURCE
    assert "a file" in verdict.words


NOBODYS = "Didn't find a registered implementation for 'x' with type URL: 'a.B'"


def test_of_an_extension_that_is_not_known_here_only_its_absence_is_a_refusal() -> None:
    assert said(NOBODYS, unknown=True).kind is Kind.REFUSED
    assert said("whatever is wrong", unknown=True).cause is Cause.RESOURCE


def test_an_extension_may_be_at_home_where_it_was_not_asked_about() -> None:
    assert said(NOBODYS, of=judged.extension(**judged.ROUTER["typed_config"])).cause is Cause.RESOURCE
