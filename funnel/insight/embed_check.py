"""What is good and what is wrong with a form of ours in a page of another site, in words to mend it by."""

from dataclasses import dataclass
from urllib.parse import unquote

from sqlalchemy.orm import Session

from funnel import origins
from funnel.audience import doorplate
from funnel.config import settings
from funnel.insight import far_policy, stale_code
from funnel.insight.embeds import LOOKS, Embed, Seen
from funnel.insight.far_page import FarPage
from funnel.insight.far_policy import Policy
from funnel.insight.stale_code import Script
from funnel.models.people import Form, FormState

GOOD, WARN, ALARM = "good", "warn", "alarm"
WHAT = {"script": "the code with script", "frame": "a frame", "form": "a form of its own HTML", "link": "a link"}
NOTHING = (
    "None of your forms stands in this page as it comes from its site. Look whether it is published, and whether the "
    "code was pasted as HTML and not as text. Some builders make their pages by script only once they are open: then "
    "it may stand there all the same. Open the page and look."
)

ANEW = "Copy the code above once more, and put it in the place of this one."
BACK = "Bring it back on its own page, or put the code of another form there."
NO_PLACE = "It names no place: say above where it stands and copy the code anew, and you see what it brings."
A_LINK = "use a link or a button instead (“Only a link” above)"
TO_HOST = f"Send these words to whoever looks after the site; until then {A_LINK}."


@dataclass(frozen=True)
class Finding:
    level: str
    words: str
    site: str = ""  # one that may be added to the list by a press


def findings(session: Session, page: FarPage, seen: Seen, form: Form, script: Script) -> list[Finding]:
    """All that is to be said of the page and what was `seen` in it, about `form` first; what is there before what is
    wrong with it. `script` gives the code as it is copied now.
    """
    mine = [embed for embed in seen.embeds if _is_ours(embed) or _looks_like_ours(embed)]
    found = [finding for embed in mine for finding in _of_one(session, page, seen, embed, form, script)]
    shown = [embed for embed in mine if embed.what in {"script", "frame"} and _is_ours(embed)]
    if shown and not _is_listed(page.origin):
        found.append(_unlisted(page))
    if mine and not page.was_secure:
        words = "The page comes without https, so anybody on the way can change it, and the form too."
        found.append(Finding(ALARM, f"{words} Ask its host to turn https on."))
    if not mine:
        made = f" It was made with {seen.builder}: look at the steps for it above." if seen.builder else ""
        found.append(Finding(WARN, NOTHING + made))
    if page.is_cut or seen.is_cut:
        words = "The page is very long: only its beginning was looked at. Open it, and look at the rest yourself."
        found.append(Finding(WARN, words))
    return list(dict.fromkeys(found))


def _unlisted(page: FarPage) -> Finding:
    """The site is offered for the list only if it is the one that was typed: who leads on elsewhere chooses it not."""
    words = f"{page.origin} is not among your sites, so the form stays empty there."
    if page.asked_origin != page.origin:
        words += f" {page.asked_origin} leads there. If that site is yours, type its own address above, and look again."
        return Finding(ALARM, words)
    if not page.origin.startswith("https://"):
        return Finding(ALARM, f"{words} Only a site with https can be among them: ask its host to turn https on.")
    return Finding(ALARM, f"{words} Add it, and the form is there within seconds.", site=page.origin)


def _of_one(session: Session, page: FarPage, seen: Seen, embed: Embed, form: Form, script: Script) -> list[Finding]:
    if not _is_ours(embed):
        return [_elsewhere(embed)]
    known = doorplate.form_called(session, unquote(embed.slug))
    if known is None:
        words = f"There is {WHAT[embed.what]} for “{embed.slug}”, and you have no form of that name."
        return [Finding(ALARM, f"{words} {ANEW}")]
    found = [_stands(embed, known, form)]
    if known.state is FormState.RETIRED:
        found.append(Finding(ALARM, f"“{known.title}” is retired: it says so there, and takes nobody. {BACK}"))
    problems = {"script": _of_script, "frame": _of_frame, "form": _of_form}.get(embed.what)
    found += [Finding(ALARM, words) for words in (problems(embed) if problems else [])]
    found += [Finding(WARN, words) for words in [_of_old_words(embed, known, script)] if words]
    return found + _of_policies([*far_policy.read(seen.policies)], page, embed)


