"""The keys and tokens that tests make are noted as they are made, whoever makes them.

Keys are made by `cryptography` alone, in the process of the test or in one that leaves them in the test's folder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.secrecy.needles import Needles

Undo: TypeAlias = Callable[[], None]
_MARK = b"PRIVATE KEY-----"
_LARGEST = 64 << 10
_HEADER = "bearer "


def watch(needles: Needles) -> Undo:
    """Have each key noted that is made in this process, and each JSON Web Token."""
    undo = contextlib.ExitStack()
    for owner, name in (
        (ec, "generate_private_key"),
        (rsa, "generate_private_key"),
        (ed25519.Ed25519PrivateKey, "generate"),
        (serialization, "load_pem_private_key"),
    ):
        undo.callback(wrap(owner, name, lambda key, *_: note_key(needles, key)))
    with contextlib.suppress(ImportError):
        import jwt  # noqa: PLC0415 - whoever has no use for tokens does not load it

        undo.callback(wrap(jwt, "encode", lambda token, *_: needles.add_word(str(token), what="a token")))
    return undo.close


def wrap(owner: Any, name: str, told: Callable[..., None]) -> Undo:
    """Have a function tell what it returned, and what it was given; return what takes that back."""
    before = owner.__dict__.get(name)
    called = getattr(owner, name)

    def telling(*args: Any, **named: Any) -> Any:
        made = called(*args, **named)
        told(made, *args)
        return made

    setattr(owner, name, staticmethod(telling) if isinstance(before, (staticmethod, classmethod)) else telling)
    return lambda: setattr(owner, name, before) if before is not None else delattr(owner, name)


def note_key(needles: Needles, key: Any) -> None:
    """Note a private key of whatever kind."""
    what = f"a private key ({type(key).__name__.removesuffix('PrivateKey')})"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        needles.add_bytes(key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big"), what=what)
    elif isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        for number in (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp):
            needles.add_bytes(number.to_bytes((number.bit_length() + 7) // 8, "big"), what=what)
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        needles.add_bytes(key.private_bytes_raw(), what=what)
    else:
        return
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        with contextlib.suppress(ValueError):
            pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            needles.add_pem(pem, what=what)


def note_files(needles: Needles, folder: Path) -> None:
    """Note the keys that other processes have left in a test's folder."""
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
                continue
            data = file.read_bytes()
            if data.startswith(b"-----BEGIN") and _MARK in data:
                serialization.load_pem_private_key(data[data.index(b"-----BEGIN") :], None)


def note_headers(needles: Needles, headers: Mapping[bytes, bytes]) -> None:
    """Note the token of an HTTP request."""
    note_header(needles, headers.get(b"authorization", b"").decode("latin-1"))


def note_header(needles: Needles, value: str) -> None:
    """Note the token of an `authorization` header."""
    if value[: len(_HEADER)].lower() == _HEADER:
        needles.add_word(value[len(_HEADER) :].strip(), what="a bearer token")
