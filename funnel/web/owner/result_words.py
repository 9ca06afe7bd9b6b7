"""How the results of an issue are said: parts by their names, and what the numbers can and cannot show."""

from datetime import datetime

from funnel.insight import results, subjects
from funnel.insight.results import COURSE_OF, Compared, Figures
from funnel.insight.wilson import Rate
from funnel.models.content import Newsletter, Part
from funnel.web.owner.words import ago, counted, percent

PARTS = {
    Part.A: "First subject, tried",
    Part.B: "Second subject, tried",
    Part.REST: "The chosen subject, to the others",
    Part.RESEND: "Sent again to who had not clicked",
}
# What each number is called in a table given away.
NUMBERS = ("Accepted", "Clicked", "Booked after it", "Left", "Came back", "Complained")


def named(issue: Newsletter) -> str:
    return f"{PARTS[issue.part]}: {subjects.shown(issue.subject)}" if issue.part else subjects.shown(issue.subject)


def young(issue: Newsletter, accepted: int, now: datetime) -> str:
    """What is to be known of numbers that still grow; '' when they hardly do."""
    began = results.began(issue)
    if not accepted or now - began >= COURSE_OF:
        return ""
    return f"The first left {ago(began, now)}: most clicks come within two days, so these numbers will still grow."


def compared(found: Compared) -> list[str]:
    """This issue against those before it taken as one, a sentence each for clicks and for leaving."""
    before = counted(len(found.lines) - 1, "issue")
    return [
        _against(pair, before, what)
        for pair, what in ((found.clicked, "clicked"), (found.left, "left"))
        if pair and pair[0].of
    ]


def numbers(one: Figures) -> tuple[int, ...]:
    """In the order of NUMBERS."""
    rates = (one.clicked, one.booked, one.left, one.bounced, one.complained)
    return (one.accepted, *(rate.count for rate in rates))


def _against(pair: tuple[Rate, Rate], before: str, what: str) -> str:
    here, usual = pair
    shares = f"{percent(here.share)} here, {percent(usual.share)} in the {before} before"
    more = results.differ(here, usual)
    if not more:
        return f"{what.capitalize()}: {shares}. There is no difference that these numbers could show."
    return f"{'More' if more > 0 else 'Fewer'} people {what} than before: {shares}. That is more than luck."
