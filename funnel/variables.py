"""Variables that need more than a look: addresses of servers, secrets, a mail server."""

import re

from funnel.choices import HOW_TO_SET
from funnel.environment import Environment, split
from funnel.relay import Relay, is_loopback, parse

POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
REDIS = ("redis", "rediss", "valkey", "valkeys")


class Variables(Environment):
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

    def secret(self, name: str) -> str:
        raw = self.text(name, "")
        if raw and len(raw) < 32:
            self.refuse(name, "it is shorter than 32 signs", HOW_TO_SET["SECRET_KEY"])
        if len(raw.split()) > 1:  # SECRET_KEY_FALLBACKS separates keys by spaces
            self.refuse(name, "it holds a space", HOW_TO_SET["SECRET_KEY"])
        return raw

    def owner_password(self) -> str:
        raw = self.environ.get("OWNER_PASSWORD", "")
        if raw and len(raw) < 12:
            self.refuse("OWNER_PASSWORD", "it is shorter than 12 signs", "Four random words make a good one")
        return raw

    def redis_url(self) -> str:
        # Valkey speaks Redis's protocol, and its clients here know only Redis's name.
        given = self.url("REDIS_URL", REDIS, HOW_TO_SET["REDIS_URL"])
        return re.sub("^valkey", "redis", given)

    def relay(self, url: str) -> Relay | None:
        try:
            return parse(url)
        except ValueError as error:
            self.refuse("SMTP_URL", str(error), "For example smtp://user:password@mail.example.org:587")
            return None
