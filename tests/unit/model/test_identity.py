"""What a proof is called."""

from __future__ import annotations

import pytest

from legation.model.identity import CertificateProof, Flaw, Proof, TokenProof

CERTIFICATE = CertificateProof(uris=("spiffe://d/node/edge",))
TOKEN = TokenProof(user="system:serviceaccount:shop:web", namespace="shop", service_account="web", pod="web-1")


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (Proof(), "no proof"),
        (Proof(flaw=Flaw(words="away", passing=True)), "a token that nobody could look at"),
        (Proof(flaw=Flaw(words="expired")), "a token that proves nothing"),
        (Proof(certificate=CERTIFICATE, flaw=Flaw(words="expired")), "the certificate of spiffe://d/node/edge"),
        (
            Proof(certificate=CERTIFICATE, token=TOKEN),
            "the certificate of spiffe://d/node/edge and the token of shop/web in the Pod shop/web-1",
        ),
    ],
)
def test_what_somebody_showed_is_said_also_where_it_proves_nothing(proof: Proof, words: str) -> None:
    assert str(proof) == words
