"""What is found in Envoy JSON, as a problem of who wrote it. Pure.

It refuses to know what was read: a finding keeps its words, and its path gets what stands above it.
"""

from __future__ import annotations

from legation.envoy.findings import Finding
from legation.model.objects import FieldPath
from legation.model.problems import Problem


def told(finding: Finding, above: FieldPath = ()) -> Problem:
    """Return a finding as a problem of nobody yet.

    Args:
        finding: What was found in a part of a text.
        above: Where that part stands.
    """
    return Problem(
        code=finding.code,
        message=finding.message,
        level=finding.level,
        path=(*above, *finding.path),
        mend=finding.mend,
        example=finding.example,
    )
