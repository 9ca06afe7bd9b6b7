"""Settings: what stands when nothing is set, and what is refused, each with its mend."""

from pathlib import Path

import pytest

from funnel import choices, config
from funnel.config import Relay, SettingsError

PUBLIC = {
    "BASE_URL": "https://mail.example.org",
    "SECRET_KEY": "k" * 43,
    "DATABASE_URL": "postgresql://funnel:password@db.example.org/funnel",
    "REDIS_URL": "redis://:password@cache.example.org:6379/0",
    "SMTP_URL": "smtp://user:p%40ss@mail.example.org:587?starttls=required&pool=4&share=2",
    "MAIL_FROM": "alessandro@example.org",
    "PRACTICE_ADDRESS": "1 Example Street, London",
}


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    return {"DATA_DIR": str(tmp_path)}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        config.load(environ)
    return refused.value.problems


def test_with_nothing_set_all_is_local(place: dict[str, str]) -> None:
    found = config.load(place)
    assert (found.base_url, found.port) == ("http://127.0.0.1:8000", 8000)
    assert (found.database_url, found.redis_url, found.bounce_address, found.booking_url) == ("", "", "", "")
    assert (found.practitioner_name, found.practice_country, found.timezone) == ("Alessandro", "GB", "Europe/London")
    assert (found.day_seconds, found.rehearsal, found.tick_seconds) == (86_400, False, 10)
    assert (found.local, found.local_outbox, found.https, found.trusted_proxies) == (True, True, False, 0)
    assert found.relays == (Relay("127.0.0.1", config.LOCAL_OUTBOX_PORT, starttls="never"),)
    assert found.reply_to == found.mail_from
    assert found.emergency_number == "999"
    assert found.outbox_dir == Path(place["DATA_DIR"]) / "outbox"


def test_the_data_lies_in_var_unless_told() -> None:
    assert config.data_dir({}) == Path("var").absolute()


def test_base_url_follows_port(place: dict[str, str]) -> None:
    assert config.load(place | {"PORT": "9000"}).base_url == "http://127.0.0.1:9000"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.2", "[::1]:8000", "funnel.localhost"])
def test_loopback_in_every_spelling_is_local(place: dict[str, str], host: str) -> None:
    assert config.load(place | {"BASE_URL": f"http://{host}/"}).local


def test_a_public_place_with_all_it_needs_is_taken(place: dict[str, str]) -> None:
    found = config.load(place | PUBLIC)
    assert (found.local, found.local_outbox, found.https, found.log_format) == (False, False, True, "json")
    assert found.relays == (
        Relay("mail.example.org", 587, username="user", password="p@ss", starttls="required", pool=4, share=2),
    )


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - {"BASE_URL"}))
def test_what_a_public_place_needs_is_asked_for(place: dict[str, str], name: str) -> None:
    (problem,) = problems(place | PUBLIC | {name: ""})
    assert problem == f"{name}: it is not set, and BASE_URL is public. {choices.HOW_TO_SET[name]}"


def test_every_problem_is_named_at_once(place: dict[str, str]) -> None:
    found = problems(place | {"PORT": "0", "TIMEZONE": "Atlantis", "MAIL_FROM": "nobody"})
    assert [problem.partition(":")[0] for problem in found] == ["PORT", "MAIL_FROM", "TIMEZONE"]


