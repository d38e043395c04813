"""Whom a proof may be, by the rules."""

from __future__ import annotations

import pytest

from legation.model.identity import CertificateProof, Flaw, Proof, TokenProof
from legation.runtime.identity_file import read_rules
from legation.runtime.identity_rules import IdentityRules, Nodes, Pods


def rules(text: str) -> IdentityRules:
    """Return the rules of a file."""
    read = read_rules(text, file="rules.yaml")
    assert read.problems == ()
    assert read.rules is not None
    return read.rules


def shown(*uris: str, dns: tuple[str, ...] = ()) -> Proof:
    return Proof(certificate=CertificateProof(uris=uris, dns=dns))


def token(namespace: str = "shop", account: str = "web", *, pod: str = "", uid: str = "") -> Proof:
    user = f"system:serviceaccount:{namespace}:{account}"
    found = TokenProof(user=user, namespace=namespace, service_account=account, pod=pod, pod_uid=uid)
    return Proof(token=found)


SEVERAL = """
rules:
- uri: spiffe://prod/ns/{namespace}/sa/edge
  nodes: ["edge.{namespace}", "spare.{namespace}"]
- uri: spiffe://prod/ns/{ns}/sa/{sa}
  pods: {namespace: "{ns}", serviceAccount: "{sa}"}
- dns: "{pod}.{namespace}.pods.example.org"
  pods: {namespace: "{namespace}", name: "{pod}"}
- dns: all.example.org
  pods: {namespace: shop}
- serviceAccount: "{namespace}/gateway"
  nodes: [gateway]
"""


def test_without_a_file_a_certificate_is_for_its_service_account_or_its_node() -> None:
    usual = IdentityRules()
    assert usual.allowed(shown("spiffe://d/ns/shop/sa/web")) == (Pods(namespace="shop", service_account="web"),)
    assert usual.allowed(shown("spiffe://d/node/edge%2F1")) == (Nodes(ids=("edge/1",)),)
    assert usual.allowed(shown("spiffe://d/other", dns=("edge.example.org",))) == ()
    assert usual.allowed(shown()) == ()


def test_a_token_is_its_very_pod_or_where_it_names_none_one_of_its_service_account() -> None:
    usual = IdentityRules()
    assert usual.allowed(token(pod="web-1", uid="u1")) == (Pods(namespace="shop", name="web-1", uid="u1"),)
    assert usual.allowed(token()) == (Pods(namespace="shop", service_account="web"),)
    assert usual.allowed(Proof(token=TokenProof(user="jane"))) == ()


def test_a_token_that_names_a_pod_and_not_which_is_for_nobody() -> None:
    assert IdentityRules().allowed(token(pod="web-1")) == ()


def test_the_first_rule_that_matches_counts() -> None:
    found = rules(SEVERAL)
    assert found.allowed(shown("spiffe://prod/ns/shop/sa/edge")) == (Nodes(ids=("edge.shop", "spare.shop")),)
    assert found.allowed(shown("spiffe://prod/ns/shop/sa/web")) == (Pods(namespace="shop", service_account="web"),)
    assert found.allowed(shown(dns=("web-1.shop.pods.example.org",))) == (Pods(namespace="shop", name="web-1"),)
    assert found.allowed(shown(dns=("all.example.org",))) == (Pods(namespace="shop"),)
    # The usual ones do not hold beside a file.
    assert found.allowed(shown("spiffe://test/ns/shop/sa/web")) == ()
    assert found.allowed(shown("spiffe://prod/node/edge-1")) == ()


def test_all_names_of_a_certificate_that_the_rule_matches_count_and_those_of_later_rules_do_not() -> None:
    proof = shown("spiffe://prod/ns/a/sa/web", "spiffe://prod/ns/b/sa/web", dns=("all.example.org",))
    assert rules(SEVERAL).allowed(proof) == (
        Pods(namespace="a", service_account="web"),
        Pods(namespace="b", service_account="web"),
    )


def test_a_uri_is_no_dns_name_and_no_service_account() -> None:
    found = rules('rules: [{dns: "{a}.org", nodes: ["{a}"]}, {serviceAccount: "{a}/{b}", nodes: ["{b}"]}]')
    assert found.allowed(shown("x.org", "shop/web")) == ()


def test_a_rule_for_a_service_account_comes_before_what_its_token_is_without_one() -> None:
    found = rules(SEVERAL)
    assert found.allowed(token(account="gateway", pod="g-1", uid="u")) == (Nodes(ids=("gateway",)),)
    assert found.allowed(token(pod="web-1", uid="u1")) == (Pods(namespace="shop", name="web-1", uid="u1"),)


def test_certificate_and_token_together_are_for_what_either_is_for() -> None:
    proof = Proof(certificate=CertificateProof(uris=("spiffe://d/node/edge",)), token=token().token)
    assert IdentityRules().allowed(proof) == (Nodes(ids=("edge",)), Pods(namespace="shop", service_account="web"))


