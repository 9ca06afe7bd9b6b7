"""“Ready for readers?”: what must or might be mended in a post, beside its preview."""

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request

from funnel import shelf
from funnel.db import utc_now
from funnel.mail import readiness, targets
from funnel.programme import check, post_readiness, post_words
from funnel.programme.check import Check, State
from funnel.web.nudge import nudge
from funnel.web.owner import gate, typed
from funnel.web.owner.manner import POST_LABELS
from tasks.links import look

AWAY = "Nobody can be asked just now: Redis is away."
LATER = "The worker could not be told just now. Please try again in a minute."

blueprint = gate.pages("post_checks", __name__)


@dataclass(frozen=True)
class Ready:
    checks: list[Check]
    links: int  # to other sites
    waiting: int  # of those, how many a worker is still to look at

    @property
    def worst(self) -> State:
        return check.worst(self.checks)


@blueprint.post("/posts/checks")
def checks() -> str:
    """What is to be said of a post as it is typed."""
    return _told()


@blueprint.post("/posts/checks/links")
def links() -> str:
    """Asks a worker to look where the links lead; answers as `checks` does, with how far that is."""
    urls = post_readiness.links(post_words.cleaned(request.form))
    try:
        targets.ask(urls)
        problem = "" if not urls or nudge(look) else LATER
    except shelf.AwayError:
        problem = AWAY
    return _told(problem)


def ready(content: dict[str, str], now: datetime) -> Ready:
    """The list for words that are kept, or typed."""
    urls = post_readiness.links(content)
    links, waiting = targets.progress(urls)
    found = post_readiness.checks(content, now) + list(readiness.outside(urls))
    order = list(State)[::-1]
    return Ready(sorted(found, key=lambda one: order.index(one.state)), links, waiting)


def _told(problem: str = "") -> str:
    now, content = utc_now(), post_words.cleaned(request.form)
    part = typed.in_part()
    return render_template(
        f"owner/post_checks/{'ready' if part else 'show'}.html",
        ready=ready(content, now),
        form_id=request.form.get("form_id", "") if part else typed.COPY,
        problem=problem,
        labels=POST_LABELS,
        copied=request.form.items(multi=True),
    )
