"""Languages: what is told readers is there in each of them, and each knows its own ways."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface

from funnel import languages
from funnel.languages import Said

ROOT = Path(__file__).parent.parent
CATALOGS = sorted(languages.FOLDER.glob("*/LC_MESSAGES/*.po"))
MORNING = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOME = ZoneInfo("Europe/London")


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return pofile.read_po(file, path.parts[-3] if path.suffix == ".po" else None)


def told(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def test_the_five_are_known_by_their_own_names():
    names = {language.code: language.name for language in languages.known()}
    assert names == {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français", "it": "Italiano"}


def test_the_catalogs_hold_what_pages_and_code_say(tmp_path, monkeypatch):
    """`make words` collects it."""
    monkeypatch.chdir(ROOT)
    fresh, cfg = tmp_path / "messages.pot", "funnel/translations/babel.cfg"
    options = ["--keywords=Said lazy_gettext", "--add-location=file", "--sort-by-file", "--omit-header"]
    CommandLineInterface().run(["pybabel", "-q", "extract", f"--mapping-file={cfg}", *options, f"-o{fresh}", "."])
    said = {message.id for message in told(read(fresh))}
    assert {"Close", "(optional)"} <= said  # of the code to paste, which lies among the owner's pages
    for path in (languages.FOLDER / "messages.pot", *languages.FOLDER.glob("*/LC_MESSAGES/messages.po")):
        assert {message.id for message in told(read(path))} == said, path


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_nothing_is_left_untranslated_or_doubtful(path):
    for message in told(read(path)):
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), message.id
        assert not message.fuzzy, message.id
        assert not list(message.check()), message.id
        for said in strings:  # a merge once put one in three times
            sentences = [one for one in re.split(r"[.!?]\s*", said) if " " in one]
            assert len(sentences) == len(set(sentences)), message.id


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_what_is_read_is_what_was_written(path):
    compiled = io.BytesIO()
    mofile.write_mo(compiled, read(path))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue()


def test_a_day_is_written_as_its_language_does():
    days = {code: languages.day(MORNING, code, HOME) for code in languages.codes()}
    assert days == {
        "en": "28 November 2026",
        "de": "28. November 2026",
        "es": "28 de noviembre de 2026",
        "fr": "28 novembre 2026",
        "it": "28 novembre 2026",
    }
    assert languages.day_of_year(MORNING, "de", HOME) == "28. November"


def test_a_day_is_that_of_the_zone():
    late = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
    assert languages.day_of_year(late, "it", ZoneInfo("Europe/Rome")) == "29 novembre"


def test_a_language_knows_its_direction():
    assert {language.direction for language in languages.known()} == {"ltr"}
    assert languages.made("ar").direction == "rtl"
    assert languages.made("ar").name == "العربية"


def test_a_row_whose_language_is_gone_speaks_english():
    assert languages.named("xx").tag == "en-GB"
    assert languages.catalog("xx").gettext("Privacy") == "Privacy"


def test_a_country_speaks_what_we_speak_of_its_languages():
    countries = {country: languages.of_country(country) for country in ("GB", "IT", "CH", "BE", "JP")}
    assert countries == {"GB": "en", "IT": "it", "CH": "de", "BE": "fr", "JP": "en"}


def test_what_was_said_is_said_again_in_another_language():
    said = Said("No cookies, no trackers.")
    assert (said, languages.say(said, "it")) == ("No cookies, no trackers.", "Nessun cookie, nessun tracciamento.")
    assert languages.say("a word of the owner’s", "it") == "a word of the owner’s"


def test_what_was_filled_in_stays_in_it():
    assert languages.say(Said("At most %(most)s.", most=3), "it") == "At most 3."


def test_french_keeps_its_marks_on_the_line_of_their_words():
    """No plain space before : ; ! ? and » or behind «, where a line could break."""
    for path in languages.FOLDER.glob("fr/LC_MESSAGES/*.po"):
        strings = [message.string for message in told(read(path))]
        plain = [text for one in strings for text in ([one] if isinstance(one, str) else one)]
        assert not [text for text in plain if re.search(r" [;!?:»]|« |\s\s", text)]


def spoken(code):
    """All that is said to readers in a language: on pages, in mails and in their footers."""
    strings = [message.string for message in told(read(languages.FOLDER / f"{code}/LC_MESSAGES/messages.po"))]
    pages = [text for one in strings for text in ([one] if isinstance(one, str) else one)]
    mails = [path.read_text() for path in (ROOT / "templates/emails" / code).glob("**/*.md")]
    return [re.sub("<[^>]*>|https?:[^ )]*", "", text) for text in pages + mails]


def test_french_needs_no_elision_before_a_name():
    """Whatever the practice is called: “de Alessandro” is wrong, and so is “d’Claire”."""
    slip = re.compile(r"\b(?:de|que|le|la|ne|se|jusque|puisque|lorsque) (?:%\((?:practice|name|address)|{{ pract)")
    assert slip.search("Une newsletter de %(practice)s")
    assert not [text for text in spoken("fr") if slip.search(text)]


def test_french_says_no_more_so_that_nobody_reads_more():
    """“Plus de conseils.” may be either."""
    assert not [text for text in spoken("fr") if re.search(r"(?:^|[.!?:;]\s)Plus (?:de|d’)", text) or text == "Plus"]


def test_one_thing_has_one_name_and_readers_are_spoken_to_politely():
    """No word of the other register, and none beside the one that leaving, deleting or tapping is called by."""
    stray = {
        "de": r"\b(?:du|dich|dir|dein\w*|Schaltfläche)\b|\bEin Tipp(?:en)?, ",
        "es": r"\b(?:tú|tus?|ti|te|petición)\b",
        "fr": r"\b(?:tu|ton|tes|toi|aucun cours|effacer\w*|désabonner)\b",
        "it": r"\b(?:tuo|tua|tuoi|ti|vostr\w|mandate(?:m|le\b)\w*|cancell\w+)\b",
    }
    for code, words in stray.items():
        assert not [text for text in spoken(code) if re.search(words, text, re.IGNORECASE)], code
