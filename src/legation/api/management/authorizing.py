"""What one call may do: asked before anything is done, and held against what is really about to be stored.

The one invariant: what was not asked about and allowed is refused, whichever way it came into the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from google.rpc import code_pb2

from legation.api.management import failures
from legation.api.management.access import ALL, ALLOWED, Access, Answer, Deed, NoAccess, Principal, Sight, Verb
from legation.api.management.kinds import Kinds
from legation.api.management.refused import Refused
from legation.api.management.telling import Telling
from legation.management.v1 import management_pb2 as pb
from legation.model.objects import ObjectKey
from legation.model.stored import Applied, Outcome

_WORDS = {
    Verb.GET: "read",
    Verb.LIST: "list",
    Verb.WATCH: "watch",
    Verb.CREATE: "create",
    Verb.PATCH: "write",
    Verb.DELETE: "delete",
    Verb.FORCE: "take fields of others in",
    Verb.SECRETS: "see secrets of",
}


class Writing:
    """What one call that applies something may do."""

    def __init__(self, who: Principal, answers: Mapping[Deed, Answer]) -> None:
        """Take what was found out before."""
        self._who, self._answers = who, answers

    def check(self, foreseen: Iterable[Applied]) -> None:
        """Look at what is about to be stored.

        Raises:
            Refused: Some of it they may not.
        """
        if self._who.unchecked:
            return
        for each in foreseen:
            verbs = (Verb.PATCH, Verb.CREATE) if each.outcome is Outcome.CREATED else (Verb.PATCH,)
            for verb in verbs:
                answer = self._answers.get(Deed(verb=verb, key=each.key), Answer(allowed=False))
                if not answer.allowed:
                    raise refusal(self._who, Deed(verb=verb, key=each.key), answer)


class Authorizing:
    """Asks who may do what."""

    def __init__(self, access: Access | None) -> None:
        """Take whom to ask; None: only who is not checked may do anything."""
        self._access = access or NoAccess()

    async def require(self, who: Principal, deeds: Sequence[Deed]) -> None:
        """Look whether somebody may do all of it.

        Raises:
            Refused: Some of it they may not.
        """
        if who.unchecked:
            return
        for deed, answer in zip(deeds, await self._access.may(who, deeds), strict=True):
            if not answer.allowed:
                raise refusal(who, deed, answer)

    async def to_apply(
        self, who: Principal, keys: Sequence[ObjectKey], *, force: bool, returned: bool = False
    ) -> Writing:
        """Return what somebody may do of applying some objects.

        Args:
            who: Who wants it.
            keys: Which objects.
            force: Whether fields of others are to be taken.
            returned: Whether the answer has the whole objects, with what others wrote into them.

        Raises:
            Refused: They may not change one of them, whether or not it is there; or not read what they want back.
        """
        if who.unchecked:
            return Writing(who, {})
        needed = (Verb.PATCH, *([Verb.FORCE] if force else ()), *([Verb.GET] if returned else ()))
        deeds = [Deed(verb=verb, key=key) for key in keys for verb in needed]
        await self.require(who, deeds)
        creating = [Deed(verb=Verb.CREATE, key=key) for key in keys]
        answers = await self._access.may(who, creating)
        return Writing(who, {**dict.fromkeys(deeds, ALLOWED), **dict(zip(creating, answers, strict=True))})

    async def sight(self, who: Principal, verb: Verb, *, group: str, kind: str, namespace: str) -> Sight:
        """Return what somebody sees of what they ask for.

        Raises:
            Refused: Nothing.
        """
        if who.unchecked:
            return ALL
        found = await self._access.sight(who, verb, group=group, kind=kind, namespace=namespace)
        if found.refused is not None:
            what = f"{kind or 'objects'} in {f'the namespace {namespace}' if namespace else 'all namespaces'}"
            raise _refused(who, f"{_WORDS[verb]} {what}", found.refused, is_wide=not namespace)
        return found

    async def sights(
        self, who: Principal, verb: Verb, request: pb.ListRequest | pb.WatchRequest
    ) -> tuple[Sight, Sight]:
        """Return which of the objects that are asked for somebody sees, and of which the secrets.

        Raises:
            Refused: They see none of them, or no secret that they ask for.
        """
        group, kind, namespace = request.group, request.kind, request.namespace
        seen = await self.sight(who, verb, group=group, kind=kind, namespace=namespace)
        if not request.secrets:
            return seen, ALL
        return seen, await self.sight(who, Verb.SECRETS, group=group, kind=kind, namespace=namespace)

    async def to_wait(
        self, who: Principal, request: pb.WaitAcceptedRequest, *, kinds: Kinds, telling: Telling
    ) -> Sight:
        """Return what the answer may be about to who waits for objects.

        Args:
            who: Who waits.
            request: For which; for all, where it names none.
            kinds: Says which objects are meant.
            telling: Is told which these are.

        Raises:
            Refused: They may not read one of them.
        """
        if who.unchecked:
            return ALL
        keys = [
            kinds.key(each.group, each.kind, each.namespace, each.name, field=f"objects[{index}].")
            for index, each in enumerate(request.objects)
        ]
        telling.objects(keys)
        if not keys:
            seen = await self.sight(who, Verb.LIST, group="", kind="", namespace="")
            if not seen.whole:
                raise failures.not_all()
            return seen
        await self.require(who, [Deed(verb=Verb.GET, key=each) for each in keys])
        return Sight(sees=frozenset(keys).__contains__)


def refusal(who: Principal, deed: Deed, answer: Answer) -> Refused:
    """Return why something is not done."""
    return _refused(who, f"{_WORDS[deed.verb]} {deed.key}", answer)


def _refused(who: Principal, what: str, answer: Answer, *, is_wide: bool = False) -> Refused:
    if not answer.known:
        words = f"nobody can tell whether {who.name} may {what}: {answer.words}"
        return Refused.of(code_pb2.UNAVAILABLE, words, reason="ACCESS_UNKNOWN")
    why = f": {answer.words}" if answer.words else ""
    mend = "; name a namespace" if is_wide else ""
    return Refused.of(code_pb2.PERMISSION_DENIED, f"{who.name} may not {what}{why}{mend}", reason="FORBIDDEN")