@pytest.mark.parametrize(
    ("name", "value", "wrong", "mend"),
    [
        ("PORT", "70000", "“70000” is not a whole number from 1 to 65535", "Leave it out for 8000"),
        ("PORT", "8000.5", "not a whole number", "Leave it out for 8000"),
        ("PORT", "²", "not a whole number", "Leave it out for 8000"),
        ("OUTBOX_PORT", "-1", "not a whole number", "Leave it out for 8025"),
        ("TRUSTED_PROXIES", "11", "not a whole number from 0 to 10", "Leave it out for 0"),
        ("BASE_URL", "mail.example.org", "not a plain web address", "https://mail.example.org"),
        ("BASE_URL", "https://mail.example.org/news", "not a plain web address", "https://mail.example.org"),
        ("DATABASE_URL", "mysql://db/funnel", "does not start with postgresql://", "postgresql://funnel:password@"),
        ("REDIS_URL", "unix:///run/redis.sock", "does not start with redis://", "redis://:password@"),
        ("REDIS_URL", "http://cache", "does not start with redis://", "redis://:password@"),
        ("SECRET_KEY", "short", "shorter than 32 signs", "secrets.token_urlsafe"),
        ("SECRET_KEY", "k" * 32 + " " + "k" * 32, "it holds a space", "secrets.token_urlsafe"),
        ("MAIL_FROM", "alessandro", "is not a mail address", "name@example.org"),
        ("REPLY_TO", "a@b@c", "is not a mail address", "name@example.org"),
        ("BOUNCE_ADDRESS", "bounces", "is not a mail address", "name@example.org"),
        ("OWNER_EMAIL", "me", "is not a mail address", "name@example.org"),
        ("OWNER_PASSWORD", "short", "shorter than 12 signs", "Four random words"),
        ("PRACTICE_NAME", "A\r\nBcc: x@example.org", "holds a line break", "use plain words"),
        ("PRACTITIONER_NAME", "=?utf-8?q?x?=", "the signs =?", "use plain words"),
        ("PRACTICE_COUNTRY", "England", "is not a country code", "two letters"),
        ("TIMEZONE", "London", "is not a known time zone", "Europe/London"),
        ("BOOKING_URL", "javascript:alert(1)", "is not a web address", "built-in page"),
        ("DAY_SECONDS", "0", "is not from 0.2 to 86400", "Leave it out"),
        ("DAY_SECONDS", "nan", "is not from 0.2 to 86400", "Leave it out"),
        ("DAY_SECONDS", "a day", "is not from 0.2 to 86400", "Leave it out"),
        ("LOG_FORMAT", "xml", "is not known", "plain, json"),
        ("SMTP_URL", "mail.example.org", "does not start with smtp:// or smtps://", "smtp://user:password@"),
        ("SMTP_URL", "smtp://h?tls=1", "“tls” is not an option", "smtp://user:password@"),
        ("SMTP_URL", "smtp://h?starttls=maybe", "starttls takes required or never", "smtp://user:password@"),
        ("SMTP_URL", "smtp://h?pool=0", "pool and share take a whole number", "smtp://user:password@"),
        ("SMTP_URL", "smtp://h:port", "no proper host or port", "smtp://user:password@"),
        ("BASE_URL", "https://exämple.org", "is not a plain web address", "https://mail.example.org"),
        ("BASE_URL", "http://me@127.0.0.1", "is not a plain web address", "https://mail.example.org"),
        ("BASE_URL", "http://[", "is not a plain web address", "https://mail.example.org"),
        ("BASE_URL", "http://127.0.0.1:port", "is not a plain web address", "https://mail.example.org"),
        ("BASE_URL", "https://user@mail.example.org", "is not a plain web address", "https://mail.example.org"),
        ("BOOKING_URL", "https://[", "is not a web address", "built-in page"),
        ("DATABASE_URL", "postgresql://[", "does not start with postgresql://", "postgresql://funnel:password@"),
    ],
)
def test_a_wrong_value_is_refused_with_its_mend(
    place: dict[str, str], name: str, value: str, wrong: str, mend: str
) -> None:
    found = [problem for problem in problems(place | {name: value}) if problem.startswith(f"{name}: ")]
    assert found
    assert wrong in found[0]
    assert mend in found[0]


def test_a_public_address_without_encryption_is_refused(place: dict[str, str]) -> None:
    (problem,) = problems(place | PUBLIC | {"BASE_URL": "http://mail.example.org"})
    assert "unencrypted" in problem


@pytest.mark.parametrize(
    "url",
    ["smtp://u:hunter22@h:port", "ftp://u:hunter22@h", "smtp://u:hunter22@h?x=1", "smtp://u:hunter22/1@h"],
)
def test_no_message_repeats_a_password(place: dict[str, str], url: str) -> None:
    assert "hunter22" not in str(problems(place | {"SMTP_URL": url}))


def test_a_rehearsal_mails_nobody_real(place: dict[str, str]) -> None:
    (problem,) = problems(place | {"DAY_SECONDS": "1", "SMTP_URL": "smtp://mail.example.org"})
    assert "Only a relay on loopback is accepted" in problem
    found = config.load(place | {"DAY_SECONDS": "1", "SMTP_URL": "smtp://127.0.0.1:2525"})
    assert (found.rehearsal, found.tick_seconds, found.local_outbox) == (True, 0.25, False)


def test_several_relays_are_separated_by_spaces(place: dict[str, str]) -> None:
    relays = config.load(place | {"SMTP_URL": "smtps://a.example.org  smtp://b.example.org?starttls=never"}).relays
    assert [(relay.name, relay.tls, relay.starttls) for relay in relays] == [
        ("a.example.org:465", True, "offered"),
        ("b.example.org:587", False, "never"),
    ]


def test_valkey_goes_by_the_name_its_clients_know(place: dict[str, str]) -> None:
    assert config.load(place | {"REDIS_URL": "valkeys://h:6379/0"}).redis_url == "rediss://h:6379/0"


def test_former_keys_are_kept_apart_by_spaces(place: dict[str, str]) -> None:
    keys = "a" * 32, "b" * 32
    assert config.load(place | {"SECRET_KEY_FALLBACKS": " ".join(keys)}).secret_key_fallbacks == keys


@pytest.mark.parametrize(("country", "number"), [("it", "112"), ("US", "911"), ("NZ", "111"), ("JP", "112")])
def test_the_country_picks_the_emergency_number(place: dict[str, str], country: str, number: str) -> None:
    assert config.load(place | {"PRACTICE_COUNTRY": country}).emergency_number == number


def test_a_process_that_cannot_start_says_why_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMEZONE", "Atlantis")
    config.bare.cache_clear()
    with pytest.raises(SystemExit) as ended:
        config.settings_or_exit()
    assert "TIMEZONE: “Atlantis”" in str(ended.value)
    monkeypatch.undo()
    config.bare.cache_clear()


def test_two_servers_cannot_share_a_port():
    with pytest.raises(SettingsError, match="OUTBOX_PORT: 8302 is PORT already"):
        config.load({"PORT": "8302", "OUTBOX_PORT": "8302"})
