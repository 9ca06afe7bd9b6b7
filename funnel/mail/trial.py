"""A relay tried out: what was said, line by line, what the end of it means, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum

from funnel.relay import Relay

HIDDEN = "••••••"
IS_PRIVATE = "it is in a private network"


class Who(StrEnum):
    US = "us"
    SERVER = "server"
    NOBODY = "nobody"  # what happened between the lines


class Part(StrEnum):
    """How far a conversation came."""

    CONNECTION = "connection"  # with the greeting and EHLO
    ENCRYPTION = "encryption"
    SIGN_IN = "sign-in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MAIL = "mail"
    DONE = "done"


@dataclass(frozen=True)
class Line:
    who: Who
    text: str


@dataclass(frozen=True)
class Trial:
    """`code` and `text`: the answer that ended it; code 0 when none came, `text` then says why."""

    lines: tuple[Line, ...]
    part: Part
    code: int
    text: str

    @property
    def worked(self) -> bool:
        return self.part == Part.DONE


@dataclass(frozen=True)
class Finding:
    """What a trial means in plain words, and what to do."""

    title: str
    mend: str


def finding(trial: Trial, relay: Relay, sender: str, recipient: str, mailed: bool) -> Finding:
    """What `trial` of `relay` means, for an owner who has never heard of SMTP."""
    if trial.worked:
        goes = f"A test mail is on its way to {recipient}." if mailed else "Nothing was sent."
        return Finding("It works", f"The mail server let Funnel in and takes mail from {sender}. {goes}")
    match trial.part:
        case Part.CONNECTION:
            return _not_reached(trial, relay)
        case Part.ENCRYPTION:
            return _not_encrypted(trial)
        case Part.SIGN_IN:
            return _not_let_in(trial)
        case Part.SENDER:
            return Finding(
                "The sender was refused",
                f"It does not let you send as {sender}. Confirm that address or its domain with your mail provider, "
                "or set the sender to one that is confirmed.",
            )
        case Part.RECIPIENT:
            return Finding(
                "Mail to you was refused",
                f"It takes no mail to {recipient}. Most often it wants a user name and password first, or your "
                "account there is new and may only write to addresses that you confirmed.",
            )
        case _:
            return Finding("The mail was refused", "It let Funnel in, and then did not take the mail: see its answer.")


def _not_reached(trial: Trial, relay: Relay) -> Finding:
    text = trial.text.lower()
    if trial.text == IS_PRIVATE:
        return Finding(
            "This server is in a private network",
            "From a public page such a server is not tried out. Set it where Funnel runs, in the variable SMTP_URL.",
        )
    if "certificate" in text:
        return _not_encrypted(trial)
    if relay.tls and ("wrong version" in text or "record layer" in text or "ssl" in text):
        return Finding(
            "The encryption does not fit the port",
            "This port begins without encryption. Choose “STARTTLS”; its usual port is 587.",
        )
    if not relay.tls and relay.port == 465:
        return Finding("The encryption does not fit the port", "Port 465 is encrypted from the start. Choose “TLS”.")
    if "refused" in text:
        return Finding(
            "Nothing listens there",
            f"{relay.host} is there, but takes no connection on port {relay.port}. The usual ports are 587 and 465.",
        )
    if "name" in text or "address associated" in text or "known" in text:
        return Finding("There is no such server", f"No server is called {relay.host}. Please check how it is spelled.")
    if "no answer in time" in text:
        return Finding(
            "No answer came",
            f"{relay.host} did not answer on port {relay.port}. Many hosts block port 25, and some 587: try 587, 465 "
            "or 2525, whichever your provider names, or ask your host to open it.",
        )
    return Finding("The server let nobody in", "See its answer. It may be the wrong server, or too busy just now.")


def _not_encrypted(trial: Trial) -> Finding:
    if "offers no STARTTLS" in trial.text:
        return Finding(
            "It offers no encryption",
            "The server does not know STARTTLS on this port. Try port 465 with “TLS”, or ask the provider.",
        )
    return Finding(
        "Its certificate is not to be trusted",
        "The server may not be the one you think. Check the name: it must be the one that the certificate is for, "
        "as the provider names it.",
    )


def _not_let_in(trial: Trial) -> Finding:
    if "no encryption" in trial.text:
        return Finding(
            "The password was not sent",
            "The server offers no encryption on this port, so anybody between could read it. Try port 587 or 465.",
        )
    if "nobody sign in" in trial.text:
        return Finding("It lets nobody sign in here", "Leave the user name empty, or try port 587 or 465.")
    return Finding(
        "User name or password is wrong",
        "Type both again. Gmail, Outlook, iCloud and others want an app password, made in your account there; sending "
        "services want an API key.",
    )
