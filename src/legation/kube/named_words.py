"""What is missing while one object, known by its name, is not followed: in words, with the rule that would mend it."""

from __future__ import annotations

from dataclasses import dataclass

from legation.errors import KubeError, KubeForbidden, KubeNotFound
from legation.kube.watch_words import Missing, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedScope(Scope):
    """One object."""

    name: str

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}" if self.kind.namespaced else f"{self.kind} {self.name}"

    def not_asked(self) -> Missing:
        """Nothing was heard yet."""
        return self._missing(f"{self} was not asked for yet", trouble=False)

    def denied(self, error: KubeNotFound) -> Missing:
        """Somebody says that there is nothing of the kind, of which an object is known."""
        message = f"cannot get {self}: {error}, though it is known to be there"
        return self._missing(message, mend="if the kind was removed, that is believed in a minute")

    def asked_instead(self, error: KubeError, *, seconds: float) -> Missing:
        """Say why it is asked for again and again, and not watched."""
        mend = self._rule() if isinstance(error, KubeForbidden) else "let whoever is on the way let watches through"
        verb = "may not" if isinstance(error, KubeForbidden) else "cannot"
        return self._missing(f"{verb} watch {self}, so it is asked for every {seconds:g} s: {error}", mend=mend)

    def _stays(self) -> str:
        return "what was known of it stays"

    def _rule(self) -> str:
        role = f"a Role in namespace {self.namespace}" if self.kind.namespaced else "a ClusterRole"
        return (
            f'it takes {role} with the rule apiGroups: ["{self.kind.group}"], resources: ["{self.kind.plural}"], '
            f'resourceNames: ["{self.name}"], verbs: ["get", "watch"]'
        )
