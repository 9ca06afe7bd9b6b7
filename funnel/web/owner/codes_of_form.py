"""What is copied to put a form to use: its link and the codes for other sites, with the place where they stand."""

from typing import Any

from flask import render_template, request

from funnel.audience import signup
from funnel.config import settings
from funnel.insight.embeds import LOOKS
from funnel.models.people import Form
from funnel.web import spoken

LONGEST_SOURCE = 200  # signs that are looked at
NO_SOURCE = (
    "A source is a single word of letters, digits, dots, hyphens and underscores, at most 80 signs, beginning with a "
    "letter or digit: instagram, clinic-door, leaflet_2026."
)


def codes(form: Form) -> dict[str, Any]:
    """The form's link and codes as this request asks for them: `?src=` the place, `?look=` of the script."""
    wanted = request.args.get("src", "").strip()[:LONGEST_SOURCE]
    source, look = signup.clean_source(wanted), request.args.get("look", "")
    address = f"{settings().base_url}/f/{form.slug}"
    known = {
        "form": form,
        "address": address,
        "source": source,
        "chosen": look if look in LOOKS else LOOKS[0],
        "link": f"{address}?src={source}" if source else address,
    }
    return {
        **known,
        "src": wanted,
        "src_error": NO_SOURCE if wanted and not source else "",
        **{name: _code(name, known) for name in ("script", "framed", "plain")},
    }


def _code(name: str, known: dict[str, Any]) -> str:
    folder = "own_forms" if name == "plain" else "own_embeds"
    with spoken.speaking(known["form"].language):
        return render_template(f"owner/{folder}/{name}.html", **known).strip()
