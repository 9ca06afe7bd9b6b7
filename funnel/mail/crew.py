"""The crew of a connection: who gives it the mails, and is told what became of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from funnel.mail.replies import Reply

if TYPE_CHECKING:
    from funnel.mail.dialogue import Dialogue


@dataclass(slots=True)
class Job:
    """A composed mail. `data`: lines ended by CRLF, no dot doubled and none at the end.

    `dotless`: no line of it begins with a dot, nor lacks its CRLF; then nothing is looked for that must be doubled.
    """

    dotless: ClassVar[bool] = False

    message_id: int
    claim_id: int
    sender: str
    recipient: str
    data: bytes


class Crew(Protocol):
    """What a dialogue asks and tells, in the event loop. Every job that `next` gave ends in one call of the last three.

    All may call finish on the dialogue; `note` and the last three may call wake and abort too.
    """

    def next(self, dialogue: "Dialogue") -> Job | None:
        """The mail whose envelope may be written now. None: nothing now, until somebody calls wake()."""

    def may_dot(self, job: Job) -> bool:
        """Whether the mail that the server waits for is still wanted and ours."""

    def note(self, answered: tuple[Job, Reply] | None, begins: Job | None) -> None:
        """Keeps what a dot was answered, and whose dot is written next. Raises OSError: then it is not written."""

    def ended(self, job: Job, reply: Reply) -> None:
        """The server's answer. At the final dot a code that is none, such as 0, leaves it unknown."""

    def refused(self, job: Job, reason: str) -> None:
        """This server cannot take such a mail, and was not asked to."""

    def given_back(self, job: Job) -> None:
        """Certainly not handed over, and nothing was learned about it."""
