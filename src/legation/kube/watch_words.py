"""What is missing while a watch does not stand, in words for a person, and the rule that would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from legation.errors import KubeError, KubeForbidden, KubeUnreachable, LegationError
from legation.model.api_kinds import ApiKind

_OF_ALL = frozenset({401, 429, 500, 502, 503, 504})
"""Refusals that are about who asks, or about the state of the server, whatever kind is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why the state of a kind is not known, or not followed."""

    message: str
    """One sentence without a full stop."""
    mend: str = ""
    """What a person can do, where we can tell."""
    cause: str = ""
    """What is wrong for every kind alike, in words: it need not be told for each. Empty: it is about this one."""
    scope: str = ""
    """What it is about: `pods in all namespaces`."""
    trouble: bool = True
    """Whether anything is wrong; if not, it takes a moment."""

    def __str__(self) -> str:
        """Return the line that a person reads."""
        return f"{self.message} ({self.mend})" if self.mend else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is watched."""

    kind: ApiKind
    namespace: str = ""
    """Empty: all of them."""

    def __str__(self) -> str:
        if not self.kind.namespaced:
            return str(self.kind)
        return f"{self.kind} in " + (f"namespace {self.namespace}" if self.namespace else "all namespaces")

    def not_listed(self) -> Missing:
        """Nothing was heard yet."""
        return Missing(scope=str(self), message=f"{self} are not listed yet", trouble=False)

    def not_followed(self) -> Missing:
        """They were listed, and the watch has not begun."""
        return Missing(scope=str(self), message=f"the watch of {self} has not begun yet", trouble=False)

    def failed(self, error: LegationError, *, verb: str) -> Missing:
        """Say why they could not be listed or watched."""
        if isinstance(error, KubeForbidden):
            return Missing(scope=str(self), message=f"may not {verb} {self}: {error}", mend=self._rule())
        if isinstance(error, KubeUnreachable):
            return Missing(
                scope=str(self),
                message=f"cannot {verb} {self}: {error}",
                mend="what was known of them stays",
                cause=str(error),
            )
        status = error.status if isinstance(error, KubeError) else 0
        cause = f"the API server answers {status}" if status in _OF_ALL else ""
        if status == HTTPStatus.UNAUTHORIZED:
            cause += ", so it does not know who asks; has the token expired?"
        return Missing(scope=str(self), message=f"cannot {verb} {self}: {error}", cause=cause)

    def doubted(self, error: LegationError) -> Missing:
        """A kind that had objects is said not to exist."""
        message = f"{self} are not served any more: {error}"
        return Missing(
            scope=str(self), message=message, mend="what was known of them stays until the API server says so once more"
        )

    def silent(self) -> Missing:
        """The watch says nothing."""
        return Missing(scope=str(self), message=f"the watch of {self} is silent, and is begun anew")

    def garbled(self, error: Exception) -> Missing:
        """What was said is not what the API promises."""
        message = f"what is told of {self} cannot be understood: {error}"
        return Missing(scope=str(self), message=message, mend="is it the API server that answers there?")

    def short(self) -> Missing:
        """The watch ends as soon as it begins."""
        return Missing(scope=str(self), message=f"the watch of {self} ends as soon as it has begun")

    def _rule(self) -> str:
        role = f"a Role in namespace {self.namespace}" if self.kind.namespaced and self.namespace else "a ClusterRole"
        group, plural = f'"{self.kind.group}"', self.kind.plural
        return f'it takes {role} with the rule apiGroups: [{group}], resources: ["{plural}"], verbs: ["list", "watch"]'
