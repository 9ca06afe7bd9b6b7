"""Forms made and changed here: their words, where they lead, whether they take anybody; their files do not undo it."""

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import languages
from funnel.models.content import SequenceState
from funnel.models.editing import Kind
from funnel.models.house import Owner
from funnel.models.people import Form, FormState
from funnel.programme import content_files, form_words, forms, posts, revisions
from funnel.programme.posts import SlugError
from tests.conftest import NOW
from tests.factories import a_form, a_post, a_sequence, add

LATER = NOW + timedelta(days=2)


@pytest.fixture
def owner(session):
    return add(session, Owner(email="a@example.org", password_hash="none", session_key="k", created_at=NOW)).id


def read(session, form, **changes):
    return form_words.read(session, form_words.typed(session, form) | changes)


def test_the_words_to_begin_with_are_complete(session, owner):
    course = a_sequence(session, title="Backs")
    values, faults = form_words.read(session, form_words.first_words(course))

    assert faults == []
    form = forms.make(session, "", values, owner, NOW)
    assert (form.slug, form.state, form.sequence_id, form.post_id) == ("backs", FormState.OPEN, course.id, None)
    assert revisions.latest(session, Kind.FORM, form.id) == 1


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"button": " "}, "button", "is empty"),
        ({"promise": "Guaranteed to help."}, "promise", "guaranteed"),
        ({"wording": "x" * 501}, "wording", "longer than 500"),
        ({"post": "gone"}, "post", "no post at “gone”"),
        ({"course": ""}, "course", "Choose where"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(session, changes, field, words):
    _, faults = read(session, a_form(session), **changes)

    assert [(fault.field, words in fault.text) for fault in faults] == [(field, True)]


def test_a_line_break_in_a_text_is_a_space():
    assert form_words.cleaned({"wording": "One\r\ntwo"})["wording"] == "One two"


def test_a_form_is_moved_to_another_post_and_course(session, owner):
    form, post, course = a_form(session), a_post(session, slug="old"), a_sequence(session)
    posts.rename(session, post, "new", NOW)
    values, faults = read(session, form, post="old", course=course.slug)

    assert not faults
    assert forms.save(session, form, values, based_on=0, owner_id=owner, why="saved", now=LATER)
    assert (form.post_id, form.sequence_id) == (post.id, course.id)
    assert form_words.typed(session, form)["post"] == "new"
    with pytest.raises(revisions.Newer):
        forms.save(session, form, values, based_on=1, owner_id=owner, why="saved", now=LATER)


def test_a_copy_has_an_address_of_its_own_and_stands_in_no_post(session, owner):
    form = a_form(session, slug="backs", post_id=a_post(session).id)
    again = [forms.copy(session, form, owner, NOW).slug for _ in range(2)]

    assert again == ["backs-2", "backs-3"]
    copy = session.scalars(select(Form).where(Form.slug == "backs-2")).one()
    assert (copy.wording, copy.sequence_id, copy.post_id) == (form.wording, form.sequence_id, None)


def test_an_address_that_is_taken_or_cannot_be_one_is_refused(session):
    a_form(session, slug="backs", title="Tips")
    for slug, words in (("backs", "“Tips” has this"), ("No spaces", "small letters")):
        with pytest.raises(SlugError, match=words):
            forms.checked(session, slug)


def test_a_retired_course_is_offered_only_where_it_is_chosen(session):
    course = a_sequence(session, state=SequenceState.RETIRED)

    assert form_words.courses(session) == []
    assert form_words.courses(session, course.slug) == [course]


def test_what_was_edited_or_retired_here_outlives_its_file(session, tmp_path):
    folder = shutil.copytree(content_files.FOLDER, tmp_path / "content")
    content_files.load(session, folder, NOW)
    form = session.scalars(select(Form)).one()
    path = folder / "forms/back-care.md"
    path.write_text(path.read_text().replace("button: Send me the tips", "button: Yes please"))
    assert content_files.load(session, folder, NOW).changed == 1
    assert form.button == "Yes please"

    forms.retire(session, form)
    path.write_text(path.read_text().replace("button: Yes please", "button: Now"))
    assert content_files.load(session, folder, LATER).kept == 1
    assert (form.button, form.state) == ("Yes please", FormState.RETIRED)
    forms.bring_back(session, form)
    assert form.state is FormState.OPEN


def test_a_form_s_words_are_checked_in_its_language(session):
    course = a_sequence(session)
    typed = form_words.first_words(course, "it") | {"promise": "Ogni e-mail guarisce la schiena."}
    values, faults = form_words.read(session, typed)
    assert (values["language"], [fault.field for fault in faults]) == ("it", ["promise"])
    _, faults = form_words.read(session, typed | {"language": "tlh", "promise": "Words."})
    assert [fault.text for fault in faults] == ["It must be one of: en, de, es, fr, it."]


def test_the_words_to_begin_with_are_good_in_every_language(session):
    course = a_sequence(session)
    for code in languages.codes():
        for words in (form_words.first_words(course, code), form_words.first_words(None, code)):
            assert form_words.read(session, words | {"course": course.slug})[1] == []


def test_words_typed_before_there_were_languages_are_english(session):
    course = a_sequence(session)
    words = form_words.first_words(course)
    del words["language"]
    assert form_words.read(session, words)[0]["language"] == "en"
