"""“Ready to send?”: what the words of a mail tell. `mail/readiness` adds what is seen of the rendered mail."""

import re
from collections.abc import Collection, Iterator

from funnel.languages import ENGLISH
from funnel.programme import calls, inbox, merge, prose, reading, words
from funnel.programme.check import Check, State

LENGTH = range(150, 351)  # words
GRADE_FOR_TWELVE = 7.5  # “about 12” of content.md: up to half a grade above it is said to be good
HARD_SENTENCE = 10.0  # grade of one sentence by itself

# Words that lean on research or a body: what they say needs its source kept.
_FACTS = re.compile(
    r"\b(?:stud(?:y|ies)|trials?|research(?:ers)?|reviews?|guidelines?|evidence|NHS|NICE|Cochrane)\b"
    r"|\b\d+ ?(?:%|per cent)"
)


def checks(
    subject: str,
    preheader: str,
    body: str,
    sources: Collection[object],
    tags: Collection[str] = prose.STEP_TAGS,
    language: str = ENGLISH,
) -> list[Check]:
    """All that the words show, good ones among it. `tags` are those that are filled in at this place.

    How hard it is to read is reckoned for English alone.
    """
    fields = {"subject": subject, "preheader": preheader, "body": body}
    return [
        *inbox.checks(subject, preheader),
        *(found for field, text in fields.items() for found in _refused(field, text, tags, language)),
        *(calls.checks(body) if body.strip() else ()),
        *_length(body),
        *(reading_age(body) if language == ENGLISH else ()),
        *sourced(body, sources),
    ]


def _refused(field: str, text: str, tags: Collection[str], language: str) -> Iterator[Check]:
    unreadable = merge.check(text, 1, prose.place(tags, language))
    for problem in unreadable or prose.misplaced(text, tags, 1, language):
        yield Check("Tags", State.STOP, problem.text, field, problem.line)
    for problem in words.check(text, 1, language):
        yield Check("Words", State.STOP, problem.text, field, problem.line)
    if field == "body":
        for problem in prose.lost(text):
            yield Check("Links", State.STOP, problem.text, field, problem.line)


def _length(body: str) -> Iterator[Check]:
    count = reading.words(body)
    least, most = LENGTH[0], LENGTH[-1]
    if not body.strip():
        yield Check("Length", State.STOP, "The mail says nothing yet.", line=1)
    elif count not in LENGTH:
        few = count < least
        mend = "Is anything missing?" if few else "Could it be two mails, or lead on to a post?"
        yield Check("Length", State.WARN, f"{count} words; {least} to {most} are read to the end. {mend}")
    else:
        yield Check("Length", State.GOOD, f"{count} words, about {max(1, round(count / 200))} min of reading.")


def reading_age(body: str) -> Iterator[Check]:
    """How hard it is to read, and its hardest sentences where it is."""
    found = reading.sentences(body)
    grade = reading.grade(found)
    if grade is None:
        return
    age = reading.age(grade)
    hard = reading.hardest(found, HARD_SENTENCE)
    formula = f"Reading age about {age} (Flesch–Kincaid grade {grade:.1f}, and five years)."
    state = State.GOOD if grade <= GRADE_FOR_TWELVE else State.WARN
    mend = " About 12 is read by everybody: shorter sentences, shorter words." if state is State.WARN else ""
    yield Check("Reading age", state, formula + mend)
    for sentence in hard if state is State.WARN else ():
        yield Check("Reading age", State.WARN, f"The hardest: “{inbox.cut(sentence.text, 140)}”", line=sentence.line)


def sourced(body: str, sources: Collection[object]) -> Iterator[Check]:
    """Whether what leans on research names where it comes from."""
    claim = _FACTS.search(body)
    if claim and not sources:
        line = body.count("\n", 0, claim.start()) + 1
        words = f"“{claim[0]}” leans on a fact, and no source is kept. Add it, so that it can be looked up."
        yield Check("Sources", State.WARN, words, line=line)
    elif sources:
        yield Check("Sources", State.GOOD, f"{len(sources)} kept.", "sources")
    else:
        yield Check("Sources", State.GOOD, "No claim that needs one was found.", "sources")
