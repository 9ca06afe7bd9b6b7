"""What is wrong with a form is told in the words that stand on its page, never in those of the code."""

import re

from selectolax.lexbor import LexborHTMLParser

from funnel.web.owner.sections import SECTIONS
from tests.owner_data import signed_in
from tests.test_owner_gate import practice, routes  # noqa: F401 (a fixture)

RUBBISH = ("{{ nonsense }} =?", "")
CHOSEN = ("hidden", "checkbox", "radio", "file")
TYPED = "input" + "".join(f":not([type={kind}])" for kind in CHOSEN) + ", textarea:not([hidden]), select"
SAID = ".error, .alarm, .warn, [role=alert], [role=status]"
NAME = re.compile(r"[“\"'‘]([A-Za-z_-]+)[”\"'’]|\b([A-Za-z]+(?:_[A-Za-z]+)+)\b")  # quoted, or with a low line
TAGS = {"first_name"}  # what an owner types in a mail, and a field of the forms about people
# Pages that take their time, and have only buttons or nothing to type that could be wrong.
LOOKED_AT_ONLY = [
    "arranging",
    "behind",
    "calendar",
    "door",
    "entrances",
    "evidence",
    "export",
    "figures",
    "forgotten",
    "home",
    "in_archive",
    "lately",
    "letters",
    "mails",
    "messages",
    "newsletters",
    "progress",
    "resends",
    "results",
    "revisions",
    "signin",
    "unknown",
]
MORE = [f"/owner/settings/{slug}" for slug in SECTIONS] + ["/owner/settings/words/page"]
MORE += [f"/owner/{noun}/1/edit" for noun in ("forms", "posts", "newsletters", "translations")]


def pages(app):
    found = routes(app, "GET").items()
    return [path for name, path in found if name.partition(".")[0] not in LOOKED_AT_ONLY and "body" not in name] + MORE


def forms(desk, path):
    """Each form of a page: where it is sent, its fields as they stand, and those that are typed."""
    answer = desk.get(path)
    for form in LexborHTMLParser(answer.text).css("form[method=post]") if answer.mimetype == "text/html" else ():
        named = {one.attributes["name"]: one.attributes.get("value") or "" for one in form.css("input[name]")}
        typed = dict.fromkeys(one.attributes["name"] for one in form.css(TYPED) if one.attributes.get("name"))
        address = form.attributes.get("action") or path
        if typed and address.startswith("/owner/"):
            yield address, named, typed


def told(answer):
    return " ".join(one.text(separator=" ") for one in LexborHTMLParser(answer.text).css(SAID))


def test_no_form_of_the_owners_tells_a_field_by_its_name_in_the_code(app, practice):
    desk, seen = signed_in(app), {}
    for path in pages(app):
        for address, kept, typed in forms(desk, path):
            if address in seen:
                continue
            answers = [desk.post(address, data=kept | dict.fromkeys(typed, rubbish)) for rubbish in RUBBISH]
            assert [answer.status_code for answer in answers if answer.status_code >= 500] == [], address
            words = " ".join(map(told, answers))
            named = {"".join(found) for found in NAME.findall(words)}
            assert (address, named & {*typed, *kept} - TAGS) == (address, set())
            seen[address] = words
    assert sum(bool(words.strip()) for words in seen.values()) > 30
