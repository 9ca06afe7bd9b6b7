"""What is known of sign-ups that are settled together: gathered by a few statements under their locks, and kept up as
one after the other is decided, so that each is decided as if it came alone.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from funnel.audience import allowance, answer, domains, mailbox, suppression
from funnel.audience.neighbours import Neighbours
from funnel.models.people import SignUp, SignUpState, SubscriberState, SuppressionReason


class Standing:
    """Makes every other worker wait that counts for these mailboxes, until this transaction ends."""

    def __init__(self, session: Session, sign_ups: Sequence[SignUp], now: datetime) -> None:
        mailboxes = {mailbox.of(sign_up) for sign_up in sign_ups}
        allowance.lock_addresses(session, mailboxes)
        hashes = {sign_up.address_hash for sign_up in sign_ups}
        self.now = now
        self._suppressed = suppression.reasons(session, hashes)
        self._without_mail = domains.without_mail(session, {sign_up.email for sign_up in sign_ups}, now)
        self._mailed = allowance.mailed_each(session, mailboxes, now)
        self._let_through: dict[str, list[int]] = {}
        self.told = {mailbox for mailbox, mailed in self._mailed.items() if mailed.was_told_today()}
        self.known = answer.known(session, hashes)
        self.neighbours = Neighbours(session, sign_ups, now)

    def look_around(self, session: Session, sign_ups: Sequence[SignUp]) -> None:
        """The same for the networks of those that may be let through, and the wider ones."""
        limited = [one for one in sign_ups if one.network and allowance.is_limited(one.network)]
        if limited:
            networks = {one.network or "" for one in limited}
            wides = {one.wide for one in limited if one.wide}
            allowance.lock_networks(session, networks, wides)
            self._let_through = allowance.let_through(session, networks, wides, self.now)

    def suppressed(self, sign_up: SignUp) -> SuppressionReason | None:
        """Why its address is not to be mailed, whatever its owner asks for."""
        reason = self._suppressed.get(sign_up.address_hash)
        return None if reason is SuppressionReason.ERASURE else reason

    def has_had_enough(self, sign_up: SignUp) -> bool:
        """Its mailbox was mailed a moment ago, or often enough."""
        mailed = self._mailed[mailbox.of(sign_up)]
        return mailed.rests() or mailed.has_had_enough()

    def can_get_no_mail(self, sign_up: SignUp) -> bool:
        return sign_up.email in self._without_mail

    def network_is_full(self, sign_up: SignUp) -> bool:
        """As many sign-ups of its network as may be were let through within an hour or a day."""
        return self._is_full(sign_up.network, allowance.of_network(sign_up))

    def surroundings_are_full(self, sign_up: SignUp) -> bool:
        """The same of the wider network: a botnet that hires a whole street."""
        return self._is_full(sign_up.wide, allowance.of_surroundings())

    def _is_full(self, name: str | None, most: tuple[int, int]) -> bool:
        counts = self._let_through.get(name or "")
        return counts is not None and any(count >= limit for count, limit in zip(counts, most, strict=True))

    def note(self, sign_up: SignUp) -> None:
        """Takes in what was decided of this one."""
        self.neighbours.note(sign_up)
        if sign_up.state is not SignUpState.SETTLED:
            return
        for name in (sign_up.network, sign_up.wide):
            if counts := self._let_through.get(name or ""):
                counts[0] += sign_up.created_at > self.now - allowance.HOUR
                counts[1] += sign_up.created_at > self.now - allowance.DAY
        self._note_mail(sign_up)

    def _note_mail(self, sign_up: SignUp) -> None:
        whose, person = mailbox.of(sign_up), self.known.get(sign_up.address_hash)
        is_in = person is not None and person.state is SubscriberState.ACTIVE
        if not is_in or whose not in self.told:
            template = allowance.ALREADY_IN if is_in else allowance.CONFIRMATION
            self._mailed[whose] = self._mailed[whose].and_one(template)
