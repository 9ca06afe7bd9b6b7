"""Code of ours that was copied before the form got other words: what it still says, against what is copied now.

Its words stand in the page that it was pasted into, so no change of the form reaches them.
"""

from collections.abc import Callable

from funnel.insight import embeds
from funnel.insight.embeds import LOOKS, Embed
from funnel.insight.far_page import FarPage
from funnel.models.people import Form

Script = Callable[[Form, str], str]  # the code of a form as it is copied now, with one of LOOKS

NOBODYS_SAID = "nothing"
NEWS, CLOSE, COLOUR = "data-news", "data-close", "data-colour"
WORDS = {"data-title": "name", "data-words": "button"}
READ = {"inline": {"data-title", CLOSE}}  # what each look of it reads
READ |= {"slide-in": READ["inline"] | {NEWS}, "button": READ["inline"] | {"data-words", COLOUR}}


def of_script(embed: Embed, known: Form, script: Script) -> str:
    """What is old in the code with script, and what to do; '' when nothing is."""
    now = _marks(script(known, embed.look))
    differs = {name for name in READ[embed.look] if _plain(embed.marks.get(name)) != _plain(now.get(name))}
    told = [_told(WORDS[name], embed.marks.get(name), now.get(name)) for name in WORDS if name in differs]
    if differs & {NEWS, CLOSE} and (CLOSE in differs or "data-title" not in differs):
        told.append("what it says to screen readers is not in the form’s language")
    if COLOUR in differs:
        told.append(f"the form’s colour is {now[COLOUR]} now" if COLOUR in now else "the form has no colour now")
    return _said(told, f", with the look “{LOOKS[embed.look]}”")


def of_frame(embed: Embed, known: Form) -> str:
    """The same of a frame, whose one word is its name."""
    name = embed.marks.get("title", "")
    return _said([_told("name", name, known.title)] if name and _plain(name) != _plain(known.title) else [], "")


def _marks(code: str) -> dict[str, str]:
    found = embeds.seen(FarPage("https://localhost/", (), code.encode())).embeds
    return next(one.marks for one in found if one.what == "script")


def _told(what: str, old: str | None, new: str | None) -> str:
    said = f"“{old}”" if old else NOBODYS_SAID
    return f"its {what} says {said} and the form’s says “{new}”"


def _said(told: list[str], look: str) -> str:
    if not told:
        return ""
    words = "; ".join(told)
    return (
        f"It is an old code, or changed by hand: {words}. Copy the code above once more{look}, and put it in the place "
        "of this one, unless you wrote it so on purpose."
    )


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())
