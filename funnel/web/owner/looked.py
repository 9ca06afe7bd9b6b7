"""What the overview and the lists behind it look at, as it stands in the URL: the days, and whose."""

from dataclasses import dataclass
from datetime import datetime

from flask import request

from funnel.insight.whose import Whose
from funnel.web.owner import period
from funnel.web.owner.period import Chosen

MOST_BESIDES = 20
MOST_ID = (1 << 63) - 1  # what a bigint holds


@dataclass(frozen=True)
class Looked:
    chosen: Chosen
    whose: Whose

    @property
    def about(self) -> dict[str, str | int]:
        """Whose, as it stands in the URL; empty when it is everybody."""
        found = {"source": self.whose.source, "form": self.whose.form_id}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def here(self) -> dict[str, str | int]:
        """All of it, as it stands in the URL."""
        return {**self.chosen.period.address, **self.about}


def looked_at(now: datetime) -> Looked:
    """What this request looks at. `unnamed` stands for people whose source was not named, `besides` leaves some out."""
    chosen = period.chosen(request.args, now)
    source = _plain(request.args.get("source", "")) or ("" if "unnamed" in request.args else None)
    form_id = request.args.get("form", type=int)
    whose = Whose(
        chosen.period.first_day,
        chosen.period.last_day,
        source,
        form_id if form_id and 0 < form_id <= MOST_ID else None,
        tuple(_plain(name) for name in request.args.getlist("besides")[:MOST_BESIDES]),
    )
    return Looked(chosen, whose)


def _plain(text: str) -> str:
    return text.replace("\x00", "")  # the database takes none
