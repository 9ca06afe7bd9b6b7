"""Every setting, read once from the environment, typed and checked at start.

A wrong value is refused with what is wrong and how to mend it, all of them at once, so that nobody mends one to meet
the next.
"""

import functools
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from funnel.environment import Environment, split
from funnel.relay import Relay, is_loopback, parse

REAL_DAY_SECONDS = 86_400
LOCAL_OUTBOX_PORT = 8025  # where the local catcher listens
EMBEDDED_FILE = "embedded.json"  # under DATA_DIR, only while `make run` runs
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
REDIS = ("redis", "rediss", "valkey", "valkeys")
EMERGENCY_NUMBERS = {
    "GB": "999", "IE": "112", "US": "911", "CA": "911", "AU": "000", "NZ": "111", "IT": "112", "DE": "112",
    "FR": "112", "ES": "112", "CH": "112", "AT": "112", "NL": "112", "BE": "112", "PT": "112", "SE": "112",
    "DK": "112", "NO": "112", "FI": "112", "PL": "112",
}  # fmt: skip
INTERNATIONAL_EMERGENCY = "112"  # answered on every GSM phone; what a country not listed gets


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


@functools.cache
def settings() -> Settings:
    """The settings of this process. Raises SettingsError when one of them is refused."""
    return load(os.environ)


def settings_or_exit() -> Settings:
    """The settings, for the start of a process: refused ones end it with every problem, and no traceback."""
    try:
        return settings()
    except SettingsError as error:
        sys.exit("\n".join(["Funnel cannot start with these settings:", *error.problems]))


def load(environ: Mapping[str, str]) -> Settings:
    """Reads and checks all settings from `environ`. Raises SettingsError naming every problem found."""
    given = {name: value for name, value in environ.items() if value.strip()}  # an empty variable is not set
    return _Reader({**_embedded(environ), **given}).settings()


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


class _Reader(Environment):
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
            database_url=self.url(
                "DATABASE_URL", ("postgresql", "postgres", "postgresql+psycopg"), _HOW_TO_SET["DATABASE_URL"]
            ),
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
            local=local,
            local_outbox=local and not self.text("SMTP_URL", ""),
        )
        if found.local_outbox and relays[0].port == port:
            self.refuse("OUTBOX_PORT", f"{port} is PORT already", "Give one of the two another number")
        if self.problems:
            raise SettingsError(self.problems)
        return found

    def base_url_is_local(self, base_url: str) -> bool:
        parts = split(base_url)
        more = parts.path or parts.query or parts.fragment or not re.fullmatch(r"[A-Za-z0-9._:\[\]-]*", parts.netloc)
        if parts.scheme not in {"http", "https"} or not parts.hostname or more:
            self.refuse("BASE_URL", f"“{base_url}” is not a plain web address", "For example https://mail.example.org")
            return False
        local = is_loopback(parts.hostname)
        if not local and parts.scheme == "http":
            self.refuse("BASE_URL", "readers would send their address unencrypted", "Start it with https://")
        return local

    def needed_in_public(self, local: bool) -> None:
        if local:
            return
        for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "SMTP_URL", "MAIL_FROM", "PRACTICE_ADDRESS"):
            if not self.text(name, ""):
                self.refuse(name, "it is not set, and BASE_URL is public", _HOW_TO_SET[name])

    def secret(self, name: str) -> str:
        raw = self.text(name, "")
        if raw and len(raw) < 32:
            self.refuse(name, "it is shorter than 32 signs", _HOW_TO_SET["SECRET_KEY"])
        if len(raw.split()) > 1:  # SECRET_KEY_FALLBACKS separates keys by spaces
            self.refuse(name, "it holds a space", _HOW_TO_SET["SECRET_KEY"])
        return raw

    def owner_password(self) -> str:
        raw = self.environ.get("OWNER_PASSWORD", "")
        if raw and len(raw) < 12:
            self.refuse("OWNER_PASSWORD", "it is shorter than 12 signs", "Four random words make a good one")
        return raw

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

    def redis_url(self) -> str:
        # Valkey speaks Redis's protocol, and its clients here know only Redis's name.
        given = self.url("REDIS_URL", REDIS, _HOW_TO_SET["REDIS_URL"])
        return re.sub("^valkey", "redis", given)

    def relays(self, local: bool) -> tuple[Relay, ...]:
        raw = self.text("SMTP_URL", "")
        if not raw:
            return (
                Relay("127.0.0.1", self.whole("OUTBOX_PORT", LOCAL_OUTBOX_PORT, 1, 65535), starttls="never"),
            ) * local
        return tuple(relay for url in raw.split() if (relay := self.relay(url)))

    def relay(self, url: str) -> Relay | None:
        try:
            return parse(url)
        except ValueError as error:
            self.refuse("SMTP_URL", str(error), "For example smtp://user:password@mail.example.org:587")
            return None


_HOW_TO_SET = {
    "SECRET_KEY": 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"',
    "DATABASE_URL": "For example postgresql://funnel:password@db.example.org/funnel",
    "REDIS_URL": "For example redis://:password@cache.example.org:6379/0",
    "SMTP_URL": "For example smtp://user:password@mail.example.org:587",
    "MAIL_FROM": "The address your mails come from, such as alessandro@example.org",
    "PRACTICE_ADDRESS": "The postal address that the law wants in every mail",
}
