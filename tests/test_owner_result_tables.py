"""The links of an issue on a picture of it, the issues beside it, and every table as a file."""

import csv
import io
import re
from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.models.content import Part
from funnel.models.house import AuditEntry, Role
from tests.owner_data import signed_in
from tests.result_cast import Newsroom


@pytest.fixture
def room(session):
    return Newsroom(session, utc_now())


@pytest.fixture
def desk(app):
    return signed_in(app)


def home(issue):
    return f"/owner/newsletters/{issue.id}/results"


def rows(desk, path):
    answer = desk.get(path)
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def badges(html):
    """What stands beside each link of a picture."""
    return dict(re.findall(r"<a\b[^>]*>([^<]+)<span[^>]*>([^<]+)</span></a>", html))


def clicked(room, issue, counts):
    """As many people click each link, in its order."""
    links = room.links(issue)
    mails = room.sent(issue, room.readers(max(counts)))
    for link, count in zip(links, counts, strict=False):
        for mail in mails[:count]:
            room.click(mail, link)
            room.click(mail, link, timedelta(hours=5))
            room.click(mail, link, machine=True)


def test_the_picture_has_the_people_on_each_link(desk, room):
    issue = room.issue()
    clicked(room, issue, (3, 0, 1))
    room.counted()
    answer = desk.get(f"{home(issue)}/mail?scheme=dark")
    assert badges(answer.text) == {"what helps": "3 people", "why": "0 people", "Book with me": "1 person"}
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "mark.invalid" not in answer.text
    assert "Hello there" in answer.text


def test_a_canary_that_was_followed_stands_on_no_link(desk, room):
    issue = room.issue()
    links = room.links(issue)
    room.click(room.sent(issue, room.readers(1))[0], links[-1])
    room.counted()
    assert set(badges(desk.get(f"{home(issue)}/mail").text).values()) == {"0 people"}
    assert "which=clicked" not in desk.get(home(issue)).text


def test_parts_that_say_the_same_are_one_picture_and_others_one_each(session, desk, room):
    issue = room.issue(subject_b="Why chairs")
    a, b = (room.wording(issue, part) for part in (Part.A, Part.B))
    clicked(room, a, (1,))
    clicked(room, b, (2,))
    room.counted()
    assert desk.get(home(issue)).text.count("<iframe") == 2  # light and dark
    assert badges(desk.get(f"{home(issue)}/mail").text)["what helps"] == "3 people"
    b.body = b.body.replace("what helps", "what is good")
    session.commit()
    assert desk.get(home(issue)).text.count("<iframe") == 4
    picture = desk.get(f"{home(issue)}/mail?part={b.id}").text
    assert badges(picture)["what is good"] == "2 people"


def test_a_link_that_was_taken_out_is_still_counted_and_says_so(session, desk, room):
    issue = room.issue()
    clicked(room, issue, (2,))
    issue.body = "Nothing to click.\n"
    room.counted()
    page = desk.get(home(issue)).text
    assert "stands in it no more" in page
    assert 'aria-label="2 clicked what helps"' in page


def test_words_that_cannot_be_written_leave_the_numbers_readable(desk, room):
    issue = room.issue(body="Hello {{ nobody }}.\n")
    clicked(room, issue, (1,))
    room.counted()
    assert desk.get(home(issue)).status_code == 200
    assert "nobody" in desk.get(f"{home(issue)}/mail").text


@pytest.mark.parametrize("part", ["99", "x"])
def test_the_picture_of_what_is_no_part_of_it_is_not_found(session, desk, room, part):
    issue, other = room.issue(), room.issue()
    session.commit()
    part = str(other.id) if part == "x" else part
    assert desk.get(f"{home(issue)}/mail?part={part}").status_code == 404


def test_an_issue_that_differs_from_those_before_by_more_than_luck_is_said_to(desk, room):
    for number in (2, 3):
        before = room.issue(timedelta(days=30 * number), subject=f"Before {number}")
        clicked(room, before, (10,))
        room.sent(before, room.readers(90))
    issue = room.issue()
    clicked(room, issue, (40,))
    room.sent(issue, room.readers(60))
    room.counted()
    page = desk.get(home(issue)).text
    assert "More people clicked than before: 40 % here, 10 % in the 2 issues before. That is more than luck." in page
    assert "Left: 0 % here, 0 % in the 2 issues before. There is no difference that these numbers could show." in page
    assert "Fewer people clicked" in _page_of_lesser(desk, room)


def _page_of_lesser(desk, room):
    issue = room.issue(timedelta(days=1))
    clicked(room, issue, (1,))
    room.sent(issue, room.readers(99))
    room.counted()
    return desk.get(home(issue)).text


def test_an_issue_stands_beside_the_eleven_before_it_only(desk, room):
    issues = [room.issue(timedelta(days=20 - number), subject=f"Number {number}.") for number in range(15)]
    for issue in issues:
        room.sent(issue, room.readers(1))
    room.issue(timedelta(days=19, hours=5), subject="Nobody got it")
    room.counted()
    found = rows(desk, f"{home(issues[13])}.csv?of=before")
    assert [row[0] for row in found[1:]] == [f"Number {number}." for number in range(13, 1, -1)]
    assert "It is the first" in desk.get(home(issues[0])).text


def test_the_tables_are_given_away_as_they_stand(desk, room):
    issue = room.issue()
    clicked(room, issue, (3, 1))
    room.counted()
    assert rows(desk, f"{home(issue)}.csv?of=links")[1] == ["what helps", "https://example.org/helps", "3", "1.0"]
    numbers = rows(desk, f"{home(issue)}.csv")
    assert numbers[1] == ["Chairs", "3", "3", "0", "0", "0", "0"]
    hours = rows(desk, f"{home(issue)}.csv?of=hours")
    assert (len(hours), hours[2][2:]) == (49, ["3", "3"])
    assert desk.get(f"{home(issue)}.csv?of=x").status_code == 404


def test_the_parts_and_all_of_it_are_in_the_table_of_numbers(desk, room):
    issue = room.family(30)
    room.counted()
    names = [row[0] for row in rows(desk, f"{home(issue)}.csv")]
    assert names[1:4] == ["Chairs", "First subject, tried: Chairs", "Second subject, tried: Why chairs"]
    assert names[-2:] == ["Sent again to who had not clicked: Once more: chairs", "All together"]


def test_an_owner_takes_the_people_away_and_that_is_noted(session, desk, room):
    issue = room.issue()
    clicked(room, issue, (2,))
    room.counted()
    for which, count in (("sent", 2), ("clicked", 2), ("booked", 0)):
        found = rows(desk, f"{home(issue)}/people.csv?which={which}")
        assert (which, len(found) - 1) == (which, count)
    assert session.query(AuditEntry).filter_by(action="exported people").count() == 3


def test_an_editor_reads_the_numbers_and_takes_nobody_away(app, room):
    issue = room.issue()
    clicked(room, issue, (1,))
    room.counted()
    desk = signed_in(app, Role.EDITOR, "ed@example.org")
    page = desk.get(f"{home(issue)}/people?which=clicked")
    assert ("1 person" in page.text, "people.csv" in page.text) == (True, False)
    assert desk.get(f"{home(issue)}/people.csv?which=clicked").status_code == 403
