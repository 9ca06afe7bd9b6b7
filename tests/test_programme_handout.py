"""The QL reset as it is printed: one page, for everybody, with nothing in it that a health practice must not say."""

import io
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from funnel.config import settings
from funnel.programme import front_matter, handout, pdf_file, words


@pytest.fixture
def known(clean):
    return replace(settings(), practice_name="Soft *Tissue* [Clinic]", practice_country="IT", booking_url="")


@pytest.fixture
def sheet(known):
    return PdfReader(io.BytesIO(handout.ours(known).data))


def test_it_is_one_light_page_of_a4_with_the_practices_name_number_and_address(known, sheet):
    text = sheet.pages[0].extract_text()
    assert len(sheet.pages) == 1
    assert len(handout.ours(known).data) < 300_000
    assert [round(float(side)) for side in sheet.pages[0].mediabox[2:]] == [595, 842]
    for said in ("Soft *Tissue* [Clinic]", "Call 112", "127.0.0.1:8000/book", "Five gentle movements", "osteoporosis"):
        assert said in text


def test_it_is_tagged_and_names_its_title_and_language_and_each_drawing_is_described(sheet):
    root = sheet.root_object
    assert (sheet.metadata.title, root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("The QL reset", "en-GB", True)
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    described = [str(one["/Alt"]) for one in tags(root["/StructTreeRoot"]) if "/Alt" in one]
    assert len([alt for alt in described if alt.startswith("A person")]) == 5
    assert any("code" in alt for alt in described)


def test_a_long_name_and_address_still_leave_it_one_page(known):
    name = "The Practice for Remedial Soft Tissue Therapy and Sports Massage of Hampstead and Kilburn"
    address = f"https://calendar.example.org/{'first-session-' * 12}?lang=en"
    long = replace(known, practice_name=name, practitioner_name="Maria " * 6, booking_url=address)
    assert {code: pdf_file.pages(handout.ours(long, code).data) for code in handout.told_in()} == dict.fromkeys(
        handout.told_in(), 1
    )


def test_it_is_the_same_from_every_machine_and_another_when_the_practice_changes(known):
    first = handout.ours(known)
    handout._made.cache_clear()
    assert handout.ours(known) == first
    assert handout.ours(replace(known, practice_name="Another")).digest != first.digest


def test_its_words_are_checked_and_each_of_its_drawings_is_there_in_every_language(known):
    folder = handout.FOLDER / handout.QL_RESET
    first = front_matter.read(folder / handout.SHEET)
    assert handout.told_in() == ["en", "de", "es", "fr", "it"]
    for code in handout.told_in():
        document = front_matter.read(folder / handout.ELSEWHERE.format(code)) if code != "en" else first
        said = "\n\n".join([document.body, *(text for text in document.fields.values() if isinstance(text, str))])
        assert (document.fields["language"], words.check(said, language=code)) == (code, [])
        assert (pictures(document), numbers(document)) == (pictures(first), numbers(first)), code
        assert sorted(pictures(document)) == sorted(path.name for path in folder.glob("*.svg"))


@pytest.mark.parametrize(
    ("code", "lang", "title", "call", "somebody"),
    [
        ("de", "de-DE", "Der QL-Reset", "Rufen Sie 112 an", "Eine Person"),
        ("es", "es-ES", "El reset del QL", "Llame al 112", "Una persona"),
        ("fr", "fr-FR", "Le reset QL", "Appelez le 112", "Une personne"),
        ("it", "it-IT", "Il QL reset", "Chiami il 112", "Una persona"),
    ],
)
def test_in_another_language_it_is_one_page_too_and_says_in_which(known, code, lang, title, call, somebody):
    sheet = PdfReader(io.BytesIO(handout.ours(known, code).data))
    root = sheet.root_object
    assert (len(sheet.pages), root["/Lang"], sheet.metadata.title) == (1, lang, title)
    assert call in sheet.pages[0].extract_text()
    described = [str(one["/Alt"]) for one in tags(root["/StructTreeRoot"]) if "/Alt" in one]
    assert len([alt for alt in described if alt.startswith(somebody)]) == 5


def test_with_a_usual_name_it_is_set_in_its_full_size_in_every_language(clean, monkeypatch):
    monkeypatch.setattr(handout, "SIZES", handout.SIZES[:1])
    handout._made.cache_clear()
    assert [pdf_file.pages(handout.ours(settings(), code).data) for code in handout.told_in()] == [1] * 5
    handout._made.cache_clear()


def test_in_a_language_it_is_not_told_in_it_is_in_english(known):
    assert handout.ours(known, "pt") == handout.ours(known)


def pictures(sheet):
    return re.findall(r"\((\S+\.svg)\)", sheet.body)


def numbers(sheet):
    return re.findall(r"\d+", " ".join([sheet.body, *sheet.fields["sources"]]))


def tags(node):
    node = node.get_object()
    if isinstance(node, list):
        return [one for part in node for one in tags(part)]
    return [node, *tags(node["/K"])] if isinstance(node, dict) and "/K" in node else [node] * isinstance(node, dict)
