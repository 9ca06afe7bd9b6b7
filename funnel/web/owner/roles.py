"""What each role may do, told once for all pages: the gate asks here before any of them is shown or done.

An owner may do everything; an editor all but what is named here; a viewer may look at what an editor may, and change
nothing but their own account.
"""

from funnel.models.house import Role

OWNERS_ONLY = {"settings", "wording", "relays", "team", "audit"}  # blueprints
OWNERS_CHOICES = {("bulk.ask", "erase"), ("bulk.begin", "erase")}  # endpoints of others, with the action chosen there
EXPORT = "export"  # in an endpoint's name: everybody's data leaves by it
EXPORTS = {"behind.table", "import_lines.known"}  # as it does by these
# Asked for the password again when it was typed too long ago: who sits down at an unlocked screen must not pass.
PROVED = {
    "team.change",
    "team.ask_to_remove",
    "team.remove",
    "team.ask_for_codes_off",
    "team.codes_off",
    "team.invite",
    "codes.begin",
    "codes.show",
    "codes.turn_on",
    "codes.ask_off",
    "codes.off",
    "codes.ask_anew",
    "codes.anew",
}
ONES_OWN = {"account", "codes", "prove", "signin"}  # blueprints that are about nobody else

MAY_LOOK = "You may look at everything here, and change nothing."
OWNERS_PAGE = "This page is for owners only."


def refusal(role: Role, method: str, endpoint: str, action: str = "") -> str:
    """Why somebody in this `role` may not do this; '' when they may. `action`: which of several a form asks for."""
    blueprint = endpoint.partition(".")[0]
    if role == Role.OWNER or blueprint in ONES_OWN:
        return ""
    if blueprint in OWNERS_ONLY or _exports(endpoint) or (endpoint, action) in OWNERS_CHOICES:
        return OWNERS_PAGE
    return MAY_LOOK if role == Role.VIEWER and method not in {"GET", "HEAD", "OPTIONS"} else ""


def asks_password(endpoint: str) -> bool:
    """Whether the password must have been typed within the last minutes."""
    return endpoint in PROVED or _exports(endpoint)


def _exports(endpoint: str) -> bool:
    return EXPORT in endpoint or endpoint in EXPORTS
