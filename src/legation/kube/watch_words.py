"""What is missing while a watch does not stand, in words for a person, and the rule that would mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

from legation.errors import KubeError, KubeForbidden, KubeNotFound, KubeUnreachable
from legation.model.api_kinds import ApiKind

_WHO = "is it the API server that answers there?"


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
    unreachable: bool = False
    """Whether nobody answers: then it is worth to ask again as soon as somebody does."""
    forbidden: bool = False
    """Whether the API server refuses to tell it."""

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
        return self._missing(f"{self} are not listed yet", trouble=False)

    def not_followed(self) -> Missing:
        """They were listed, and the watch has not begun."""
        return self._missing(f"the watch of {self} has not begun yet", trouble=False)

    def failed(self, error: KubeError | KubeUnreachable, *, verb: str) -> Missing:
        """Say why they could not be listed or watched."""
        if isinstance(error, KubeForbidden):
            return replace(self._missing(f"may not {verb} {self}: {error}", mend=self._rule()), forbidden=True)
        message = f"cannot {verb} {self}: {error}"
        if isinstance(error, KubeUnreachable):
            return self._missing(message, mend=self._stays(), cause=str(error), unreachable=True)
        if isinstance(error, KubeNotFound) and self.kind.built_in:
            doubt = f", though every API server has that; {_WHO}"
            return self._missing(f"{message}{doubt}", mend=self._stays(), cause=f"{error}{doubt}")
        # A 500 to a list is mostly the store's trouble, so every kind's: who writes one object takes it for that one's.
        of_all = error.is_of_server or error.status == HTTPStatus.INTERNAL_SERVER_ERROR
        cause = f"the API server answers {error.status}" if of_all else ""
        if error.status == HTTPStatus.UNAUTHORIZED:
            cause += ", so it does not know who asks; has the token expired?"
        return self._missing(message, cause=cause)

    def not_told(self, refusal: KubeNotFound, why: Exception) -> Missing:
        """Somebody says that there are no such kinds, and nobody that there are others."""
        who = "it takes the ClusterRole system:discovery" if isinstance(why, KubeForbidden) else _WHO
        doubt = f"the API server does not tell which kinds it has ({why}); {who}"
        return self._missing(f"cannot list {self}: {refusal}, and {doubt}", mend=self._stays(), cause=doubt)

    def contradicted(self, refusal: KubeNotFound) -> Missing:
        """Somebody says that there are no such kinds, and the API server that there are."""
        doubt = "though the API server tells that it has them; does somebody on the way answer in its place?"
        return self._missing(f"cannot list {self}: {refusal}, {doubt}", mend=self._stays())

    def silent(self) -> Missing:
        """The watch says nothing."""
        return self._missing(f"the watch of {self} is silent, and is begun anew")

    def garbled(self, error: Exception) -> Missing:
        """What was said is not what the API promises."""
        message = f"what is told of {self} cannot be understood: {error}"
        return self._missing(message, mend=_WHO)

    def short(self) -> Missing:
        """The watch ends as soon as it begins."""
        return self._missing(f"the watch of {self} ends as soon as it has begun")

    def _missing(
        self, message: str, *, mend: str = "", cause: str = "", trouble: bool = True, unreachable: bool = False
    ) -> Missing:
        return Missing(
            message=message, mend=mend, cause=cause, scope=str(self), trouble=trouble, unreachable=unreachable
        )

    def _stays(self) -> str:
        return "what was known of them stays"

    def _rule(self) -> str:
        role = f"a Role in namespace {self.namespace}" if self.kind.namespaced and self.namespace else "a ClusterRole"
        group, plural = f'"{self.kind.group}"', self.kind.plural
        return f'it takes {role} with the rule apiGroups: [{group}], resources: ["{plural}"], verbs: ["list", "watch"]'
