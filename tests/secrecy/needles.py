"""What a secret looks like wherever it may turn up: as PEM, in base64 (once or twice), in hexadecimal, as it is.

A text is searched for pieces of it, so that a line of a key is found as the whole is.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

_PIECE = 20
"""Characters of a piece: of base64 these are 15 bytes, of hexadecimal 10. Nothing else has the same by chance."""
_SHORTEST = 12
"""Characters of a word that is secret; a shorter one may be a part of any sentence."""
_RUN = re.compile(rf"[A-Za-z0-9+/_=-]{{{_PIECE},}}")
_GAPS = re.compile(r"(?:\\n|\\r|[\s\"',\\|])+")
"""What a long text may be broken by when it is shown: lines, quotes, the frames of tables."""
_PEM = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\n|\s)*[A-Za-z0-9+/]{16}")
"""The beginning of a key and some of it: that alone, or with three dots behind, is how places of keys are shown."""


class Needles:
    """The secrets that are known, in pieces."""

    def __init__(self) -> None:
        self._pieces: dict[str, str] = {}
        """What each piece is of."""
        self._words: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._pieces) + len(self._words)

    def add_bytes(self, secret: bytes, *, what: str) -> None:
        """Take the bytes that are the secret in a key: 32 and more."""
        for piece in (*_base64_pieces(secret), *_hex_pieces(secret)):
            self._pieces.setdefault(piece, what)

    def add_pem(self, pem: bytes, *, what: str) -> None:
        """Take a key as a text, which may itself be in base64, as in a Secret. Its middle is taken for the secret."""
        lines = [line for line in pem.splitlines() if line and not line.startswith(b"-")]
        middle = b"\n".join(lines[len(lines) // 3 :])[:64] if len(lines) > 1 else b"".join(lines)[60:124]
        for piece in _base64_pieces(middle):
            self._pieces.setdefault(piece, what)

    def add_word(self, word: str, *, what: str) -> None:
        """Take a token or a password."""
        if len(word) < _SHORTEST:
            return
        self._words.setdefault(word, what)
        # Of a token that is cut: its end, for all of one issuer begin alike.
        if len(word) >= 4 * _PIECE:
            self._pieces.setdefault(word[-_PIECE:], what)

    def found_in(self, text: str) -> str | None:
        """Return what is found in a text; None: nothing."""
        if _PEM.search(text):
            return "a private key in PEM"
        for word, what in self._words.items():
            if word in text:
                return what
        return self._piece_in(text) or self._piece_in(_GAPS.sub("", text))

    def _piece_in(self, text: str) -> str | None:
        for run in _RUN.findall(text):
            for at in range(len(run) - _PIECE + 1):
                if (what := self._pieces.get(run[at : at + _PIECE])) is not None:
                    return what
        return None


def _base64_pieces(secret: bytes) -> Iterator[str]:
    # Where it stands in what is encoded, and so which of its bytes begin a group, nobody knows.
    size = _PIECE // 4 * 3
    for start in range(len(secret) - size + 1):
        piece = secret[start : start + size]
        yield base64.b64encode(piece).decode()
        yield base64.urlsafe_b64encode(piece).decode()


def _hex_pieces(secret: bytes) -> Iterator[str]:
    for start in range(len(secret) - _PIECE // 2 + 1):
        text = secret[start : start + _PIECE // 2].hex()
        yield text
        yield text.upper()
