"""Every code that a lint uses stands in the table of problems."""

from __future__ import annotations

import re
from pathlib import Path

from legation.envoy import lints

_CODE = re.compile(
    r'(?:refused|doubtful)\(\s*"(?P<first>[a-z0-9-]+)"|^_?[A-Z]+ = "(?P<named>[a-z]+(?:-[a-z]+)+)"$', re.MULTILINE
)


def test_every_code_is_explained() -> None:
    page = (Path(__file__).parents[4] / "docs/problems.md").read_text()
    texts = (each.read_text() for each in Path(lints.__file__).parent.glob("*.py"))
    codes = {match["first"] or match["named"] for text in texts for match in _CODE.finditer(text)}

    assert len(codes) > 40
    assert sorted(code for code in codes if f"`{code}`" not in page) == []
