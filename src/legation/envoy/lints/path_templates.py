"""Templates of paths, such as /users/{id}/**: where they begin, and what their variables are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused

_FIELD = "path_template"
_VARIABLE = re.compile(r"\{([A-Za-z]\w*)[=}]", re.ASCII)


def _template(config: Any) -> Iterator[Finding]:
    template = config.path_template
    if template and not template.startswith("/"):
        yield refused("bad-template", (_FIELD,), "a template begins with a slash", "write it as /users/{id}")
    names = _VARIABLE.findall(template)
    if len(set(names)) < len(names):
        yield refused("bad-template", (_FIELD,), "two variables have one name", "give each its own name")


LINTS: Lints = {"envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig": _template}
