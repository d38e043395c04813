"""What FakeKube does wrong because a test wants it so, and what it forbids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube_answers import Refusal, expired, forbidden, plain

REASONS: Mapping[int, str] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that was made."""

    verb: str
    """As RBAC calls it; empty for what is not about objects."""
    plural: str
    namespace: str
    name: str
    subresource: str
    params: Mapping[str, str]

    def __str__(self) -> str:
        what = "/".join(filter(None, (self.plural, self.subresource)))
        which = "/".join(filter(None, (self.namespace, self.name)))
        return " ".join(filter(None, (self.verb, what, which)))


@dataclass(slots=True, kw_only=True)
class Wrong:
    """What goes wrong with the next requests."""

    times: int
    verb: str = ""
    plural: str = ""
    status: int = 0
    retry_after: int = 0
    hangs: bool = False
    cuts: bool = False
    meanwhile: Callable[[], object] | None = None
    """What somebody else does before it is answered; nothing is wrong with the answer then."""

    def meets(self, asked: Asked) -> bool:
        """Say whether it is about such a request."""
        return self.verb in {"", asked.verb} and self.plural in {"", asked.plural}

    def refusal(self) -> Refusal:
        """Return what it says."""
        message = f"the test wants a {self.status}"
        return Refusal(self.status, REASONS.get(self.status, ""), message, retry_after=self.retry_after)


class Faults:
    """All that is to go wrong, and all that is forbidden."""

    def __init__(self) -> None:
        self._wrong: list[Wrong] = []
        self.forbidden: set[tuple[str, str, str, str]] = set()
        """Verb, plural, namespace or all, user or all."""
        self.intercepted: set[str] = set()
        """The beginnings of paths at which somebody else answers."""
        self.versions_expire_by_status = False
        """Whether a watch of a version that was compacted is refused with 410, instead of being told an ERROR."""

    def add(self, wrong: Wrong) -> None:
        """Let the next requests go wrong."""
        self._wrong.append(wrong)

    def clear(self) -> None:
        """Let all be well from now on."""
        self._wrong.clear()
        self.intercepted.clear()

    def intercepts(self, path: str) -> bool:
        """Say whether somebody else answers there."""
        return path.startswith(tuple(self.intercepted))

    def next(self, asked: Asked) -> Wrong | None:
        """Return what goes wrong with this request."""
        for each in self._wrong:
            if each.meets(asked):
                each.times -= 1
                if not each.times:
                    self._wrong.remove(each)
                return each
        return None

    def check(self, asked: Asked, kind: ApiKind, user: str) -> None:
        """Refuse what is forbidden."""
        plural = "/".join(filter(None, (asked.plural, asked.subresource)))
        rules = product((asked.verb,), (plural,), ("", asked.namespace), ("", user))
        if not self.forbidden.isdisjoint(rules):
            raise forbidden(user, asked.verb, kind, asked.namespace, asked.name)

    def check_version(self, version: int, compacted: int) -> None:
        """Refuse a watch of a version that was compacted, if it is to be refused at once."""
        if self.versions_expire_by_status and 0 < version < compacted:
            raise expired(f"too old resource version: {version} ({compacted})")


def unauthorized() -> Refusal:
    """Nobody knows who asks."""
    return plain(401, "Unauthorized", "Unauthorized")
