"""What a practice may choose of limits, windows and letters; and the lists and examples by which settings are read."""

import re
from dataclasses import dataclass

from funnel import origins
from funnel.environment import Environment

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SWITCH = ("on", "off")
STRICTNESS = ("relaxed", "usual", "strict")
MOST_SITES = 50  # all of them stand in a header of each embedded form
EMERGENCY_NUMBERS = {
    "GB": "999", "IE": "112", "US": "911", "CA": "911", "AU": "000", "NZ": "111", "IT": "112", "DE": "112",
    "FR": "112", "ES": "112", "CH": "112", "AT": "112", "NL": "112", "BE": "112", "PT": "112", "SE": "112",
    "DK": "112", "NO": "112", "FI": "112", "PL": "112",
}  # fmt: skip
INTERNATIONAL_EMERGENCY = "112"  # answered on every GSM phone; what a country not listed gets
HOW_TO_SET = {
    "SECRET_KEY": 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"',
    "DATABASE_URL": "For example postgresql://funnel:password@db.example.org/funnel",
    "REDIS_URL": "For example redis://:password@cache.example.org:6379/0",
    "SMTP_URL": "For example smtp://user:password@mail.example.org:587",
    "MAIL_FROM": "The address your mails come from, such as alessandro@example.org",
    "PRACTICE_ADDRESS": "The postal address that the law wants in every mail",
}
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?[-–] ?([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True)
class Limits:
    """How much forms may ask for. `address`: sign-up mails to one address; `network`: sign-ups from one."""

    address_day: int = 3
    address_month: int = 5
    network_hour: int = 5
    network_day: int = 20
    form_minute: int = 60  # confirmations of one form
    all_minute: int = 600  # confirmations of all

    @property
    def wide(self) -> tuple[int, int]:
        """An hour and a day from the /24 or /48 around a network: more than a street has, fewer than a botnet sends."""
        return self.network_hour * 8, self.network_day * 6

    @property
    def tap(self) -> tuple[int, int]:
        """An hour and a day from one network for who looks risky and solves no puzzle."""
        return max(1, self.network_hour * 2 // 5), max(1, self.network_day // 4)

    @property
    def tap_minute(self) -> int:
        """Confirmations of one form for all of them."""
        return max(1, self.form_minute // 10)


@dataclass(frozen=True)
class Door:
    """How strict the forms are with what looks risky."""

    strictness: str = "usual"
    refuse_disposable: bool = False


@dataclass(frozen=True)
class Window:
    """When the mails of a new course leave, in minutes after the reader's midnight."""

    start: int = 7 * 60
    end: int = 10 * 60
    weekends: bool = False


@dataclass(frozen=True)
class Letters:
    """What the house mails to its owners unasked."""

    weekly: bool = True
    weekday: int = 0  # Monday is 0
    hour: int = 8  # by the practice's clock
    bookings: bool = True


def limits(read: Environment) -> Limits:
    """Outside these ranges a limit either stops nobody who floods a form, or stops everybody."""
    return Limits(
        address_day=read.whole("LIMIT_ADDRESS_DAY", Limits.address_day, 1, 10),
        address_month=read.whole("LIMIT_ADDRESS_MONTH", Limits.address_month, 1, 30),
        network_hour=read.whole("LIMIT_NETWORK_HOUR", Limits.network_hour, 1, 500),
        network_day=read.whole("LIMIT_NETWORK_DAY", Limits.network_day, 1, 2000),
        form_minute=read.whole("LIMIT_FORM_MINUTE", Limits.form_minute, 1, 600),
        all_minute=read.whole("LIMIT_MINUTE", Limits.all_minute, 1, 6000),
    )


def door(read: Environment) -> Door:
    return Door(
        strictness=read.choice("STRICTNESS", Door.strictness, STRICTNESS),
        refuse_disposable=read.choice("REFUSE_DISPOSABLE", "off", SWITCH) == "on",
    )


def window(read: Environment) -> Window:
    raw = read.text("WINDOW", "07:00-10:00")
    found = _WINDOW.fullmatch(raw)
    start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    if not 0 <= start < end <= 24 * 60:
        read.refuse("WINDOW", f"“{raw}” is not a time of day that begins and ends", "Write it as 07:00-10:00")
        start, end = Window.start, Window.end
    return Window(start, end, read.choice("WEEKENDS", "off", SWITCH) == "on")


def letters(read: Environment) -> Letters:
    return Letters(
        weekly=read.choice("WEEKLY_LETTER", "on", SWITCH) == "on",
        weekday=_place(read.choice("LETTER_DAY", WEEKDAYS[0], WEEKDAYS)),
        hour=read.whole("LETTER_HOUR", Letters.hour, 0, 23),
        bookings=read.choice("BOOKING_MAIL", "on", SWITCH) == "on",
    )


def sites(read: Environment) -> tuple[str, ...]:
    """The sites whose pages may show our forms in a frame, and where a form may lead to."""
    found: list[str] = []
    wrong: list[str] = []
    for typed in read.text("SITES", "").replace(",", " ").split():
        try:
            found.append(origins.site(typed))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        read.refuse("SITES", ". ".join(wrong), "Write one a line")
    if len(found) > MOST_SITES:
        read.refuse("SITES", f"there are {len(found)} of them, and {MOST_SITES} fit", "Use a star for subdomains")
    return tuple(dict.fromkeys(found))


def _place(weekday: str) -> int:
    return WEEKDAYS.index(weekday) if weekday in WEEKDAYS else 0
