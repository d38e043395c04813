"""The file of a policy: what it says, and that a file with a mistake says nothing."""

from __future__ import annotations

import pytest

from legation.api.management.policy import Right
from legation.api.management.policy_file import read_policy
from legation.translate.pipeline import API_KINDS

DIGEST = "ab" * 32
GOOD = f"""\
tokens:
- {{name: ci, sha256: {DIGEST}, until: 2030-01-31}}
- {{name: ops@desk, sha256: {"CD" * 32}}}
rules:
- who: ["token:ci", "serviceaccount:shop/*", "spiffe://corp/ns/shop/*", "dns:ci.example", "group:devs", "user:ann"]
  may: [read, write]
  kinds: [Upstream, Cluster.bootes.io]
  namespaces: [shop, "team-*"]
  names: ["canary-*"]
- {{who: ["token:ops@desk"], may: [read, write, delete, force, secrets], kinds: ["*"], namespaces: ["*"]}}
"""


def read(text: str, *, has_rules: bool = True) -> tuple[bool, str]:
    found = read_policy(text, file="policy.yaml", kinds=API_KINDS, has_rules=has_rules)
    return found.policy is not None, "; ".join(map(str, found.problems))


def test_a_good_file_is_read() -> None:
    policy = read_policy(GOOD, file="policy.yaml", kinds=API_KINDS).policy
    assert policy is not None
    assert [(each.name, each.digest, each.ends) for each in policy.tokens] == [
        ("ci", DIGEST, 1896048000.0),
        ("ops@desk", "cd" * 32, None),
    ]
    first, last = policy.rules
    assert first.kinds == (("legation.dev", "Upstream"), ("bootes.io", "Cluster"))
    assert (first.rights, first.names) == (frozenset({Right.READ, Right.WRITE}), ("canary-*",))
    assert (last.is_whole, last.rights) == (True, frozenset(Right))


RULE = 'who: ["token:ci"], may: [read], kinds: ["*"], namespaces: ["*"]'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no policy here"),
        ("rules: {}", "this is a list"),
        ("rules: [a]", "this is a map"),
        ("rule: []", 'did you mean "rules"?'),
        ("rules: [{" + RULE.replace("may: [read]", "may: [reed]") + "}]", "this is nothing that one may"),
        ("rules: [{" + RULE.replace("may: [read], ", "") + "}]", "may is a list of texts"),
        ("rules: [{" + RULE.replace("token:ci", "ci") + "}]", "this names nobody"),
        ("rules: [{" + RULE.replace("token:ci", "*") + "}]", "this names nobody"),
        ("rules: [{" + RULE.replace("token:ci", "serviceaccount:shop") + "}]", "this names nobody"),
        ("rules: [{" + RULE.replace("token:ci", "token:[abc]") + "}]", "this names nobody"),
        ("rules: [{" + RULE.replace('kinds: ["*"]', "kinds: [Upstrem]") + "}]", 'did you mean "Upstream"?'),
        ("rules: [{" + RULE.replace('namespaces: ["*"]', "namespaces: [a?]") + "}]", "this can be no name"),
        ("rules: [{" + RULE.replace('namespaces: ["*"]', "namespaces: []") + "}]", "namespaces is a list of texts"),
        ("rules: [{" + RULE + ", unless: [x]}]", "a field that is not known"),
        ("tokens: [{name: ci, sha256: abc}]", "this is no SHA-256"),
        ("tokens: [{name: 'a:b', sha256: " + DIGEST + "}]", "this is no name"),
        ("tokens: [{name: a, sha256: " + DIGEST + "}, {name: b, sha256: " + DIGEST + "}]", "another has the same"),
        ("tokens: [{name: a, sha256: " + DIGEST + ", until: soon}]", "this is no time"),
        ("tokens: [", "this is no YAML"),
    ],
)
def test_a_file_with_a_mistake_is_no_policy(text: str, words: str) -> None:
    good, said = read(text)
    assert not good
    assert words in said
    assert said.startswith("policy.yaml:")


def test_no_problem_repeats_what_stands_in_the_file() -> None:
    secret = "s3cr3t-that-was-pasted-here"
    for text in (
        f"tokens: [{{name: ci, sha256: {secret}}}]",
        f"tokens: [{{name: ci, token: {secret}, sha256: {DIGEST}}}]",
        f"tokens: [{{name: ci, {secret}: 1, sha256: {DIGEST}}}]",
        f"tokens: {secret}",
        f"rules: [{{who: [{secret}], may: [{secret}], kinds: [{secret}], namespaces: ['{secret}?']}}]",
        f"tokens: [{secret}: [",
    ):
        good, said = read(text)
        assert (good, secret in said) == (False, False)


def test_in_a_cluster_a_file_has_no_rules_of_its_own() -> None:
    assert read(GOOD, has_rules=False)[0] is False
    assert "bind a Role to the User token:NAME" in read(GOOD, has_rules=False)[1]
    assert read(f"tokens: [{{name: ci, sha256: {DIGEST}}}]", has_rules=False)[0]
