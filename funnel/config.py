"""Every setting, typed and checked: what the environment says, read once at start, over what the database keeps.

Nothing here knows the database: `house/stored` lays what it keeps under the environment, for `settings()`.

A wrong value is refused with what is wrong and how to mend it, all of them at once, so that nobody mends one to meet
the next.
"""

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from funnel import choices
from funnel.choices import EMERGENCY_NUMBERS, HOW_TO_SET, INTERNATIONAL_EMERGENCY, Door, Letters, Limits, Window
from funnel.relay import Relay
from funnel.variables import POSTGRESQL, Variables

REAL_DAY_SECONDS = 86_400
LOCAL_OUTBOX_PORT = 8025  # where the local catcher listens
EMBEDDED_FILE = "embedded.json"  # under DATA_DIR, only while `make run` runs


class SettingsError(Exception):
    """One or more settings are refused. `problems` holds a line each: what is wrong, and how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    base_url: str
    port: int
    data_dir: Path
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    database_url: str
    redis_url: str
    relays: tuple[Relay, ...]
    bounce_address: str
    mail_from: str  # the bare address
    reply_to: str
    practice_name: str
    practitioner_name: str
    practice_address: str
    practice_country: str
    timezone: str
    booking_url: str
    day_seconds: float
    trusted_proxies: int
    owner_email: str
    owner_password: str
    log_format: str
    limits: Limits
    door: Door
    window: Window
    letters: Letters
    sites: tuple[str, ...]  # origins of the pages that may show our forms
    local: bool  # BASE_URL is on loopback
    local_outbox: bool  # the local catcher takes the mail

    @property
    def rehearsal(self) -> bool:
        """The course's clock runs faster than the sun: windows and weekends are off."""
        return self.day_seconds < REAL_DAY_SECONDS

    @property
    def tick_seconds(self) -> float:
        return min(10.0, self.day_seconds / 4)

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def emergency_number(self) -> str:
        return EMERGENCY_NUMBERS.get(self.practice_country, INTERNATIONAL_EMERGENCY)

    @property
    def outbox_dir(self) -> Path:
        return self.data_dir / "outbox"


class _InForce:
    kept: Callable[[], Settings] | None = None


def settings() -> Settings:
    """The settings in force. Raises SettingsError when one of the environment is refused."""
    return _InForce.kept() if _InForce.kept else bare()


@functools.cache
def bare() -> Settings:
    """The settings of the environment alone, for what stands below the database. Raises SettingsError."""
    return load(os.environ)


def lay_under(kept: Callable[[], Settings]) -> None:
    """Has `settings` ask `kept`, which knows what is kept elsewhere and lets the environment win."""
    _InForce.kept = kept


def given(name: str) -> str:
    """What the environment says of a variable; '' when it says nothing, so that the database may."""
    return {**_embedded(os.environ), **_said(os.environ)}.get(name, "")


def settings_or_exit() -> Settings:
    """The settings, for the start of a process: refused ones end it with every problem, and no traceback."""
    try:
        return bare()
    except SettingsError as error:
        sys.exit("\n".join(["Funnel cannot start with these settings:", *error.problems]))


def load(environ: Mapping[str, str], kept: Mapping[str, str] | None = None) -> Settings:
    """Reads and checks all settings from `environ`, and from `kept` what that does not say.

    Raises SettingsError naming every problem found.
    """
    return _Reader({**(kept or {}), **_embedded(environ), **_said(environ)}).settings()


def load_over(kept: Mapping[str, str]) -> Settings:
    """The same of this process's environment."""
    return load(os.environ, kept)


def _said(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if value.strip()}  # an empty variable is not set


def _embedded(environ: Mapping[str, str]) -> dict[str, str]:
    """What `make run` wrote down of the servers it started, so that a command in another terminal finds them."""
    path = data_dir(environ) / EMBEDDED_FILE
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError([f"DATA_DIR: {path} cannot be read ({error}). Run as its owner, or delete it"]) from None
    return found


