"""PDFs of the owner's: taken when they are pages to be read, refused with the mend when they would do more."""

import io

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from funnel.programme import pdf_file
from funnel.programme.pdf_file import BROKEN, LARGEST, LOCKED, NO_PDF, TOO_LARGE, PdfError


def a_pdf(change=None, title="Walking card"):
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.add_metadata({"/Title": title})
    if change:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def why(data):
    with pytest.raises(PdfError) as refused:
        pdf_file.look(data)
    return str(refused.value)


def test_pages_to_be_read_are_taken():
    assert pdf_file.look(a_pdf()) == pdf_file.Looked(1, "Walking card")


def test_what_is_no_pdf_too_large_damaged_or_locked_is_refused():
    assert why(b"PK\x03\x04 a zip") == NO_PDF
    assert why(b"%PDF-" + bytes(LARGEST)) == TOO_LARGE
    assert why(b"%PDF-1.7 and then nothing of it") == BROKEN
    assert why(a_pdf(lambda writer: writer.encrypt("secret"))) == LOCKED


def test_a_pdf_without_a_page_is_refused():
    writer, out = PdfWriter(), io.BytesIO()
    writer.write(out)
    assert why(out.getvalue()) == BROKEN


def test_what_would_do_more_than_be_read_is_refused_wherever_it_hides():
    def launch(writer):
        deed = {NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("calc.exe")}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(deed)

    def by_reference(writer):  # its kind is an object of its own
        deed = {NameObject("/S"): writer._add_object(NameObject("/Launch"))}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(deed)

    def alone(writer):  # no page leads to it
        writer._add_object(DictionaryObject({NameObject("/S"): NameObject("/SubmitForm")}))

    def script(writer):  # as it stands in the names of a document
        names = DictionaryObject({NameObject("/JavaScript"): DictionaryObject()})
        writer.root_object[NameObject("/Names")] = ArrayObject([names])

    assert "a script" in why(a_pdf(script))
    assert "start a program" in why(a_pdf(launch))
    assert "start a program" in why(a_pdf(by_reference))
    assert "sends what is typed" in why(a_pdf(alone))
    assert "other files" in why(a_pdf(lambda writer: writer.add_attachment("a.exe", b"MZ")))


def test_more_objects_than_a_handout_has_are_not_walked(monkeypatch):
    monkeypatch.setattr(pdf_file, "MOST_OBJECTS", 2)
    assert why(a_pdf()) == BROKEN
