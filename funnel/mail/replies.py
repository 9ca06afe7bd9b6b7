"""What each answer of a mail server means for the mail, the address and the server itself (sending.md).

Reply codes: RFC 5321 §4.2; enhanced status codes: RFC 3463 and RFC 2034.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from funnel import logs

# There is no such address: nothing is sent to it again.
BAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
BAD_SENDER = frozenset({"5.1.7", "5.1.8"})
SIGN_IN_WANTED = frozenset({530, 534, 535, 538})  # RFC 4954 §6
CLOSING = 421  # the server closes the connection after this answer
LONGEST_REPLY = 300

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")
_PLAIN_REPLY = re.compile(r"[!-?A-~]+(?: [!-?A-~]+){0,20}")  # no address in it, and no more than one line
_ABOUT_US = re.compile(r"5\.(?:[3-7]\.\d+|1\.[78])")
_TOO_MUCH = re.compile(r"rate limit|too many|unusual rate|throttl|temporarily deferred", re.IGNORECASE)
_GREYLISTED = re.compile(r"gr[ae]y-?list", re.IGNORECASE)  # of one mail: that it comes again is all that is wanted


class Stage(StrEnum):
    """How far a mail had come. Up to DATA it is certain that it was not taken."""

    CONNECT = "connecting"  # with greeting, EHLO, STARTTLS and AUTH
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"  # the command, and the mail's lines up to the final dot
    DOT = "the final dot"


class Meaning(StrEnum):
    """What an answer means, in words for the owner."""

    ACCEPTED = "taken"
    DEFERRED = "refused for now, and tried again"
    NO_SUCH_ADDRESS = "the address does not exist"
    RELAY = "the mail server takes no mail from us now: see its reply"
    ABOUT_US = "refused for something about us, not the address: see the reply"
    UNCLEAR = "refused for good, without a clear reason: see the reply"
    LOST = "the connection broke before the mail was handed over"
    UNKNOWN = "handed over, but no answer came: it may have arrived"
    TOO_MANY_BAD = "waits: too many addresses were refused lately, so none is given up. See the replies"
    UNSENDABLE = "could not be written"


class Reply(NamedTuple):
    """A server's answer at a stage. Code 0: none came, and `text` says why."""

    stage: Stage
    code: int
    text: str = ""

    @property
    def status(self) -> str:
        """The enhanced status code, such as 5.1.1; empty when there is none that fits the code."""
        found = _STATUS.match(self.text)
        return found[0] if found and int(found[1]) == self.code // 100 else ""

    @property
    def words(self) -> str:
        """What is kept of it: one line, no address."""
        line = " ".join(self.text.split())
        return logs.without_addresses(f"{self.code} {line}" if self.code else line)[:LONGEST_REPLY]


class Outcome(NamedTuple):
    """What became of one try to hand over one mail. A tuple, as Reply is: each mail has one, and it costs a third."""

    meaning: Meaning
    reason: str
    reply: str = ""
    status: str = ""
    relay: str = ""
    throttled: bool = False  # the recipient's domain wants fewer mails from us


def outcome(reply: Reply, relay: str) -> Outcome:
    """What `reply` of `relay` made of one try."""
    if reply.code == 250 and reply.stage == Stage.DOT and _PLAIN_REPLY.fullmatch(reply.text):
        return Outcome(Meaning.ACCEPTED, Meaning.ACCEPTED, f"250 {reply.text}", "", relay)  # of a hundred, all but one
    meaning = classify(reply)
    return Outcome(meaning, meaning.value, reply.words, reply.status, relay, _is_throttled(reply))


def unsendable(reason: str) -> Outcome:
    """The outcome of a mail that no server was asked to take."""
    return Outcome(Meaning.UNSENDABLE, reason)


def classify(reply: Reply) -> Meaning:
    """What `reply` means. Anything at the final dot that is no answer leaves it unknown whether the mail was taken."""
    code, stage = reply.code, reply.stage
    if stage == Stage.CONNECT:
        return Meaning.RELAY
    if not 400 <= code < 600:
        if stage == Stage.DOT:
            return Meaning.ACCEPTED if 200 <= code < 300 else Meaning.UNKNOWN
        return Meaning.LOST
    if reply.status.startswith("4.3.") or code in SIGN_IN_WANTED:
        return Meaning.RELAY
    return Meaning.DEFERRED if code < 500 else _refused(reply)


def _is_throttled(reply: Reply) -> bool:
    """Whether the domain has enough of us for now: 4.7.x, or words that say so where there is no status."""
    if reply.stage not in {Stage.RCPT, Stage.DOT} or not 400 <= reply.code < 500 or _GREYLISTED.search(reply.text):
        return False
    return reply.status.startswith("4.7.") or (not reply.status and bool(_TOO_MUCH.search(reply.text)))


def _refused(reply: Reply) -> Meaning:
    if reply.stage == Stage.MAIL:
        # Nothing is known of the recipient yet, so what is not about the mail is about the sender.
        about_mail = _ABOUT_US.fullmatch(reply.status) and reply.status not in BAD_SENDER
        return Meaning.ABOUT_US if about_mail else Meaning.RELAY
    if reply.status in BAD_ADDRESS and reply.stage in {Stage.RCPT, Stage.DOT}:
        return Meaning.NO_SUCH_ADDRESS
    return Meaning.ABOUT_US if _ABOUT_US.fullmatch(reply.status) else Meaning.UNCLEAR
