from html import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from funnel.programme import merge
from funnel.programme.merge import BadTags, Problem, Tag

PROSE = st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=40)
QUOTED = st.text(st.characters(codec="utf-8", exclude_characters='"\n'), max_size=20)
SPACE = st.sampled_from(["", " ", "\t", "  ", "\u00a0"])
TAGS = st.builds(Tag, st.sampled_from(merge.NAMES), QUOTED)
VALUES = st.fixed_dictionaries({name: st.text(max_size=30) for name in merge.NAMES})


def written(tag: Tag, space: str) -> str:
    default = f'{space}|{space}default{space}({space}"{tag.default}"{space})' if tag.default else ""
    return f"{{{{{space}{tag.name}{default}{space}}}}}"


@settings(max_examples=300)
@given(st.lists(st.one_of(PROSE, TAGS)), SPACE)
def test_a_text_comes_back_as_the_words_and_tags_it_was_written_with(parts, space):
    text = "".join(part if isinstance(part, str) else written(part, space) for part in parts)
    assert merge.check(text) == []
    found = merge.pieces(text)
    assert [piece for piece in found if isinstance(piece, Tag)] == [part for part in parts if isinstance(part, Tag)]
    assert "".join(piece for piece in found if isinstance(piece, str)) == "".join(
        part for part in parts if isinstance(part, str)
    )


@settings(max_examples=300)
@given(VALUES, st.sampled_from(merge.NAMES))
@example({"first_name": "{{ site }}", "site": "x"}, "first_name")
@example({"first_name": '{{ site | default("y") }}{% x %}', "site": "x"}, "first_name")
def test_a_value_is_text_and_never_read_for_tags(values, name):
    found = merge.fill(f'<{{{{ {name} | default("nobody") }}}}>', values)
    assert found == f"<{values[name] if values[name].strip() else 'nobody'}>"


@settings(max_examples=500)
@given(st.text(st.sampled_from('{}%#|()" \nabcdefault_first_name{{}}'), max_size=60))
def test_any_text_is_either_filled_or_refused_with_a_line_of_its_own(text):
    problems = merge.check(text, first_line=10)
    assert all(10 <= problem.line <= 10 + text.count("\n") for problem in problems)
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    if problems:
        with pytest.raises(BadTags) as refused:
            merge.pieces(text)
        assert [problem.text for problem in refused.value.problems] == [problem.text for problem in problems]
    else:
        merge.fill(text, dict.fromkeys(merge.NAMES, ""))


@given(st.text(max_size=100))
def test_a_text_without_braces_stands_as_it_is(text):
    text = text.replace("{", "").replace("}", "")
    assert merge.fill(text, {}) == text


def test_the_default_stands_in_for_an_empty_and_a_blank_value():
    text = 'Hello {{ first_name | default("there") }}!'
    assert merge.fill(text, {"first_name": "Ada"}) == "Hello Ada!"
    for empty in ({"first_name": ""}, {"first_name": " \t"}, {}):
        assert merge.fill(text, empty) == "Hello there!"


def test_without_a_default_an_empty_value_leaves_nothing_and_a_missing_one_is_an_error():
    assert merge.fill("Hello {{ first_name }}!", {"first_name": ""}) == "Hello !"
    with pytest.raises(KeyError, match="first_name"):
        merge.fill("Hello {{ first_name }}!", {})


def test_what_is_put_in_is_escaped_and_the_rest_is_not():
    text = '<b>{{ first_name }}</b> {{ practice_name | default("9 & 10") }}'
    assert merge.fill(text, {"first_name": "<Ada>"}, escape) == "<b>&lt;Ada&gt;</b> 9 &amp; 10"


def test_the_line_is_counted_from_the_first_line_of_the_file():
    assert merge.check("fine\n\n{{ nome }}", first_line=5)[0].line == 7


def test_every_mistake_is_told_once():
    text = "{{ nome }}\n{{ first_name | upper }} and {% if x %}\n{{ first_name\nok {{ site }}"
    assert [problem.line for problem in merge.check(text)] == [1, 2, 2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ first_nam }}", "“first_nam” is not a tag. Did you mean {{ first_name | default("),
        ("{{ name }}", "“name” is not a tag. Did you mean {{ first_name | default("),
        ("{{ zzz }}", "“zzz” is not a tag. Write it as {{ first_name | default("),
        ('{{ zzz | default("x") }}', "“zzz” is not a tag. Write it as"),
        ("{{ first_name | upper }}", "“upper” is not known after the bar; only default is."),
        ("{{ first_name | default }}", "default has no words."),
        ("{{ first_name | default('x') }}", "“{{ first_name | default('x') }}” cannot be read."),
        ("{{ first_name | default(“x”) }}", "“{{ first_name | default(“x”) }}” cannot be read."),
        ("{{ first name }} x }}", "“{{ first name }}” cannot be read. Did you mean"),
        ("{{ subscriber.first_name }}", "cannot be read. Did you mean {{ first_name | default("),
        ("{{}}", "“{{}}” cannot be read."),
        ("{{ site.x }}", "cannot be read. Did you mean {{ site }}?"),
        ("{{ first_name", "This {{ is not closed by }} on its line."),
        ("{{ first_name\n}}", "This {{ is not closed by }} on its line."),
        ("{{ first_name {{ site }}", "This {{ is not closed by }} on its line."),
        ("first_name }}", "This }} closes no tag."),
        ("{% if x %}", "{% is not used here: mails have merge tags, not templates."),
        ("{# x #}", "{# is not used here: mails have merge tags, not templates."),
    ],
)
def test_what_is_wrong_is_said_with_its_mend(text, said):
    found = merge.check(text)
    assert found
    assert said in found[0].text
    assert merge.EXAMPLE in found[0].text or "{{ site }}" in found[0].text


def test_only_the_tags_of_the_place_are_named_the_nearest_first():
    post = merge.Place(("practitioner_name", "practice_name", "booking_link"))
    said = [merge.check(f"{{{{ {typed} }}}}", 1, post)[0].text for typed in ("booking", "bok_link", "zzz")]

    assert said == [
        "“booking” is not a tag. Did you mean {{ booking_link }}?",
        "“bok_link” is not a tag. Did you mean {{ booking_link }}?",
        "“zzz” is not a tag. What can be filled in here: practitioner_name, practice_name, booking_link.",
    ]


def test_where_nothing_is_filled_in_no_tag_is_named():
    assert "Nothing is filled in here: write the words." in merge.check("{{ first_nam }}", 1, merge.Place(()))[0].text


def test_a_refusal_names_its_lines():
    assert str(BadTags([Problem(3, "This."), Problem(4, "That.")])) == "line 3: This.; line 4: That."
