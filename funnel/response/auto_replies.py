"""Auto-replies: out-of-office notes and their like (RFC 3834), which are no bounces."""

import re
from email.message import Message as Mail

MARKS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")

_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery (?:sub)?system", re.IGNORECASE)
_SUBJECT = re.compile(
    r"out of (?:the )?office|auto(?:matic)?[ -]?(?:reply|response)|automatische antwort|abwesen|risposta automatica"
    r"|fuori sede|réponse automatique|respuesta automática|on (?:annual )?leave",
    re.IGNORECASE,
)


def is_one(mail: Mail) -> bool:
    """Whether somebody's server answers by itself, by the standard's mark or by what was there before it.

    A server's own bounce may be marked as one, too: by whom it is from, those are told apart.
    """
    if _DAEMON.search(str(mail.get("From", ""))) or "X-Failed-Recipients" in mail:
        return False
    if str(mail.get("Auto-Submitted", "no")).strip().lower().startswith("auto-"):
        return True
    if any(mark in mail for mark in MARKS) or str(mail.get("Precedence", "")).strip().lower() == "auto_reply":
        return True
    return bool(_SUBJECT.search(str(mail.get("Subject", ""))))
