"""Whatever somebody shows in place of a token is looked at without an error, and proves nothing."""

from __future__ import annotations

import asyncio
import base64
import json

from hypothesis import example, given
from hypothesis import strategies as st

from legation.kube.tokens.checker import Tokens
from legation.kube.tokens.keys import Keys, Unread, keys_of
from legation.kube.tokens.offline import Offline, Signature, Signatures
from legation.model.identity import Flaw
from legation.testing import ManualClock
from tests.unit.kube.tokens.made import AUDIENCE, NOW, payload
from tests.unit.kube.tokens.signing import GivenKeys, key, shown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "typ", "jwk", "x5c"]), JSON) | JSON
SAID = st.dictionaries(st.sampled_from(["aud", "exp", "nbf", "iss", "sub", "kubernetes.io"]), JSON) | JSON


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


def signatures() -> Signatures:
    keys = [shown(key(each), each, each) for each in ("ES256", "RS256", "EdDSA")]
    return Signatures(Keys(GivenKeys(*keys), clock=ManualClock()))


def check(token: str) -> object:
    judge = Offline(signatures(), audience=AUDIENCE, now=lambda: NOW)
    return asyncio.run(Tokens(judge, audience=AUDIENCE, clock=ManualClock(), now=lambda: NOW).check(token))


@given(st.text() | st.text("abcXYZ019-_=.", max_size=80))
@example("\udcff.\udcff.\udcff")
@example("a.W10=.b")
def test_any_text(token: str) -> None:
    assert isinstance(check(token), Flaw)


@given(HEADERS, SAID, st.text("abcXYZ019-_=", min_size=1, max_size=90))
def test_any_json(header: object, said: object, signature: str) -> None:
    assert isinstance(check(f"{part(header)}.{part(said)}.{signature}"), Flaw)


@given(HEADERS, st.sampled_from(["ES256", "RS256", "EdDSA"]), st.binary(min_size=1, max_size=300))
def test_any_signature_of_good_claims(header: object, name: str, signature: bytes) -> None:
    made = {**header, "kid": name} if isinstance(header, dict) else header
    end = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    token = f"{part(made)}.{part(payload())}.{end}"
    assert isinstance(check(token), Flaw)
    assert asyncio.run(signatures().look(token))[0] is not Signature.GOOD


@given(JSON | st.fixed_dictionaries({"keys": st.lists(JSON | HEADERS, max_size=3)}))
def test_any_key_set(said: object) -> None:
    try:
        keys_of(json.dumps(said).encode("utf-8", "surrogatepass"))
    except Unread:
        return
    raise AssertionError(said)
