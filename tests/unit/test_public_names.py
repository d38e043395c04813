"""What `import legation` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import legation


@pytest.mark.parametrize("name", legation.__all__)
def test_each_public_name_is_there(name: str) -> None:
    assert getattr(legation, name).__name__ == name
    assert name in dir(legation)


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Xds'"):
        legation.Xds  # noqa: B018 - to ask for it is the test


def test_to_import_a_part_loads_no_client_and_no_server() -> None:
    script = (
        "import sys, legation, legation.runtime.hub, legation.sources.memory\n"
        "print([name for name in ('grpc', 'google.protobuf', 'httpx2', 'starlette') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
