"""A run of a stencil: the same bytes as the stencil gives, whatever the values, and nobody's in another's mail."""

import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.mail import run as module
from funnel.mail import stencil
from funnel.mail.encoding import Unsendable, address_text, header_text, token_text
from funnel.mail.run import Run
from funnel.mail.stencil import Slot
from funnel.programme.merge import Tag
from tests.hard import SIGNS, WORDS
from tests.test_mail_stencil import LINK, NAME, PIECES, a_stencil, read, values

OWN = ("to", "message_id", "unsubscribe_link")


def as_a_run(made, given, own=OWN, still=()):
    """The same values as a run is told them."""
    told = {name: given[name].encode() for name in (*own, *still)}
    run = Run(made, {name: told[name] for name in still}, own)
    said = {name: value for name, value in given.items() if name not in told}
    return run, tuple(told[name] for name in own), said


def written(fill):
    """The mail, or why there is none."""
    try:
        return fill()
    except Unsendable as why:
        return str(why)


@settings(max_examples=300)
@given(PIECES, st.one_of(st.just(""), SIGNS, WORDS), st.sampled_from(["", "x" * 90]))
def test_a_run_gives_the_bytes_that_its_stencil_gives(pieces, name, long):
    page = tuple(html.escape(piece) if isinstance(piece, str) else piece for piece in pieces)
    headers = [
        ("To", (Slot((Tag("to"),), address_text),)),
        ("Subject", (Slot((NAME, ", for you"), header_text),)),
        ("Message-ID", (Slot((Tag("message_id"),), token_text),)),
        ("List-Unsubscribe", (b"<", Slot((LINK,), token_text), b">")),
    ]
    made = stencil.cut(headers, (*pieces, "\n"), (*page, "\n"))
    given = values(name, unsubscribe_link=f"https://example.org/{long}")
    meant = written(lambda: made.fill(given))
    for still in ((), ("message_id",)):
        run, own, said = as_a_run(made, given, [one for one in OWN if one not in still], still)
        assert written(lambda: run.fill(own, said)) == meant  # noqa: B023 (called at once)
        assert written(lambda: run.fill(own, said)) == meant  # noqa: B023 (as it was kept)


def test_what_a_run_keeps_of_one_reader_is_shown_to_no_other():
    made = stencil.cut([("Subject", (Slot((NAME, " ", LINK), header_text),))], (NAME, "\n"), (NAME, "\n"))
    run = Run(made, {}, ["unsubscribe_link"])
    for name in ("Ada", "Zoë", "Ada"):
        for link in ("https://example.org/1", "https://example.org/2"):
            mail, text, _ = read(run.fill([link.encode()], {"first_name": name}))
            assert (str(mail["Subject"]), text) == (f"{name} {link}", f"{name}\n")


def test_a_run_forgets_names_before_they_are_too_many(monkeypatch):
    monkeypatch.setattr(module, "NAMES_KEPT", 3)
    run, own, _ = as_a_run(a_stencil(), values("Ada"))
    for number in range(10):
        assert f"Hello Ada{number}," in read(run.fill(own, {"first_name": f"Ada{number}"}))[1]
    assert len(run._kept) <= 3


def test_a_run_names_a_tag_without_a_value():
    run, own, _ = as_a_run(stencil.cut([], (Tag("first_name"), LINK, "\n"), ("x\n",)), values("Ada"))
    with pytest.raises(Unsendable, match="first_name has no value"):
        run.fill(own, {})
