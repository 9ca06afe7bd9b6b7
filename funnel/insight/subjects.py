"""What a mail is called when it is spoken of."""

from funnel.programme import merge

NOBODYS = "…"  # stands for a person's value where nobody in particular is meant

TEMPLATES = {
    "confirmation": "Please confirm",
    "reminder": "Reminder to confirm",
    "already_in": "You are already in",
    "handout_too": "You are already in, with a handout",
    "another_course": "Please confirm another course",
    "fresh_link": "A fresh link",
    "booking_thanks": "Thanks for asking for a session",
    "letter": "Your weekly letter",
    "booking_notice": "Word to the owner of a session asked for",
    "draft_made": "Word that a regular newsletter’s draft is made",
    "no_notes": "Word that there were no notes for a regular newsletter",
    "draft_waits": "Reminder of a draft on its day",
    "sketch": "A test of words as they were typed",
}


def shown(subject: str) -> str:
    """A subject as it stands before anybody's name is in it: each tag's default, or three dots."""
    try:
        pieces = merge.pieces(subject)
    except merge.BadTags:  # the owner reads what is there, and its editor tells what is wrong
        return subject
    return "".join(piece if isinstance(piece, str) else piece.default or NOBODYS for piece in pieces)


def called(template: str, subject: str | None) -> str:
    """The name of a mail: its step's subject, or what its template is for."""
    return shown(subject) if subject else TEMPLATES.get(template, template.replace("_", " "))
