"""What expires at a client is said again in time; `renewal.py` knows when."""

from __future__ import annotations

from legation.model.resource import Resource
from legation.protocol.machine import Machine
from legation.protocol.messages import Response
from legation.protocol.pending import NOTHING
from legation.protocol.renewal import Renewal, expiring
from legation.protocol.unanswered import Unanswered


def due_renewal(machine: Machine, now: float) -> tuple[Resource, ...]:
    """Return what the client holds and whose TTL is to be renewed now; `renewal.due` tells when to ask again.

    Nothing while an answer is awaited: a client that does not answer is not kept from letting things expire.
    """
    sent = machine.ledger.sent
    if not machine.terms.expiring or not (machine.renewal or sent.base.mortal or sent.overlay):
        return ()
    if machine.renewal is None:
        if not any(expiring(sent, machine.subscription)):
            return ()
        machine.renewal = Renewal()
    # Where the client holds back its answer until it is warm, that must not take longer than a TTL.
    if machine.ledger.maybe or (machine.ledger.unanswered and not machine.row.awaited_warm):
        machine.renewal.wait()
        return ()
    return machine.renewal.find(sent, machine.subscription, now)


def renew(machine: Machine, resources: tuple[Resource, ...], *, now: float, serial: int) -> Response:
    """Return the response that renews these, and write down that it goes out: it has no news."""
    response = machine.renewing(resources, nonce=str(serial))
    machine.ledger.record(
        Unanswered(
            nonce=response.nonce,
            version=response.version,
            serial=serial,
            at=now,
            changed=NOTHING.changed,
            removed={},
            view=machine.ledger.sent,
            news=(),
        )
    )
    machine.note_expiring(response, now, also=resources)
    machine.last_nonce = response.nonce
    return response
