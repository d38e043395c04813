"""Rule: one demand on one value, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from legation.envoy.findings import Finding

CODE = "constraint"
"""The code of a finding that comes from a rule of Envoy's protos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A demand on a value of a field, in the direction in which Envoy's generated code asks: NaN breaks none."""

    broken: Callable[[Any], bool]
    words: str
    """What the value must be: the sentence that follows the name of the field. It never holds the value."""
    kind: str
    """As the proto writes it, such as `string.min_len`."""
    mend: str = ""

    def finding(self, *path: str | int) -> Finding:
        """Return that the value at a path breaks it."""
        return Finding(code=CODE, path=path, message=self.words, mend=self.mend)


Make: TypeAlias = Callable[[Any, Any], "Rule | None"]
"""Return the rule that one kind is, of all the rules of a field and the field itself; None: it demands nothing."""

Kinds: TypeAlias = Mapping[str, Make]
"""The kinds of rules for one type of value, by their names in the protos; `nothing` for what changes others alone."""


def nothing(_: Any, __: Any) -> Rule | None:
    """Stand for a kind that demands nothing by itself."""
    return None
