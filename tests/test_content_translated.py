"""What comes with Funnel in other languages: the red flags in full, the same tags, its own signs."""

import re

import pytest

from funnel import languages
from funnel.programme import content_files, front_matter, handout, merge
from tests import reading

OTHERS = [language.code for language in languages.known()[1:]]
WELCOME = content_files.FOLDER / "courses/back-care"
RED_FLAGS = {
    "de": (
        "Taubheit oder Kribbeln um die Genitalien oder am Gesäß", "neue Probleme mit Blase oder Darm",
        "Schmerzen, Kribbeln, Schwäche oder Taubheit in beiden Beinen", "Schmerzen in der Brust", "schweren Unfall",
        "Fieber", "Gewichtsverlust|nehmen ab", "Knoten", "Form", "in Ruhe nicht nach", "nachts stärker",
        "zwischen den Schulterblättern",
    ),
    "es": (
        "entumecimiento u hormigueo alrededor de los genitales o las nalgas", "problemas nuevos de vejiga o intestino",
        "dolor, hormigueo, debilidad o entumecimiento en ambas piernas", "dolor en el pecho", "accidente grave",
        "fiebre", "pierde peso y no sabe por qué", "bulto", "ha cambiado de forma", "no cede con el reposo",
        "empeora por la noche", "arriba, entre los omóplatos",
    ),
    "fr": (
        "engourdissement ou (des )?fourmillements autour des parties génitales ou des fesses",
        "nouveaux troubles de la vessie ou des intestins",
        "douleur, (des )?fourmillements, (une )?faiblesse ou (un )?engourdissement dans les deux jambes",
        "douleur à la poitrine", "accident grave", "fièvre", "perte de poids", "grosseur", "changé de forme",
        "le repos ne calme pas", "s’aggrave la nuit", "en haut, entre les omoplates",
    ),
    "it": (
        "intorpidimento o formicolio intorno ai genitali o ai glutei", "nuovi disturbi della vescica o dell’intestino",
        "dolore, formicolio, debolezza o intorpidimento a entrambe le gambe", "dolore al petto", "incidente grave",
        "febbre", "perde peso e non sa perché", "nodulo", "cambiato forma", "non migliora con il riposo",
        "notte", "in alto, fra le scapole",
    ),
}  # fmt: skip
# A tall sign where a word ends that has no narrow space before it; quotation marks have theirs inside.
UNSPACED = re.compile(r"(?<!\u202f)[;:?!»](?=\s|$)|«(?!\u202f)", re.MULTILINE)
STRAIGHT = re.compile("['\"]")


def welcome(code=""):
    return front_matter.read(WELCOME / f"01-welcome{code and f'.{code}'}.md")


def sheet(code):
    return front_matter.read(handout.FOLDER / handout.QL_RESET / handout.ELSEWHERE.format(code))


def said(document):
    """All its words, without the tags, whose quotation marks are those of a program."""
    texts = [document.body, *(text for text in document.fields.values() if isinstance(text, str))]
    return re.sub(r"\{\{.*?\}\}", "", "\n".join([*texts, *document.fields.get("sources", ())]))


@pytest.mark.parametrize("code", OTHERS)
def test_the_red_flags_are_told_in_full(code):
    for document in (welcome(code), sheet(code)):
        assert [sign for sign in RED_FLAGS[code] if not re.search(sign, document.body)] == [], document.path.name
        assert "{{ emergency_number }}" in document.body


@pytest.mark.parametrize("code", OTHERS)
def test_the_welcome_is_built_as_the_english_one(code):
    ours, first = welcome(code), welcome()
    for sign in ("\n## ", "\n- ", "**", "]("):
        assert ours.body.count(sign) == first.body.count(sign), sign
    assert names(ours.body) == names(first.body)
    assert 150 <= len(reading.words(ours.body)) <= 350


@pytest.mark.parametrize("code", OTHERS)
def test_the_link_of_the_welcome_calls_the_sheet_by_its_title(code):
    [called] = re.findall(r"\[([^]]+)\]\(\{\{ handout_link", welcome(code).body)
    assert called.casefold() == sheet(code).fields["title"].casefold()


@pytest.mark.parametrize("code", OTHERS)
def test_apostrophes_and_quotation_marks_are_no_typewriter_s_and_nobody_shouts(code):
    assert [STRAIGHT.findall(said(document)) for document in (welcome(code), sheet(code))] == [[], []]
    assert "!" not in said(welcome(code)) + said(sheet(code)).replace("![", "[")


def test_in_french_a_narrow_space_that_never_breaks_stands_before_tall_signs():
    assert [UNSPACED.findall(said(document)) for document in (welcome("fr"), sheet("fr"))] == [[], []]


def names(text):
    return [piece.name for piece in merge.pieces(text) if isinstance(piece, merge.Tag)]
