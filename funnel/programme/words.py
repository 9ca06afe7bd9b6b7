"""The words a health practice must not use, refused with their line and with better ones.

What is read: the words, without case, Markdown emphasis, line breaks and the addresses of links.

An honest denial passes, by one rule: a negation (no, not, never, cannot, -n't, without) stands straight before the
word, with at most a few small words between: “there is no cure”, “I cannot guarantee it”, “it is not a quick fix”.
Anything further away is refused (“no other therapy cures…”, “not only cures…”), because boasts are built that way too;
the mend is to move the negation. “Fix” passes before a price, a date and the like.
"""

import re
import unicodedata
from collections.abc import Iterator

from funnel.languages import ENGLISH
from funnel.programme import claims_elsewhere as elsewhere
from funnel.programme.claims_elsewhere import Rule
from funnel.programme.merge import Problem

NEGATION = (
    r"(?P<honest>(?<!\bwhy )\b(?:no|not|never|cannot|without|\w+n't)"
    r"(?: (?:an?|the|any|be|been|to|of|is|need|want|quick|easy|magic|single|such thing as an?|"
    r"promis(?:e|es|ed|ing)|claim(?:s|ed|ing)?|please)){0,4} )?\b"
)
# What may be set and no claim: a fixed price, fix a date.
NO_CLAIM_TO_FIX = r"price|fee|cost|rate|date|time|day|hour|appointment|slot|term|point|place|position|amount|number"
WHERE = r"where (?:it|you|your \w+) (?:hurts?|aches?)"
HEALTH = (
    r"(?:symptoms?|pains?|aches?|condition|diagnos[ie]s|injur(?:y|ies)|medical \w+|health|medication|medicines?"
    rf"|{WHERE})\b"
)
TO_A_DOCTOR = r"(?! (?:\w+ )?to (?:a|your|the) (?:doctor|gp|nurse|midwife|pharmacist|physio\w*|surgery))"

ASKS = (
    rf"(?:tell|write(?: to)?|let) (?:me|us)(?: (?!and |but |or |not |no |without )[\w']+){{0,5}} {HEALTH}",
    rf"(?:send|give|show|e-?mail|message|text) (?:me|us)(?:(?: \w+){{0,4}} your(?: \w+){{0,2}} {HEALTH}| {WHERE})",
    r"(?:describe|list|share|report|rate|explain)(?: (?:to )?(?:me|us))?(?: all| any)?(?: of)?"
    rf" (?:your|any)(?: \w+){{0,2}} {HEALTH}{TO_A_DOCTOR}",
    r"where (?:does|do|did) (?:it|you|your \w+) (?:hurt|ache)\b",
    r"where(?:'s| is) (?:the|your) (?:\w+ )?(?:pain|ache)\b",
    rf"what(?:'s| is| are) your (?:\w+ )?{HEALTH}",
    r"how (?:bad|strong|severe) is (?:the|your) (?:\w+ )?pain\b",
)

MARKUP = "*_~`\u00ad\u200b\u200c\u200d\u2060\ufeff"  # emphasis, and signs that nobody sees
LOOK_ALIKES = str.maketrans({"’": "'", "‘": "'", "‐": "-", "–": "-", "—": "-", **dict.fromkeys(MARKUP)})
NEW_BLOCK = "¶"  # no rule spans it
_UNREAD = re.compile(r"(?<=\])\([^)\s]*|https?://\S+")
_STARTS_A_BLOCK = re.compile(r"\s*(?:$|#{1,6}\s|[-*+]\s|\d+[.)]\s)")
_QUOTED = re.compile(r"^\s*(?:>\s?)+")


def _rule(claim: str, advice: str) -> Rule:
    return Rule(re.compile(f"{NEGATION}(?P<claim>{claim})"), advice)


RULES = (
    _rule(
        r"cur(?:e|es|ed|ing|able|ative)\b",
        "promises too much. Say “may ease for a while” or “many people find it helps”",
    ),
    _rule(
        rf"fix(?:es|ed|ing)?\b(?![ -](?:an? |the |your )?(?:{NO_CLAIM_TO_FIX})s?\b)",
        "promises too much. Say “may ease for a while” or “helps with”; of a price or a plan, say “set”",
    ),
    _rule(
        r"re-?align(?:s|ed|ing|ments?)?\b",
        "is not what hands can do. Say “may help you move more easily”",
    ),
    _rule(
        r"(?:correct(?:s|ed|ing|ive|ions?)?(?: \w+){0,2} postur(?:es?|al)"
        r"|postur(?:es?|al) correct(?:or|ing|ive|ions?))\b",
        "says that one posture is right, which research does not show. Say “vary how you sit and stand”",
    ),
    _rule(
        r"(?:(?:releas|remov|flush|clear|eliminat|expel|drain|draw)\w*(?: \w+){0,4} )?(?:toxins?|detox\w*)\b",
        "is not what massage does. Say “many people find it relaxing”",
    ),
    _rule(
        r"(?:prevent\w*(?: \w+){0,4} (?:recurr\w+|relaps\w+|return\w*|(?:com\w+|came) back)"
        r"|(?:stop\w*(?: (?!if |when |and |or |keep)\w+){0,4}|keep\w*(?: \w+){1,3} from)"
        r" (?:recurring|returning|coming back))\b",
        "promises too much. Say “with your exercises, it may lower the risk of a new episode”",
    ),
    _rule(
        r"guarantee\w*",
        "is a promise nobody can keep. Say “many people find” or “may ease for a while”",
    ),
    _rule(
        r"(?:(?:drug|medicine|medication|pill|tablet|painkiller)s?[ -]{0,2}free"
        r"|(?:treat\w*|therap\w+) without (?:drugs?|medicines?|medication))\b",
        "may be read as “stop your medicine”. Say “an approach without medicine; "
        "do not stop a prescribed one without your doctor”",
    ),
    _rule(
        "|".join(ASKS),
        "asks for health data, which we never ask for or keep. Say “what would you like help with?”",
    ),
)


def check(text: str, first_line: int = 1, language: str = ENGLISH) -> list[Problem]:
    """Every word in `text` that a health practice must not use, in order, with its line and the better words."""
    plain, lines = _plain(text)
    found = sorted(_claims(plain, language))
    return [Problem(first_line + lines[start], f"“{claim}” {advice}.") for start, claim, advice in found]


def _claims(plain: str, language: str) -> Iterator[tuple[int, str, str]]:
    for rule in RULES if language == ENGLISH else elsewhere.RULES.get(language, ()):
        for match in rule.pattern.finditer(plain):
            if not match["honest"]:
                yield match.start("claim"), match["claim"].strip(), rule.advice


def _plain(text: str) -> tuple[str, list[int]]:
    """The text as a reader meets it, and for each of its signs the number of its line, from 0."""
    signs: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(_UNREAD.sub(" ", text).split("\n")):
        line = _QUOTED.sub("", line)
        seen = (NEW_BLOCK if _STARTS_A_BLOCK.match(line) else "") + line + " "
        for sign in unicodedata.normalize("NFKC", seen).translate(LOOK_ALIKES).lower():
            if sign.isspace() and signs and signs[-1] == " ":
                continue
            signs.append(" " if sign.isspace() else sign)
            lines.append(number)
    return "".join(signs), lines
