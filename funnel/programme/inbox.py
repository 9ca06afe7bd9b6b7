"""What of a mail stands in the list of mails: how it is cut there, and whether it invites or puts off."""

import re
from collections.abc import Iterator

from funnel.programme import content_fields, merge
from funnel.programme.check import Check, State

# What a phone held upright shows of each line before it cuts: the narrowest of the common programs, in signs.
SENDER_SIGNS = 24
SUBJECT_SIGNS = 40
PREHEADER_SIGNS = 45
LONG_SUBJECT = 60  # signs; more than that is cut on a small window of a computer too
FEWEST_CAPITALS = 10  # letters: “QL and NHS” is no shouting
SAME_WORDS = 0.8  # of the preheader's words stand in the subject: it says nothing new

_ANSWERS = re.compile(r"\s*(re|aw|fw|fwd)\s*:", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def cut(text: str, signs: int) -> str:
    """`text` as a list shows it that has room for so many signs."""
    text = " ".join(text.split())
    return text if len(text) <= signs else text[: signs - 1].rstrip() + "…"


def checks(subject: str, preheader: str) -> list[Check]:
    """Subject and preheader: their length, what is cut, what spam filters count against a mail."""
    shown, more = (merge.shown(text).strip() for text in (subject, preheader))
    return [*_subject(subject, shown), *_habits(shown), *_preheader(preheader, more, shown)]


def _subject(typed: str, shown: str) -> Iterator[Check]:
    if problem := _refused(content_fields.subject, typed):
        yield Check("Subject", State.STOP, f"The subject {problem}.", "subject", 1)
        return
    size = f"{len(shown)} signs."
    cut_to = f"A phone shows: “{cut(shown, SUBJECT_SIGNS)}”."
    if len(shown) > LONG_SUBJECT:
        words = f"{size} {cut_to} Put what matters first, or keep it under {LONG_SUBJECT}."
        yield Check("Subject", State.WARN, words, "subject", 1)
    else:
        whole = len(shown) <= SUBJECT_SIGNS
        yield Check("Subject", State.GOOD, f"{size} {'A phone shows all of it.' if whole else cut_to}", "subject", 1)


def _habits(subject: str) -> Iterator[Check]:
    """What SpamAssassin counts against a subject (its rules SUBJ_ALL_CAPS and PLING_QUERY), and what is like it.

    An invented “Re:” is what the CAN-SPAM Act (15 U.S.C. 7704) calls a deceptive subject heading.
    """
    letters = [sign for sign in subject if sign.isalpha()]
    found = []
    if len(letters) >= FEWEST_CAPITALS and all(sign.isupper() for sign in letters):
        found.append("It is all in capitals, as spam is. Write it as you would speak.")
    if "!!" in subject:
        found.append("Several exclamation marks are a sign of spam. None is better than one.")
    elif "!" in subject and "?" in subject:
        found.append("An exclamation mark and a question mark together are a sign of spam. Leave one out.")
    if _ANSWERS.match(subject):
        found.append("It pretends to be an answer. Leave out the “Re:” or “Fwd:”.")
    if found:
        yield Check("Habits of spam", State.WARN, " ".join(found), "subject", 1)
    elif subject:
        yield Check("Habits of spam", State.GOOD, "No shouting in the subject.", "subject", 1)


def _preheader(typed: str, shown: str, subject: str) -> Iterator[Check]:
    least, most = content_fields.PREHEADER_SIGNS[0], content_fields.PREHEADER_SIGNS[-1]
    if not typed.strip():
        words = "There is none, so the list goes on with the first words of the mail. Say in a line what is in it."
        yield Check("Preheader", State.WARN, words, "preheader", 1)
        return
    if problem := _refused(content_fields.line, typed):
        yield Check("Preheader", State.STOP, f"The preheader {problem}.", "preheader", 1)
        return
    said, new = (set(_WORD.findall(text.lower())) for text in (subject, shown))
    if new and len(new & said) >= SAME_WORDS * len(new):
        yield Check("Preheader", State.WARN, "It repeats the subject. Say what is new.", "preheader", 1)
    elif not least <= len(shown) <= most:
        words = f"{len(shown)} signs; {least} to {most} fill the line and are not cut. "
        yield Check("Preheader", State.WARN, f"{words}A phone shows: “{_phone(shown)}”.", "preheader", 1)
    else:
        yield Check("Preheader", State.GOOD, f"{len(shown)} signs. A phone shows: “{_phone(shown)}”.", "preheader", 1)


def _phone(preheader: str) -> str:
    return cut(preheader, PREHEADER_SIGNS)


def _refused(reader: content_fields.Reader, typed: str) -> str:
    """What the field's own reader says against it; empty when it takes it."""
    try:
        reader(typed)
    except ValueError as error:
        return str(error)
    return ""
