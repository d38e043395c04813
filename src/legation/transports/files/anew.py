"""Anew: content that is moved into place although it stands there already, for Envoy looks at what is moved alone."""

from __future__ import annotations


class Anew(bytes):
    """Equal to the bytes that it is made of. Who writes moves it whatever stands there."""

    __slots__ = ()
