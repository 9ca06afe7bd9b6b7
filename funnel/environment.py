"""Variables read as what they stand for; what is wrong with them is gathered, each problem with its mend."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email


class Environment:
    """Typed reading of `environ`. A refused value gives a stand-in and adds a line to `problems`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def refuse(self, name: str, wrong: str, mend: str) -> None:
        self.problems.append(f"{name}: {wrong}. {mend}")

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        raw = self.text(name, str(default))
        if raw.isascii() and raw.isdigit() and least <= int(raw) <= most:
            return int(raw)
        self.refuse(name, f"“{raw}” is not a whole number from {least} to {most}", f"Leave it out for {default}")
        return default

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        raw = self.text(name, default)
        if raw not in choices:
            self.refuse(name, f"“{raw}” is not known", f"Use one of: {', '.join(choices)}")
        return raw

    def address(self, name: str, default: str) -> str:
        raw = self.text(name, "")
        if not raw:
            return default
        try:
            return validate_email(raw, check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError as error:
            self.refuse(name, f"“{raw}” is not a mail address ({error})", "Write it as name@example.org")
            return raw

    def header_text(self, name: str, default: str) -> str:
        raw = self.text(name, default)
        if re.search(r"[\x00-\x1f\x7f\u2028\u2029]|=\?", raw):
            self.refuse(name, "it holds a line break or the signs =?", "It stands in a mail header: use plain words")
        return raw

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> str:
        raw = self.text(name, "")
        if raw and split(raw).scheme not in schemes:
            self.refuse(name, f"it does not start with {schemes[0]}://", example)
        return raw

    def web_address(self, name: str, mend: str) -> str:
        raw = self.text(name, "")
        if raw and (split(raw).scheme not in {"http", "https"} or not split(raw).hostname):
            self.refuse(name, f"“{raw}” is not a web address", mend)
        return raw

    def country(self, name: str, default: str) -> str:
        raw = self.text(name, default).upper()
        if not re.fullmatch("[A-Z]{2}", raw):
            self.refuse(name, f"“{raw}” is not a country code", "Use two letters, such as GB or IT")
        return raw

    def zone(self, name: str, default: str) -> str:
        raw = self.text(name, default)
        if raw not in available_timezones():
            self.refuse(name, f"“{raw}” is not a known time zone", f"Use a name such as {default}")
            return default
        return raw


def split(url: str) -> SplitResult:
    """The parts of `url`; none of them when it cannot be read, such as http://[ or http://host:port."""
    try:
        parts, _ = urlsplit(url), urlsplit(url).port
    except ValueError:
        return urlsplit("")
    return parts
