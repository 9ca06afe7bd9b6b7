"""What a reader does in a browser, as the tests tell it: fills in a form that was shown a while ago."""

from html.parser import HTMLParser
from typing import Any

from funnel import tokens
from funnel.db import utc_now
from funnel.tokens import Purpose

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


def shown(purpose: Purpose, *about: int, seconds_ago: float = 10, salt: bytes = b"") -> str:
    """The token of a form that was shown so many seconds ago."""
    return tokens.sign(purpose, *about, int((utc_now().timestamp() - seconds_ago) * 1000), salt=salt)


def fill_in(client: Any, form: Any, path: str = "", **fields: Any) -> Any:
    """Posts the sign-up form of `form` with a good token, unless `fields` says otherwise."""
    values = {"email": "ada@example.org", "token": shown(Purpose.FORM, form.id)} | fields
    values = {name: value for name, value in values.items() if value is not None}
    return client.post(path or f"/f/{form.slug}", data=values, headers={"User-Agent": PHONE})


def fields_of(page: Any) -> dict[str, str]:
    """The values that the page's fields hold, hidden ones too."""
    reader = _Fields()
    reader.feed(page.text)
    return reader.found


def as_sent(page: Any) -> dict[str, str]:
    """What a browser sends of the page's fields as they stand: what is ticked and chosen among it."""
    reader = _Sent()
    reader.feed(page.text)
    return reader.found


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "input" and values.get("name"):
            self.found[str(values["name"])] = values.get("value") or ""
        if tag == "textarea":
            self.area = values.get("name")
            self.found[str(self.area)] = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.found[self.area] += data.lstrip("\r\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = None


class _Sent(_Fields):
    select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "select":
            self.select = str(values.get("name"))
        elif tag == "option" and (self.select not in self.found or "selected" in values):
            self.found[self.select] = values.get("value") or ""
        elif values.get("type") not in {"radio", "checkbox"} or "checked" in values:
            super().handle_starttag(tag, attrs)
