"""What is copied to put a form to use: its link and the codes for other sites, with the place where they stand."""

from typing import Any
from urllib.parse import urlencode

from flask import render_template, request

from funnel.audience import signup
from funnel.config import settings
from funnel.insight.embeds import IN_PLACE, LOOKS
from funnel.models.people import Form
from funnel.web import spoken
from funnel.web.pages.place import LIGHT

LONGEST_SOURCE = 200  # signs that are looked at
NO_SOURCE = (
    "A source is a single word of letters, digits, dots, hyphens and underscores, at most 80 signs, beginning with a "
    "letter or digit: instagram, clinic-door, leaflet_2026."
)


def codes(form: Form) -> dict[str, Any]:
    """The form's link and codes as this request asks for them.

    `?src=` names the place, `?look=` that of the script, and `?scheme=light` is for a site that is never dark.
    """
    wanted = asked()
    source = signup.clean_source(wanted.get("src", ""))
    known = _known(form, wanted.get("look", IN_PLACE), source, is_light="scheme" in wanted)
    return {
        **known,
        "asked": wanted,
        "src": wanted.get("src", ""),
        "src_error": NO_SOURCE if "src" in wanted and not source else "",
        **{name: _code(name, known) for name in ("script", "framed", "plain")},
    }


def asked() -> dict[str, Any]:
    """What of the above this request asks for, for the addresses of its page."""
    source, look = request.args.get("src", "").strip()[:LONGEST_SOURCE], request.args.get("look", "")
    found = {"look": look if look in LOOKS else "", "src": source}
    found["scheme"] = LIGHT if request.args.get("scheme") == LIGHT else ""
    return {name: value for name, value in found.items() if value}


def script(form: Form, look: str) -> str:
    """The code with script, in this look, as it is copied now."""
    return _code("script", _known(form, look))


def _known(form: Form, look: str, source: str = "", *, is_light: bool = False) -> dict[str, Any]:
    address, place = f"{settings().base_url}/f/{form.slug}", {"src": source} if source else {}
    return {
        "form": form,
        "address": address,
        "source": source,
        "chosen": look,
        "is_light": is_light,
        "link": _with(address, place),
        "frame_address": _with(f"{address}/embed", place | ({"scheme": LIGHT} if is_light else {})),
    }


def _with(address: str, query: dict[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address


def _code(name: str, known: dict[str, Any]) -> str:
    folder = "own_forms" if name == "plain" else "own_embeds"
    with spoken.speaking(known["form"].language):
        return render_template(f"owner/{folder}/{name}.html", **known).strip()
