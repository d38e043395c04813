"""What a template matches, and above all what it does not."""

from __future__ import annotations

import string
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.runtime.identity_template import (
    TemplateFault,
    account_template,
    dns_template,
    filling,
    uri_template,
)

ACCOUNT = uri_template("spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}")
NODE = uri_template("spiffe://example.org/node/{node_id}")
POD = dns_template("{pod}.{namespace}.pods.example.org")

LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
ANYTHING = st.text(max_size=40)
HOSTILE = st.text(alphabet="abAB01-._~/%2eEfF?#@:{}* \x00\n", max_size=30)


@given(DOMAINS, LABELS, LABELS)
def test_an_identity_of_a_service_account_says_who_it_is(domain: str, namespace: str, account: str) -> None:
    assert ACCOUNT.match(f"spiffe://{domain}/ns/{namespace}/sa/{account}") == {
        "trust_domain": domain,
        "namespace": namespace,
        "service_account": account,
    }


@given(st.text(min_size=1, max_size=60))
def test_a_node_id_is_what_was_put_in_whatever_it_holds(node_id: str) -> None:
    """As `legation pki` writes it; only what nobody can see is no part of a name."""
    try:
        encoded = quote(node_id, safe="")
    except UnicodeEncodeError:
        return
    found = NODE.match(f"spiffe://example.org/node/{encoded}")
    hidden = any(each < " " or each == "\x7f" for each in node_id)
    relative = encoded in {".", ".."}
    assert found == (None if hidden or relative else {"node_id": node_id})


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_variable_crosses_a_slash(domain: str, namespace: str, account: str) -> None:
    """However many parts there are: each variable is exactly one, decoded."""
    name = f"spiffe://{domain}/ns/{namespace}/sa/{account}"
    found = ACCOUNT.match(name)
    if found is not None:
        _, _, rest = name.partition("://")
        assert rest.count("/") == 4
        assert (domain.lower(), unquote(namespace), unquote(account)) == tuple(found.values())
        assert not set("".join(found.values())) & set("/%?#@: \x00\n*") or "%2" in name.lower()
        assert "." not in found["namespace"]


@given(HOSTILE, HOSTILE)
def test_no_variable_crosses_a_dot_of_a_dns_name(pod: str, namespace: str) -> None:
    found = POD.match(f"{pod}.{namespace}.pods.example.org")
    if found is not None:
        assert found == {"pod": pod.lower(), "namespace": namespace.lower()}
        assert "." not in pod + namespace
        assert "*" not in pod + namespace


@given(HOSTILE | ANYTHING)
def test_no_name_makes_it_fail(name: str) -> None:
    for template in (ACCOUNT, NODE, POD):
        template.match(name)


@given(st.text(alphabet=string.ascii_letters, min_size=1, max_size=20))
def test_paths_have_a_case_and_domains_have_none(word: str) -> None:
    """SPIFFE-ID 2.1: the path is case-sensitive. RFC 3986 3.1 and 3.2.2: scheme and host are not."""
    exact = uri_template(f"spiffe://example.org/{word}")
    assert exact.match(f"SPIFFE://Example.ORG/{word}") == {}
    assert (exact.match(f"spiffe://example.org/{word.swapcase()}") == {}) is (word == word.swapcase())
    host = dns_template(f"{word}.example.org")
    assert host.match(f"{word.swapcase()}.EXAMPLE.org") == {}


