"""How risky a filled-in form looks, and why: a sum of weights, each with its reason in the owner's words.

Risk alone refuses nobody. It asks for one step more, and stands beside what was refused. Whether that step is asked for
depends on the request and on what others asked for from there, never on who is subscribed (law 4).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from funnel.audience import disposable, mailbox

MOST = 100
THRESHOLDS = {"relaxed": 80, "usual": 50, "strict": 30}  # the score from which one step more is asked for
HASTY_S = 4.0  # seconds in which a form can be filled in, but hardly by a thumb
SOME_FROM_NETWORK, MANY_FROM_NETWORK = 2, 4  # other sign-ups within an hour: a household, and more than one
MANY_FROM_AROUND = 10  # the same of the /24 or /48
CONSONANTS = 6  # in a row: “Schwartz” has four

_ADVERT = re.compile(r"https?|www\.|[$€£₿]|\d{4}", re.IGNORECASE)
_HARD = re.compile(rf"[bcdfghjklmnpqrstvwxz]{{{CONSONANTS}}}", re.IGNORECASE)
_JUMPING = re.compile(r"[a-z][A-Z]")


class Sign(StrEnum):
    """What makes a sign-up risky, each by a word that is kept with it."""

    TOOL = "tool"
    RUSH = "rush"
    DISPOSABLE = "disposable"
    MANY_FROM_NETWORK = "many from network"
    ADVERT = "advert"
    NO_MAIL = "no mail server"
    REFUSED_BEFORE = "refused before"
    SOME_FROM_NETWORK = "some from network"
    MANY_FROM_AROUND = "many from around"
    ODD_NAME = "odd name"
    DISGUISED = "disguised"
    HASTY = "hasty"
    NO_SCRIPT = "no script"


# What each adds, and what it means. A tool is over the usual threshold by itself; of the others it takes two or three.
WEIGHTS: dict[Sign, tuple[int, str]] = {
    Sign.TOOL: (60, "a program filled it in, by its own name or without one"),
    Sign.DISPOSABLE: (40, "the address is of the kind that is thrown away"),
    Sign.MANY_FROM_NETWORK: (40, "more than a household’s sign-ups came from this network within the hour"),
    Sign.ADVERT: (40, "the name reads like an advert"),
    Sign.NO_MAIL: (40, "no mail server answers for the address"),
    Sign.RUSH: (35, "the form had more sign-ups in that minute than it lets out"),
    Sign.REFUSED_BEFORE: (20, "sign-ups from this network were refused in the last days"),
    Sign.SOME_FROM_NETWORK: (15, "others signed up from this network within the hour"),
    Sign.MANY_FROM_AROUND: (15, "many signed up from networks around this one within the hour"),
    Sign.ODD_NAME: (15, "the name is hard to pronounce"),
    Sign.DISGUISED: (10, "the address is one spelling of several of the same mailbox"),
    Sign.HASTY: (10, "it was filled in within four seconds"),
    Sign.NO_SCRIPT: (5, "the browser runs no scripts"),
}


@dataclass(frozen=True)
class Facts:
    """What is known of one request. The counts are of other sign-ups, whatever came of them."""

    email: str
    first_name: str = ""
    is_tool: bool = False  # its agent names a program, or nothing
    has_script: bool = True
    seconds: float | None = None  # it took to fill in
    from_network: int = 0
    from_around: int = 0
    is_rush: bool = False


@dataclass(frozen=True)
class Risk:
    """`score`: 0 to MOST. `signs`: what makes it so, the weightiest first."""

    score: int
    signs: tuple[Sign, ...]


def weigh(facts: Facts) -> Risk:
    """How risky it looks."""
    return of(sign for sign, shown in _shown(facts).items() if shown)


def of(signs: Iterable[str]) -> Risk:
    """The risk of these signs together; one that this version does not know counts for nothing."""
    known = set(signs)
    found = tuple(sign for sign in WEIGHTS if sign in known)
    return Risk(min(MOST, sum(WEIGHTS[sign][0] for sign in found)), found)


def reasons(signs: Iterable[str]) -> list[str]:
    """The signs in words, the weightiest first."""
    return [WEIGHTS[sign][1] for sign in of(signs).signs]


def _shown(facts: Facts) -> dict[Sign, bool]:
    many = facts.from_network >= MANY_FROM_NETWORK
    return {
        Sign.TOOL: facts.is_tool,
        Sign.RUSH: facts.is_rush,
        Sign.DISPOSABLE: disposable.is_disposable(facts.email),
        Sign.MANY_FROM_NETWORK: many,
        Sign.SOME_FROM_NETWORK: not many and facts.from_network >= SOME_FROM_NETWORK,
        Sign.MANY_FROM_AROUND: facts.from_around >= MANY_FROM_AROUND,
        Sign.ADVERT: bool(_ADVERT.search(facts.first_name)),
        Sign.ODD_NAME: bool(_HARD.search(facts.first_name)) or len(_JUMPING.findall(facts.first_name)) > 1,
        Sign.DISGUISED: mailbox.is_disguised(facts.email),
        Sign.HASTY: facts.seconds is not None and facts.seconds < HASTY_S,
        Sign.NO_SCRIPT: not facts.has_script,
    }
