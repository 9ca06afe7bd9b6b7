"""What is known of sign-ups that are settled together: gathered by a few statements under their locks, and kept up as
one after the other is decided, so that each is decided as if it came alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from funnel.audience import allowance, another_course, answer, domains, mailbox, suppression
from funnel.audience.neighbours import Neighbours
from funnel.models.people import SignUp, SignUpState, SubscriberState, SuppressionReason


@dataclass
class Standing:
    """What was found, at `now`; of whom they are, `before` any of these was answered."""

    now: datetime
    before: answer.Before
    neighbours: Neighbours
    mailed: dict[bytes, allowance.Mailed]
    suppressions: Mapping[bytes, SuppressionReason]
    without_mail: Collection[str]
    let_through: dict[str, list[int]] = field(default_factory=dict)

    def suppressed(self, sign_up: SignUp) -> SuppressionReason | None:
        """Why its address is not to be mailed, whatever its owner asks for."""
        reason = self.suppressions.get(sign_up.address_hash)
        return None if reason is SuppressionReason.ERASURE else reason

    def has_had_enough(self, sign_up: SignUp) -> bool:
        """Its mailbox was mailed a moment ago, or often enough."""
        mailed = self.mailed[mailbox.of(sign_up)]
        return mailed.rests() or mailed.has_had_enough()

    def can_get_no_mail(self, sign_up: SignUp) -> bool:
        return sign_up.email in self.without_mail

    def network_is_full(self, sign_up: SignUp) -> bool:
        """As many sign-ups of its network as may be were let through within an hour or a day."""
        return self._is_full(sign_up.network, allowance.of_network(sign_up))

    def surroundings_are_full(self, sign_up: SignUp) -> bool:
        """As many as may be were let through of its wider network: a botnet that hires a whole street."""
        return self._is_full(sign_up.wide, allowance.of_surroundings())

    def _is_full(self, name: str | None, most: tuple[int, int]) -> bool:
        counts = self.let_through.get(name or "")
        return counts is not None and any(count >= limit for count, limit in zip(counts, most, strict=True))

    def note(self, sign_up: SignUp) -> None:
        """Takes in what was decided of this one."""
        self.neighbours.note(sign_up)
        if sign_up.state is not SignUpState.SETTLED:
            return
        for name in (sign_up.network, sign_up.wide):
            if counts := self.let_through.get(name or ""):
                counts[0] += sign_up.created_at > self.now - allowance.HOUR
                counts[1] += sign_up.created_at > self.now - allowance.DAY
        self._note_mail(sign_up)

    def _note_mail(self, sign_up: SignUp) -> None:
        if template := self.before.template(sign_up, self.before.known.get(sign_up.address_hash)):
            whose = mailbox.of(sign_up)
            self.mailed[whose] = self.mailed[whose].and_one(template)


def look(session: Session, sign_ups: Sequence[SignUp], now: datetime) -> Standing:
    """What is known of these and of their mailboxes; makes all others wait that count for those, until we commit."""
    mailboxes = {mailbox.of(sign_up) for sign_up in sign_ups}
    allowance.lock_addresses(session, mailboxes)
    hashes = {sign_up.address_hash for sign_up in sign_ups}
    mailed = allowance.mailed_each(session, mailboxes, now)
    return Standing(
        now=now,
        before=_before(session, sign_ups, mailed),
        neighbours=Neighbours(session, sign_ups, now),
        mailed=mailed,
        suppressions=suppression.reasons(session, hashes),
        without_mail=domains.without_mail(session, {sign_up.email for sign_up in sign_ups}, now),
    )


def _before(session: Session, sign_ups: Sequence[SignUp], mailed: Mapping[bytes, allowance.Mailed]) -> answer.Before:
    known = answer.known(session, {sign_up.address_hash for sign_up in sign_ups})
    people = [(known.get(sign_up.address_hash), sign_up.form_id) for sign_up in sign_ups]
    are_in = {(one.subscriber_id, form_id) for one, form_id in people if one and one.state is SubscriberState.ACTIVE}
    unmet = another_course.unmet(session, are_in)
    return answer.Before(
        known=known,
        told={whose for whose, mails in mailed.items() if mails.was_told_today()},
        unmet=unmet,
        new_gifts=another_course.new_gifts(session, are_in - unmet),
    )


def look_around(session: Session, standing: Standing, sign_ups: Sequence[SignUp]) -> None:
    """Adds what came from the networks of these, and the wider ones; makes all others wait that count for those."""
    limited = [one for one in sign_ups if one.network and allowance.is_limited(one.network)]
    if limited:
        networks = {one.network or "" for one in limited}
        wides = {one.wide for one in limited if one.wide}
        allowance.lock_networks(session, networks, wides)
        standing.let_through = allowance.let_through(session, networks, wides, standing.now)
