"""A line: the connections of this process to one relay, and the claims whose mails go over them.

It answers what the dialogues ask (dialogue.Crew). All of it runs in the event loop; nothing here waits.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from funnel.mail import breaker, halt, journal, replies, smtp
from funnel.mail.crew import Job
from funnel.mail.dialogue import Dialogue
from funnel.mail.edition import OUR_ERROR
from funnel.mail.encoding import Unsendable
from funnel.mail.holding import Holding, Mail, boot_seconds
from funnel.mail.journal import Journal
from funnel.mail.pace import Permits
from funnel.mail.replies import Meaning, Reply, Stage
from funnel.mail.smtp import Refused
from funnel.mail.wire import Patience
from funnel.relay import Relay

DOUBTFUL = {Meaning.ABOUT_US, Meaning.NO_SUCH_ADDRESS}  # many in a row say that something is wrong with us
IDLE_S = 30.0  # a connection unused for longer is not trusted to be there
OPENED_AGAIN_S = 30.0  # after a further connection was refused while others stand

log = logging.getLogger(__name__)


class Line:
    """`stir` is called when something has happened that the engine should look at."""

    def __init__(
        self, relay: Relay, patience: Patience, book: Journal, permits: Permits, stir: Callable[[], None]
    ) -> None:
        self.relay = relay
        self.name = relay.name
        self.paced = relay.rate is not None
        self.patience = patience
        self.journal = book
        self.permits = permits
        self.stir = stir
        self.holdings: list[Holding] = []
        self.dialogues: set[Dialogue] = set()
        self.trouble: Reply | None = None  # why the relay takes nothing from us now
        self.refused_in_a_row = 0
        self.in_doubt = False  # begins nothing: the breaker is to be asked
        self.broken: OSError | None = None  # the journal cannot be written: no dot may be either
        self._opening: set[asyncio.Task[None]] = set()
        self._no_more_until = 0.0

    # What the dialogues ask

    def next(self, dialogue: Dialogue) -> Job | None:
        """The next mail, composed before its envelope is written."""
        while self._may_begin() and (holding := self._first_to_go()):
            if self.paced and not self.permits.take(time.monotonic()):
                return None
            draft = holding.begin()
            try:
                out = draft.compose()
            except Unsendable as why:
                holding.end(draft.claimed, replies.unsendable(str(why)))
            except Exception:
                log.exception("a mail could not be written")
                holding.end(draft.claimed, replies.unsendable(OUR_ERROR))
            else:
                claimed = draft.claimed
                return Mail(claimed.id, claimed.claim_id, out.sender, out.recipient, out.data, claimed, holding)
        return None

    def may_dot(self, job: Job) -> bool:
        """Whether a mail that the relay waits for is still wanted, and ours."""
        assert isinstance(job, Mail)
        return not halt.told.is_set() and boot_seconds() < job.holding.lease_ends

    def note(self, answered: tuple[Job, Reply] | None, begins: Job | None) -> None:
        """Writes into the journal, in one piece, what was answered and which dot is written next. Raises OSError."""
        lines = b""
        if answered:
            job, reply = answered
            lines = journal.answer(job.claim_id, job.message_id, reply)
        if begins:
            lines += journal.dot(begins.claim_id, begins.message_id)
        try:
            self.journal.write(lines)
        except OSError as error:
            self.broken = error
            self.stop()
            raise

    def ended(self, job: Job, reply: Reply) -> None:
        assert isinstance(job, Mail)
        outcome = replies.outcome(reply, self.name)
        job.holding.end(job.claimed, outcome)
        if outcome.meaning is Meaning.ACCEPTED:
            self.refused_in_a_row = 0
        else:
            log.info("message %s: %s", job.message_id, outcome.reason)
            self._consider(outcome.meaning, reply)
        if job.holding.full:
            self.stir()

    def refused(self, job: Job, reason: str) -> None:
        assert isinstance(job, Mail)
        job.holding.end(job.claimed, replies.unsendable(reason))

    def given_back(self, job: Job) -> None:
        assert isinstance(job, Mail)
        job.holding.take_back(job.claimed)

    # What the engine asks

    @property
    def to_go(self) -> int:
        return sum(len(holding.to_go) for holding in self.holdings)

    def add(self, holding: Holding) -> None:
        self.holdings.append(holding)
        if self.trouble:
            holding.stop()  # it was claimed as the relay failed: nobody else would give it back
        self.tend()

    def tend(self) -> None:
        """Opens connections that are wanted, wakes those that idle, closes those that wait for too long."""
        now = time.monotonic()
        for dialogue in list(self.dialogues):
            dialogue.overdue(now)
            if dialogue.open and dialogue.idle and self.to_go:
                dialogue.wake()
        for holding in self.holdings:
            if boot_seconds() > holding.gated_until:
                holding.stop()
        self.holdings = [one for one in self.holdings if not one.over or one.results or one.back]
        most = self.relay.pool if now >= self._no_more_until else 1  # one, should none stand any more
        wanted = min(most, self.to_go) if self._may_begin() else 0
        for _ in range(wanted - len(self.dialogues) - len(self._opening)):
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def believe(self) -> None:
        """Begins mails again after a doubt."""
        self.refused_in_a_row, self.in_doubt = 0, False

    def drop_idle(self) -> None:
        """Says goodbye on connections that were not used for a while."""
        now = time.monotonic()
        for dialogue in list(self.dialogues):
            if dialogue.idle and now - dialogue.idle_since > IDLE_S:
                dialogue.finish()

    def stop(self) -> None:
        """Begins no other mail; what is past its dot is waited for."""
        for holding in self.holdings:
            holding.stop()
        for dialogue in list(self.dialogues):
            dialogue.finish()

    def retire(self) -> None:
        """Begins nothing any more, since another line takes the relay's mails over."""
        self._give_up(Reply(Stage.CONNECT, 0, "its settings were changed"))

    def abort(self) -> None:
        """Closes every connection now: a dot that is not answered stays so."""
        for task in self._opening:
            task.cancel()
        for dialogue in list(self.dialogues):
            dialogue.abort()

    def _first_to_go(self) -> Holding | None:
        for holding in self.holdings:
            if holding.to_go:
                return holding
        return None

    def _may_begin(self) -> bool:
        return not (self.trouble or self.broken or self.in_doubt or halt.told.is_set())

    def _consider(self, meaning: Meaning, reply: Reply) -> None:
        """What a refusal means for the mails behind it."""
        self.refused_in_a_row += meaning in DOUBTFUL
        if meaning == Meaning.RELAY:
            self._give_up(reply)
        elif self.refused_in_a_row >= breaker.MOST_ABOUT_US:
            self.in_doubt = True  # until it is recorded, when the breaker looks at all of it
            self.stir()

    def _give_up(self, reply: Reply) -> None:
        self.trouble = self.trouble or reply
        self.stop()
        self.stir()

    async def _open(self) -> None:
        try:
            dialogue = await smtp.opened(self.relay, self.patience, self)
        except Refused as refused:
            self._opening.difference_update({asyncio.current_task()})  # several may be refused in one go
            if self.dialogues or self._opening:
                self._no_more_until = time.monotonic() + OPENED_AGAIN_S  # it limits connections: these must do
            else:
                self._give_up(refused.reply)
            return
        self.dialogues.add(dialogue)
        dialogue.closed.add_done_callback(lambda _: self._closed(dialogue))
        if self._may_begin():
            dialogue.wake()
        else:
            dialogue.finish()

    def _closed(self, dialogue: Dialogue) -> None:
        self.dialogues.discard(dialogue)
        self.stir()