def data_dir(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DATA_DIR", "").strip() or "./var").absolute()


class _Reader(Variables):
    def settings(self) -> Settings:
        port = self.whole("PORT", 8000, 1, 65535)
        base_url = self.text("BASE_URL", f"http://127.0.0.1:{port}").rstrip("/")
        local = self.base_url_is_local(base_url)
        relays = self.relays(local)
        mail_from = self.address("MAIL_FROM", "alessandro@example.org" if local else "")
        self.needed_in_public(local)
        day_seconds = self.day_seconds(relays)
        found = Settings(
            base_url=base_url,
            port=port,
            data_dir=data_dir(self.environ),
            secret_key=self.secret("SECRET_KEY"),
            secret_key_fallbacks=tuple(self.text("SECRET_KEY_FALLBACKS", "").split()),
            database_url=self.url("DATABASE_URL", POSTGRESQL, HOW_TO_SET["DATABASE_URL"]),
            redis_url=self.redis_url(),
            relays=relays,
            bounce_address=self.address("BOUNCE_ADDRESS", ""),
            mail_from=mail_from,
            reply_to=self.address("REPLY_TO", mail_from),
            practice_name=self.header_text("PRACTICE_NAME", "Alessandro · Remedial Soft Tissue Therapy"),
            practitioner_name=self.header_text("PRACTITIONER_NAME", "Alessandro"),
            practice_address=self.text("PRACTICE_ADDRESS", "1 Example Street, London" if local else ""),
            practice_country=self.country("PRACTICE_COUNTRY", "GB"),
            timezone=self.zone("TIMEZONE", "Europe/London"),
            booking_url=self.web_address("BOOKING_URL", "Leave it out for the built-in page"),
            day_seconds=day_seconds,
            trusted_proxies=self.whole("TRUSTED_PROXIES", 0, 0, 10),
            owner_email=self.address("OWNER_EMAIL", ""),
            owner_password=self.owner_password(),
            log_format=self.choice("LOG_FORMAT", "plain" if local else "json", ("plain", "json")),
            limits=choices.limits(self),
            door=choices.door(self),
            window=choices.window(self),
            letters=choices.letters(self),
            sites=choices.sites(self),
            local=local,
            local_outbox=local and not self.text("SMTP_URL", ""),
        )
        if found.local_outbox and relays[0].port == port:
            self.refuse("OUTBOX_PORT", f"{port} is PORT already", "Give one of the two another number")
        if self.problems:
            raise SettingsError(self.problems)
        return found

    def needed_in_public(self, local: bool) -> None:
        if local:
            return
        for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "SMTP_URL", "MAIL_FROM", "PRACTICE_ADDRESS"):
            if not self.text(name, ""):
                self.refuse(name, "it is not set, and BASE_URL is public", HOW_TO_SET[name])

    def day_seconds(self, relays: tuple[Relay, ...]) -> float:
        raw = self.text("DAY_SECONDS", str(REAL_DAY_SECONDS))
        try:
            seconds = float(raw)
        except ValueError:
            seconds = 0
        if not 0.2 <= seconds <= REAL_DAY_SECONDS:
            self.refuse("DAY_SECONDS", f"“{raw}” is not from 0.2 to 86400", "Leave it out for real days")
            return float(REAL_DAY_SECONDS)
        if seconds < REAL_DAY_SECONDS and not all(relay.on_loopback for relay in relays):
            self.refuse(
                "DAY_SECONDS",
                "a rehearsal would mail real people a course a minute",
                "Only a relay on loopback is accepted with it: leave out SMTP_URL, or DAY_SECONDS",
            )
        return seconds

    def relays(self, local: bool) -> tuple[Relay, ...]:
        raw = self.text("SMTP_URL", "")
        if not raw:
            return (
                Relay("127.0.0.1", self.whole("OUTBOX_PORT", LOCAL_OUTBOX_PORT, 1, 65535), starttls="never"),
            ) * local
        return tuple(relay for url in raw.split() if (relay := self.relay(url)))