def _stands(embed: Embed, known: Form, form: Form) -> Finding:
    which = f"“{known.title}”" if known.id == form.id else f"Another form of yours, “{known.title}”,"
    look = {"slide-in": ", as a slide-in", "button": ", behind a button"}.get(embed.look, "")
    source = f"Whoever signs up there is counted under “{embed.source}”." if embed.source else NO_PLACE
    words = f"{which} stands there: {WHAT[embed.what]}{look if embed.what == 'script' else ''}. {source}"
    return Finding(GOOD if known.id == form.id else WARN, words)


def _elsewhere(embed: Embed) -> Finding:
    """Code that names another address than ours: http for https, or where this house was before."""
    ours = settings().base_url
    if embed.origin == ours.replace("https://", "http://", 1):
        words = f"{WHAT[embed.what].capitalize()} asks for http:// where it must be https://, so browsers leave it out."
        return Finding(ALARM, f"{words} {ANEW}")
    words = f"There is {WHAT[embed.what]} that names {embed.origin}. Your forms are at {ours} now."
    return Finding(WARN, f"{words} Is it an old code of yours? {ANEW}")


def _of_script(embed: Embed) -> list[str]:
    return [] if embed.look in LOOKS else [f"It asks for the look “{embed.look}”, which there is not. {ANEW}"]


def _of_frame(embed: Embed) -> list[str]:
    problems = []
    if embed.is_whole_page:
        words = "The frame asks for the form’s own page, which no frame may show: its address must end in /embed."
        problems.append(f"{words} {ANEW}")
    if "sandbox" in embed.marks and "allow-forms" not in embed.marks["sandbox"].lower().split():
        words = "The frame is in a sandbox without allow-forms, so nobody can send the form."
        problems.append(f"{words} {ANEW} If the site’s builder puts the sandbox around it, {A_LINK}.")
    return problems


def _of_form(embed: Embed) -> list[str]:
    problems = []
    if embed.marks.get("method", "get").lower() != "post":
        problems.append(f'The form is not sent as it must be: it needs method="post". {ANEW}')
    if "email" not in embed.names:
        problems.append(f'The form has no field called “email”: an input with name="email" is needed. {ANEW}')
    if embed.marks.get("enctype", "").lower() == "text/plain":
        problems.append(f"The form is sent as plain text, which cannot be read. {ANEW}")
    return problems


def _of_old_words(embed: Embed, known: Form, script: Script) -> str:
    if embed.what == "frame":
        return stale_code.of_frame(embed, known)
    return stale_code.of_script(embed, known, script) if embed.what == "script" and embed.look in LOOKS else ""


def _of_policies(policies: list[Policy], page: FarPage, embed: Embed) -> list[Finding]:
    """What the site's own security policy keeps out."""
    frame = embed.at if embed.what == "frame" else f"{embed.origin}/f/{embed.slug}/embed"
    asked = {
        "script": [("script", embed.at), ("frame", frame)],
        "frame": [("frame", frame)],
        "form": [("form", embed.at)],
    }
    nonce = embed.marks.get("nonce", "")
    stopped = {
        name
        for policy in policies
        for kind, url in asked.get(embed.what, [])
        if (name := policy.stops(kind, url, page.url, nonce))
    }
    return [
        Finding(ALARM, f"The site’s security policy keeps it out. It must add {embed.origin} to {name}. {TO_HOST}")
        for name in sorted(stopped)
    ]


def _is_ours(embed: Embed) -> bool:
    return embed.origin == origins.of(settings().base_url)


def _looks_like_ours(embed: Embed) -> bool:
    """Whether it is code that this house gave out, before it moved perhaps, and no other site's /f/…."""
    is_frame = embed.what == "frame" and not embed.is_whole_page
    return embed.what == "script" or is_frame or (embed.what == "form" and "email" in embed.names)


def _is_listed(origin: str) -> bool:
    known = settings()
    return origins.covers(known.sites, origin) or origin == origins.of(known.base_url)
