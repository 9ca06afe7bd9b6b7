"""What the columns of a file hold, guessed from their headings in five languages, and from what stands in them."""

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

from funnel.audience import address


class Column(StrEnum):
    """What a column may hold for us."""

    ADDRESS = "address"
    FIRST_NAME = "first name"
    FULL_NAME = "full name"  # its first word is kept
    AGREED = "agreed"  # a date as computers write it
    AGREED_DAY_FIRST = "agreed, day first"
    AGREED_MONTH_FIRST = "agreed, month first"
    STANDING = "standing"  # subscribed or not, where they come from
    DISABLED = "disabled"  # the same the other way round
    TIME_ZONE = "time zone"
    LANGUAGE = "language"
    SOURCE = "source"
    TAGS = "tags"


DATES = (Column.AGREED, Column.AGREED_DAY_FIRST, Column.AGREED_MONTH_FIRST)
# Small, without accents, signs and spaces: “E-Mail-Adresse” is emailadresse.
WORDS = {
    Column.ADDRESS: """
        email emailaddress mail mailaddress address subscriberemail emails mailadresse emailadresse adresse adressemail
        adresseemail courriel adresseelectronique posta postaelettronica indirizzoemail indirizzomail indirizzo
        indirizzodiposta correo correoelectronico direcciondecorreo direcciondecorreoelectronico email1value contact
        """,
    Column.FIRST_NAME: """
        firstname first fname givenname forename vorname prenom nome nomedibattesimo nombre nombredepila rufname
        subscriberfirstname
        """,
    Column.FULL_NAME: """
        name fullname yourname displayname nomeecognome nomecompleto nomecognome nombrecompleto nombreyapellidos
        nomcomplet nometprenom vollername kontakt subscribername nom
        """,
    Column.AGREED: """
        createdat subscribedat joinedat joined confirmtime optintime optin confirmedat signupdate signedup signedupat
        dateadded subscriptiondate creationdate subscribedon datejoined datesubscribed consentdate confirmed
        anmeldedatum angemeldet angemeldetam eingetragenam datainscription dateinscription datedinscription
        inscritle inscrit dataiscrizione iscrittoil datadiiscrizione fechadealta fechadesuscripcion fechadeinscripcion
        alta confirmationtime
        """,
    Column.STANDING: """
        status state subscriptionstatus subscriberstatus subscribertype stato statut estado zustand emailstatus
        """,
    Column.DISABLED: "emaildisabled disabled unsubscribed blocklisted",
    Column.TIME_ZONE: "timezone zeitzone fusoorario fuseauhoraire zonahoraria tz",
    Column.LANGUAGE: """
        language lang locale preferredlanguage mailinglanguage subscriberlanguage sprache sprachcode bevorzugtesprache
        lingua linguapreferita langue languepreferee idioma idiomapreferido lengua
        """,
    Column.SOURCE: "source signupsource referrer quelle fonte provenienza origine origen fuente cameby form",
    Column.TAGS: "tags tag etichette etichetta etiquetas etiqueta etiquettes etiquette schlagworte schlagworter labels",
}
MEANS = {word: column for column, words in WORDS.items() for word in words.split()}
# Programs whose exports are known by headings that only they write.
PROGRAMS = {
    "Mailchimp": {"emailaddress", "leid", "euid"},
    "listmonk": {"uuid", "email", "name", "attributes"},
    "Buttondown": {"email", "referrerurl", "metadata"},
    "Substack": {"email", "activesubscription"},
    "Kit": {"email", "firstname", "createdat"},
    "Funnel": {"address", "name", "state", "cameby", "signedup", "confirmed"},
}
# What the same heading means in the exports of a program.
OF_PROGRAM = {"Funnel": {"name": Column.FIRST_NAME, "confirmed": Column.AGREED, "signedup": None, "form": None}}
MOST_ADDRESSES = 0.5  # of the cells of a column that holds addresses, whatever its heading
NUMBERS = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}\b")


def plain(heading: str) -> str:
    """A heading as it is looked up."""
    apart = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(sign for sign in apart if sign.isalnum())


def has_headings(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: it holds no address."""
    return bool(rows) and not any(address.usual(cell.strip()) for cell in rows[0])


def program(headings: Sequence[str]) -> str:
    """Which program wrote the file; '' when none of those we know."""
    found = {plain(heading) for heading in headings}
    return next((name for name, marks in PROGRAMS.items() if marks <= found), "")


def guessed(rows: Sequence[Sequence[str]]) -> list[Column | None]:
    """What each column of these rows holds; None for what is of no use. Nothing is guessed twice."""
    headed = has_headings(rows)
    body = rows[1:] if headed else rows
    width = max((len(row) for row in rows), default=0)
    found: list[Column | None] = _by_headings(rows[0], width) if headed else [None] * width
    if Column.ADDRESS not in found or not _holds_addresses(body, found.index(Column.ADDRESS)):
        full = next((at for at in range(width) if _holds_addresses(body, at)), None)
        if full is not None:
            found = [None if column is Column.ADDRESS else column for column in found]
            found[full] = Column.ADDRESS
    return [_dated(column, body, at) for at, column in enumerate(found)]


def _by_headings(headings: Sequence[str], width: int) -> list[Column | None]:
    own = OF_PROGRAM.get(program(headings), {})
    found: list[Column | None] = []
    for heading in [*headings, *[""] * (width - len(headings))]:
        word = plain(heading)
        meant = own[word] if word in own else MEANS.get(word)
        taken = meant in found or (meant in DATES and any(column in DATES for column in found))
        found.append(None if taken else meant)
    if Column.FIRST_NAME in found:  # the better of the two
        found = [None if column is Column.FULL_NAME else column for column in found]
    return found


def _holds_addresses(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = [row[at].strip() for row in rows if len(row) > at and row[at].strip()]
    return bool(cells) and sum("@" in cell for cell in cells) > len(cells) * MOST_ADDRESSES


def _dated(column: Column | None, rows: Sequence[Sequence[str]], at: int) -> Column | None:
    """A date's kind by what stands in it: 31/12 is day first, 12/31 month first; where both may be, day first."""
    if column is not Column.AGREED:
        return column
    parts = [found.groups() for row in rows if len(row) > at and (found := NUMBERS.match(row[at].strip()))]
    if not parts:
        return column
    month_first = any(int(second) > 12 for _, second in parts)
    return Column.AGREED_MONTH_FIRST if month_first else Column.AGREED_DAY_FIRST
