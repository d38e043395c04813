"""Each test is reported with the variants in which it spoke, for the table of rows (`tools/protocol_page.py`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.spec import variants


@pytest.fixture(autouse=True)
def _spoken_variants(request: pytest.FixtureRequest) -> Iterator[None]:
    variants.heard.clear()
    yield
    request.node.user_properties.append(("variants", sorted(variants.heard, key=variants.ORDER.index)))
