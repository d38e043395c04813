"""What the API server is answered when it asks whether a new Pod needs a sidecar. Pure.

The one invariant: no Pod is kept from running but one whose own annotations ask for what nobody can make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from legation.api.admission.review import ALLOWED, Decision, Request
from legation.api.admission.saying import errors_of, refusal, warnings
from legation.api.injection.injecting import inject
from legation.api.injection.patching import patch
from legation.kube.nesting import is_deep

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def answering(defaults: Mapping[str, str]) -> Callable[[Request], Decision]:
    """Return what decides on a Pod.

    Args:
        defaults: What holds for annotations that a Pod does not have.
    """

    def decide(request: Request) -> Decision:
        if (request.kind.group, request.kind.kind) != ("", "Pod") or request.sub_resource:
            return ALLOWED
        if request.operation != "CREATE" or is_deep(bytes(request.object)):
            return ALLOWED
        pod = _decode(request.object)
        injected = inject(pod, defaults=defaults)
        errors = errors_of(injected.problems)
        others = [each for each in injected.problems if each not in errors]
        if errors:
            return Decision(refusal=refusal(errors), warnings=warnings(others))
        return Decision(warnings=warnings(others), patch=tuple(patch(pod, injected.pod)))

    return decide
