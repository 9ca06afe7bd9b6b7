"""Which sign-ups came from around some others of late, and which of them are refused by now.

It tells of addresses, and so is only for behind the page (law 4).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import text
from sqlalchemy.orm import Session

from funnel.audience import mailbox
from funnel.audience.door import LOOKED_AT
from funnel.models.people import SignUp, SignUpState

BEFORE = timedelta(days=3)

# Those that are settled can be refused no more, so they are only counted.
_NEAR = text("""
SELECT near.id, near.place, near.network, asked.wide, near.mailbox, near.state
FROM unnest(CAST(:wides AS text[])) AS asked (wide)
CROSS JOIN LATERAL (
    SELECT id, network, state, coalesce(mailbox_hash, address_hash) AS mailbox,
        row_number() OVER (ORDER BY created_at DESC) AS place
    FROM sign_up WHERE sign_up.wide = asked.wide AND created_at > :since
    ORDER BY created_at DESC LIMIT :most
) AS near
WHERE near.state <> 'settled' AND near.network = ANY(CAST(:networks AS text[]))
""")


class Whose(Enum):
    """What sign-ups may have in common that a limit goes by."""

    MAILBOX = auto()
    NETWORK = auto()
    WIDE = auto()


Common = tuple[Whose, bytes | str]


def commons(sign_up: SignUp) -> list[Common]:
    """What this one may share with others."""
    networks = [(Whose.NETWORK, sign_up.network), (Whose.WIDE, sign_up.wide)]
    return [(Whose.MAILBOX, mailbox.of(sign_up)), *((whose, name) for whose, name in networks if name)]


@dataclass
class _Near:
    id: int
    place: int  # in its wider network, the newest first
    network: str
    state: SignUpState


class Neighbours:
    """The newest of the wider networks of some sign-ups, kept up while one after the other of these is settled."""

    def __init__(self, session: Session, sign_ups: Iterable[SignUp], now: datetime) -> None:
        of_networks = {sign_up.network: sign_up.wide for sign_up in sign_ups if sign_up.wide and sign_up.network}
        self._rows: dict[int, _Near] = {}
        self._sharing: dict[Common, list[_Near]] = defaultdict(list)
        if not of_networks:
            return
        asked = {
            "wides": sorted(set(of_networks.values())),
            "networks": sorted(of_networks),
            "since": now - BEFORE,
            "most": LOOKED_AT + 1,  # whoever asks is among them
        }
        for row in session.execute(_NEAR, asked):
            near = self._rows[row.id] = _Near(row.id, row.place, row.network, SignUpState(row.state))
            for whose, name in ((Whose.MAILBOX, row.mailbox), (Whose.NETWORK, row.network), (Whose.WIDE, row.wide)):
                self._sharing[whose, name].append(near)

    def note(self, sign_up: SignUp) -> None:
        """Takes in what has become of this one."""
        if near := self._rows.get(sign_up.id):
            near.state = sign_up.state

    def refuse(self, common: Common) -> None:
        """All that have this in common and wait are refused."""
        for near in self._sharing[common]:
            if near.state is SignUpState.NEW:
                near.state = SignUpState.REFUSED

    def had_refused(self, sign_up: SignUp) -> bool:
        """Whether another of its network is refused, among the newest LOOKED_AT others around it."""
        if not sign_up.wide or not sign_up.network:
            return False
        newest = LOOKED_AT + (sign_up.id in self._rows)
        return any(
            near.state is SignUpState.REFUSED and near.id != sign_up.id and near.place <= newest
            for near in self._sharing[Whose.NETWORK, sign_up.network]
        )


def sharing(sign_ups: Sequence[SignUp]) -> dict[Common, list[SignUp]]:
    """These, by all that they may have in common."""
    found: dict[Common, list[SignUp]] = defaultdict(list)
    for sign_up in sign_ups:
        for common in commons(sign_up):
            found[common].append(sign_up)
    return found