def test_what_proves_nothing_is_for_nobody() -> None:
    assert IdentityRules().allowed(Proof()) == ()
    assert IdentityRules().allowed(Proof(flaw=Flaw(words="it has expired"))) == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no rules"),
        ("rules: {}", 1, "no rules"),
        ("- uri: spiffe://d/x", 1, "no rules"),
        ("rules: []\nmore: 1", 2, "not known here"),
        ("rules:\n- 7", 2, "a rule is a map"),
        ("rules:\n- uri: spiffe://d/x\n", 2, "whom it may be"),
        ("rules:\n- nodes: [a]\n", 2, "what an Envoy shows"),
        ("rules:\n- uri: spiffe://d/x\n  dns: a.org\n  nodes: [a]", 2, "what an Envoy shows"),
        ("rules:\n- uri: 7\n  nodes: [a]", 2, "uri is a text"),
        ("rules:\n- uri: spiffe://d/{x}{y}\n  nodes: [a]", 2, "several variables"),
        ("rules:\n- url: spiffe://d/x\n  nodes: [a]", 2, 'did you mean "uri"?'),
        ("rules:\n- uri: spiffe://d/{x}\n  nodes:\n  - '{y}'", 3, "nothing says what {y} is"),
        ("rules:\n- uri: spiffe://d/x\n  nodes: []", 3, "list of node ids"),
        ("rules:\n- uri: spiffe://d/x\n  nodes: ['*']", 3, "a star"),
        ("rules:\n- uri: spiffe://d/x\n  nodes: ['']", 3, "no text"),
        ("rules:\n- uri: spiffe://d/{x}\n  nodes: [{x}]", 3, "no text"),
        ("rules:\n- uri: spiffe://d/x\n  pods: {name: a}", 3, "with a namespace"),
        ("rules:\n- uri: spiffe://d/x\n  pods: {namespace: a, labels: {}}", 3, "not known here"),
        ("rules:\n- uri: spiffe://d/x\n  pods: {namespace: 'a{'}", 3, "a brace"),
        ("rules: [", 2, "not YAML"),
    ],
)
def test_a_file_in_which_anything_is_wrong_is_no_rules_and_says_where(text: str, line: int, words: str) -> None:
    read = read_rules(text, file="rules.yaml")
    assert read.rules is None
    problem = read.problems[0]
    assert problem.code == "identity-rules"
    assert str(problem).startswith(f"rules.yaml:{line}:")
    assert words in str(problem)


def test_an_empty_list_of_rules_lets_no_certificate_in() -> None:
    assert rules("rules: []").allowed(shown("spiffe://d/ns/shop/sa/web")) == ()


_OF_URI = "uri: spiffe://d/ns/{namespace}/sa/{service_account}/{x}"
_OF_DNS = 'dns: "{x}.{y}.example.org"'


@pytest.mark.parametrize(
    ("shows", "made"),
    [
        (_OF_URI, "{namespace}-{service_account}"),
        (_OF_URI, "{namespace}{service_account}"),
        (_OF_URI, "{service_account}.{x}"),
        (_OF_URI, "{x}.{service_account}.{namespace}"),
        (_OF_URI, "{namespace}/{service_account}-{namespace}"),
        (_OF_DNS, "{x}-{y}"),
        (_OF_DNS, "a{x}b{y}"),
        ('serviceAccount: "{a}/{b}"', "{a}/{b}"),
    ],
)
@pytest.mark.parametrize("allowed", ['nodes: ["MADE"]', 'pods: {namespace: shop, name: "MADE"}'])
def test_two_names_that_could_become_one_are_refused(shows: str, made: str, allowed: str) -> None:
    """The account `c` of the namespace `a-b` must not be what `b-c` of `a` is."""
    read = read_rules(f"rules:\n- {shows}\n  {allowed.replace('MADE', made)}\n", file="rules.yaml")
    assert read.rules is None
    (problem,) = read.problems
    assert (problem.place.line if problem.place else None) == 3
    assert "two names could be one" in problem.message
    assert "part them by a character" in problem.mend


@pytest.mark.parametrize(
    ("shows", "made"),
    [
        (_OF_URI, "{namespace}/{service_account}"),
        (_OF_URI, "{service_account}.{namespace}"),
        (_OF_URI, "{namespace}.{service_account}"),
        (_OF_URI, "{namespace}_{service_account}_{x}"),
        (_OF_URI, "{x}-{x}"),
        (_OF_DNS, "edge-{x}.{y}-1"),
        ('dns: "{pod}.{namespace}.example.org"', "{pod}.{namespace}"),
        ('serviceAccount: "{namespace}/{service_account}"', "{namespace}:{service_account}"),
    ],
)
def test_what_can_be_told_apart_may_stand_side_by_side(shows: str, made: str) -> None:
    text = f'rules:\n- {shows}\n  nodes: ["{made}"]\n'
    assert read_rules(text, file="rules.yaml").problems == ()
