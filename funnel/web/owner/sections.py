"""The settings that an owner may change, in sections as the page shows them."""

from zoneinfo import available_timezones

from funnel.choices import WEEKDAYS
from funnel.config import Settings
from funnel.web.owner.door_sections import LIMITS, ROBOTS
from funnel.web.owner.section import Field, Section, switch


def _window(known: Settings) -> str:
    start, end = known.window.start, known.window.end
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


PRACTICE = Section(
    "practice",
    "Your practice",
    "Who writes the mails. It stands above and below every one of them, and on every page.",
    (
        Field(
            "PRACTICE_NAME",
            "Name of the practice",
            lambda known: known.practice_name,
            "What follows “ · ” is shown smaller, such as your trade.",
        ),
        Field("PRACTITIONER_NAME", "Your name", lambda known: known.practitioner_name, "As you sign a mail."),
        Field(
            "PRACTICE_ADDRESS",
            "Postal address",
            lambda known: known.practice_address,
            "The law wants it in every mail. A letter must reach you there.",
            autocomplete="street-address",
        ),
        Field(
            "PRACTICE_COUNTRY",
            "Country",
            lambda known: known.practice_country,
            "Two letters, such as GB or IT. It picks the emergency number under health mails.",
            autocomplete="country",
        ),
        Field(
            "TIMEZONE",
            "Time zone",
            lambda known: known.timezone,
            "Such as Europe/London. All times on these pages are by it.",
            kind="zone",
        ),
    ),
)
SENDER = Section(
    "sender",
    "Sender",
    "What readers see as the sender, and where their answers go.",
    (
        Field(
            "MAIL_FROM",
            "Mails come from",
            lambda known: known.mail_from,
            "Your mail server must be allowed to send for its domain (SPF, DKIM, DMARC).",
            kind="email",
        ),
        Field(
            "REPLY_TO",
            "Answers go to",
            lambda known: known.reply_to,
            "Leave it empty for the same address. You should read what comes there.",
            kind="email",
        ),
    ),
)
BOOKING = Section(
    "booking",
    "Booking",
    "Where the button “Book” leads.",
    (
        Field(
            "BOOKING_URL",
            "Booking page",
            lambda known: known.booking_url,
            "The web address of your calendar. Leave it empty for Funnel’s own page, where people ask for a session.",
            kind="url",
        ),
    ),
)
SITES = Section(
    "sites",
    "Your other sites",
    "Whose pages may show your forms, such as your blog. No other page can, so nobody puts your form into theirs. A "
    "form may also lead to a page of these sites when somebody has signed up.",
    (
        Field(
            "SITES",
            "Sites",
            lambda known: "\n".join(known.sites),
            "One a line, such as https://example.org. A star stands for all subdomains: https://*.example.org. The "
            "address of any page of the site will do.",
            kind="lines",
        ),
    ),
)
WINDOW = Section(
    "window",
    "When mails leave",
    "For courses made from now on. Each course has its own hours on its page.",
    (
        Field("WINDOW", "Between", _window, "By each reader’s own clock, such as 07:00-10:00."),
        Field(
            "WEEKENDS",
            "On Saturdays and Sundays too",
            lambda known: switch(known.window.weekends),
            "Health mails are read best on weekday mornings.",
            kind="switch",
        ),
    ),
)
LETTERS = Section(
    "letters",
    "Mails to you",
    "They go to all owners and editors.",
    (
        Field(
            "BOOKING_MAIL",
            "A mail at once when somebody asks for a session",
            lambda known: switch(known.letters.bookings),
            kind="switch",
        ),
        Field(
            "WEEKLY_LETTER",
            "A weekly letter with last week’s numbers and one suggestion",
            lambda known: switch(known.letters.weekly),
            kind="switch",
        ),
        Field(
            "LETTER_DAY",
            "It comes on",
            lambda known: WEEKDAYS[known.letters.weekday],
            kind="choice",
            choices=tuple((day, day.capitalize()) for day in WEEKDAYS),
        ),
        Field(
            "LETTER_HOUR",
            "at",
            lambda known: str(known.letters.hour),
            kind="choice",
            choices=tuple((str(hour), f"{hour:02}:00") for hour in range(24)),
        ),
    ),
)
SECTIONS = {section.slug: section for section in (PRACTICE, SENDER, BOOKING, SITES, WINDOW, LIMITS, ROBOTS, LETTERS)}


def zones() -> list[str]:
    """The time zones to choose from, those of places only."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