@pytest.mark.parametrize(
    "name",
    [
        "spiffe://d/ns/shop/sa/web/",
        "spiffe://d/ns/shop/sa//web",
        "spiffe://d/ns/shop/sa/web/more",
        "spiffe://d/ns/shop/sa/",
        "spiffe://d/ns//sa/web",
        "spiffe:///ns/shop/sa/web",
        "spiffe://d/NS/shop/sa/web",
        "spiffe://d/%6Es/shop/sa/web",
        "spiffe://d/ns/shop%2Fsa%2Fweb",
        "spiffe://d/ns/shop%2Fx/sa/web",
        "spiffe://d/ns/a.b/sa/web",
        "spiffe://d/ns/Shop/sa/web",
        "spiffe://d/ns/shop%/sa/web",
        "spiffe://d/ns/sh%zzop/sa/web",
        "spiffe://d/ns/shop/sa/%C3%28",
        "spiffe://d/ns/../sa/web",
        "spiffe://d/ns/shop/sa/web?x=1",
        "spiffe://d/ns/shop/sa/web#x",
        "spiffe://u@d/ns/shop/sa/web",
        "spiffe://d:443/ns/shop/sa/web",
        "https://d/ns/shop/sa/web",
        " spiffe://d/ns/shop/sa/web",
        "spiffe://d/ns/shop/sa/web\n",
        "spiffe://d/ns/shop/sa/wéb",
        "spiffe://d/ns/shop/sa/" + "w" * 4000,
    ],
)
def test_what_is_nearly_an_identity_is_none(name: str) -> None:
    assert ACCOUNT.match(name) is None


def test_percent_encoding_is_undone_once() -> None:
    assert NODE.match("spiffe://example.org/node/edge%2F1") == {"node_id": "edge/1"}
    assert NODE.match("spiffe://example.org/node/edge%252F1") == {"node_id": "edge%2F1"}
    assert NODE.match("spiffe://example.org/node/edge%00") is None


@pytest.mark.parametrize(
    "name",
    [
        "*.shop.pods.example.org",
        "web.shop.pods.example.org.",
        ".shop.pods.example.org",
        "web.pods.example.org",
        "a.b.shop.pods.example.org",
        "web..pods.example.org",
        "",
    ],
)
def test_what_is_nearly_a_host_is_none(name: str) -> None:
    assert POD.match(name) is None


def test_a_variable_may_be_a_part_of_a_label_or_of_a_segment() -> None:
    template = dns_template("envoy-{number}x.example.org")
    assert template.match("envoy-12x.example.org") == {"number": "12"}
    assert template.match("envoy-x.example.org") is None
    assert template.match("envoy-1x.2x.example.org") is None
    assert uri_template("spiffe://{team}.example.org/x-{y}").match("spiffe://a.example.org/x-b") == {
        "team": "a",
        "y": "b",
    }
    assert uri_template("spiffe://{team}.example.org/x").match("spiffe://a.b.example.org/x") is None


def test_a_service_account_is_matched_by_its_two_names() -> None:
    template = account_template("{namespace}/edge")
    assert template.match("shop", "edge") == {"namespace": "shop"}
    assert template.match("shop", "web") is None


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (uri_template, "example.org/x", "no URI"),
        (uri_template, "spiffe://", "empty part"),
        (uri_template, "spiffe://d//x", "empty part"),
        (uri_template, "spiffe://d/x/", "empty part"),
        (uri_template, "spiffe://d/../x", "empty part"),
        (uri_template, "spiffe://d:1/x", "a port"),
        (uri_template, "spiffe://d/x?y", "a query"),
        (uri_template, "spiffe://d/{a}{b}", "several variables"),
        (uri_template, "spiffe://d/{a}.{b}", "several variables"),
        (uri_template, "spiffe://d/{a", "a brace"),
        (uri_template, "spiffe://d/{A}", "a brace"),
        (uri_template, "spiffe://{a}/{a}", "{a} twice"),
        (dns_template, "*.example.org", "no DNS name"),
        (dns_template, "a..b", "no DNS name"),
        (dns_template, "{a}{b}.org", "several variables"),
        (dns_template, "{a}.{a}.org", "{a} twice"),
        (account_template, "web", "no service account"),
        (account_template, "shop/web/x", "no service account"),
        (account_template, "{a}/{a}", "{a} twice"),
        (filling, "x{", "a brace"),
        (filling, "{}", "a brace"),
    ],
)
def test_what_is_no_template_is_told_with_a_mend(read: Callable[[str], object], text: str, words: str) -> None:
    with pytest.raises(TemplateFault, match=words) as fault:
        read(text)
    assert fault.value.mend


def test_a_text_is_filled_with_what_was_matched() -> None:
    assert filling("{pod}.{namespace}").fill({"pod": "web", "namespace": "shop"}) == "web.shop"
    assert filling("edge").fill({}) == "edge"
    assert filling("{a}").fill({"a": "{b}", "b": "no"}) == "{b}"
