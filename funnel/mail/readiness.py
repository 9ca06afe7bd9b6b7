"""“Ready to send?”: all that is looked at before a mail goes live or is sent, in one list.

The words (programme/readiness), then the mail as it is rendered: its size, its ways out, its text part, its links.
"""

import html
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from sqlalchemy.orm import Session

from funnel import shelf
from funnel.config import Settings, settings
from funnel.mail import links, render, sketch, targets, values
from funnel.mail.encoding import Unsendable
from funnel.mail.links import Place
from funnel.mail.press import Sheet
from funnel.mail.sketch import NOTICE, Sketch
from funnel.mail.stencil import TARGET_BYTES
from funnel.models.content import PostState
from funnel.models.mail import LinkKind
from funnel.programme import merge, posts, prose, readiness
from funnel.programme.check import Check, State
from funnel.programme.merge import BadTags

# The ones that say nothing when all is well get a line even so: the owner sees what was looked at.
QUIET = {
    "Tags": "Every tag has a value here.",
    "Words": "No word that promises too much.",
    "Links": "Every link can be followed from a mail.",
    "Markdown": "Nothing stands there as it was typed.",
    "Pictures": "There are none; nothing is lost where pictures are off.",
}
POSTS = "/posts/"


def checks(session: Session, said: Sketch, now: datetime) -> list[Check]:
    """Everything that was looked at, what must be mended first."""
    typed = said.words
    tags = merge.NAMES if said.kind == NOTICE else prose.STEP_TAGS
    sources = [line for line in said.sources.splitlines() if line.strip()]
    found = readiness.checks(typed.subject, typed.preheader, typed.body, sources, tags, typed.language)
    try:
        sheet = sketch.sheet(said)
        found += _rendered(sheet, said.kind, settings(), now)
        found += _linked(session, sheet, settings())
    except (BadTags, Unsendable) as error:
        if not any(check.state is State.STOP for check in found):
            found.append(Check("The mail", State.STOP, f"It cannot be written: {error}."))
    named = {check.name for check in found}
    found += [Check(name, State.GOOD, text) for name, text in QUIET.items() if name not in named]
    order = list(State)[::-1]
    return sorted(found, key=lambda check: order.index(check.state))


def to_look_at(said: Sketch) -> list[str]:
    """The addresses outside this site that its links lead to; none while it cannot be written."""
    try:
        return _outside(sketch.sheet(said), settings())
    except (BadTags, Unsendable):
        return []


def _rendered(sheet: Sheet, kind: str, known: Settings, now: datetime) -> Iterator[Check]:
    straight = {f"link:{number}": links.direct(place, known) for number, place in enumerate(sheet.places)}
    leave = f"{known.base_url}/{values.LEAVE}/sample"
    own = values.of_nobody() | straight | {"unsubscribe_link": leave}
    envelope = values.envelope(render.SAMPLE_ADDRESS, render.SAMPLE_ID, now)
    data = sheet.stencil.fill(envelope | own)
    mail: EmailMessage = BytesParser(policy=policy.default).parsebytes(data)
    text, page = (str(part.get_content()) for part in mail.iter_parts())
    kilobytes = f"{len(data) / 1000:.0f} kB with its headers; Gmail cuts a mail off at {render.CLIPS_AT // 1000} kB"
    if len(data) > TARGET_BYTES:
        yield Check("Size", State.WARN, f"{kilobytes}. Shorten it below {TARGET_BYTES // 1000}.")
    else:
        yield Check("Size", State.GOOD, f"{kilobytes}.")
    if kind != NOTICE:
        both = leave in text and leave in page and mail["List-Unsubscribe-Post"]
        yield _either(bool(both), "Way out", "Leaving takes one click, in the text too.", "There is no way out in it.")
    stands = known.practice_address and known.practice_address in text and known.practice_address in _plain(page)
    missing = "The postal address is missing, which the law wants in every mail. Set PRACTICE_ADDRESS."
    yield _either(bool(stands), "Postal address", "It stands at the end.", missing)
    yield _either(bool(text.strip()), "Text part", "There is one, for those who read no HTML.", "There is none.")


def _either(good: bool, name: str, words: str, otherwise: str) -> Check:
    return Check(name, State.GOOD if good else State.STOP, words if good else otherwise)


def _plain(page: str) -> str:
    return " ".join(html.unescape(page).split())


def _linked(session: Session, sheet: Sheet, known: Settings) -> Iterator[Check]:
    for place in sheet.places:
        if (path := place.url.removeprefix(known.base_url)).startswith(POSTS) and (wrong := _absent(session, path)):
            yield Check("Dead links", State.STOP, f"“{place.label}”: {wrong}.")
    labels = {place.url: place.label for place in sheet.places}
    yield from outside({url: labels[url] for url in _outside(sheet, known)})


def outside(labels: Mapping[str, str]) -> Iterator[Check]:
    """What is known of links to other sites: the words of each by its address."""
    if not labels:
        yield Check("Dead links", State.GOOD, "No link leads to another site.")
        return
    try:
        seen = targets.known(labels)
    except shelf.AwayError:
        yield Check("Dead links", State.WARN, "Nobody knows just now whether the links still work: Redis is away.")
        return
    for url, one in seen.items():
        if one.state is targets.State.DEAD:
            yield Check("Dead links", State.STOP, f"“{labels[url]}” is dead: {one.words}. {url}")
        elif one.state is targets.State.UNSURE:
            yield Check("Dead links", State.WARN, f"“{labels[url]}” could not be looked at: {one.words}. {url}")
    yield _looked_at(labels, seen)


def _looked_at(urls: Collection[str], seen: dict[str, targets.Seen]) -> Check:
    done = sum(one.state is not targets.State.WAITING for one in seen.values())
    if done == len(urls):
        return Check("Dead links", State.GOOD, f"{done} looked at within a day.")
    words = f"{done} of {len(urls)} looked at. "
    waits = any(one.state is targets.State.WAITING for one in seen.values())
    return Check(
        "Dead links", State.WARN, words + ("A worker is looking." if waits else "Press “Look at the links now”.")
    )


def _outside(sheet: Sheet, known: Settings) -> list[str]:
    def leads_out(place: Place) -> bool:
        return place.kind in (LinkKind.CONTENT, LinkKind.INTEREST) and not place.url.startswith(known.base_url)

    return [place.url for place in sheet.places if leads_out(place)]


def _absent(session: Session, path: str) -> str:
    """Why a path of our own posts leads nowhere; empty when it does not."""
    slug, _, anchor = path.removeprefix(POSTS).partition("#")
    post = posts.by_slug(session, slug.partition("?")[0])
    if post is None or post.state is PostState.DRAFT:
        return f"there is no post “{slug}”"
    if post.state is PostState.RETIRED:
        return f"the post “{slug}” is retired"
    return "" if not anchor or f"{{: #{anchor}}}" in post.body else f"the post has no place called “{anchor}”"
