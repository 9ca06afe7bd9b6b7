import pytest

from funnel.audience import own_data, segments, tags
from funnel.audience.rule import RuleError
from funnel.models.tags import Tag
from tests.conftest import NOW
from tests.factories import a_subscriber
from tests.issue_cast import an_issue, place, readers, whose, work


@pytest.mark.parametrize(
    ("typed", "kept"), [("VIP", "vip"), ("  came   by\tfoot ", "came by foot"), ("Caf\u0065\u0301", "café")]
)
def test_one_word_is_one_tag_however_it_is_typed(session, typed, kept):
    assert tags.tag(session, typed, NOW).name == kept
    assert tags.tag(session, kept, NOW).id == tags.tag(session, typed, NOW).id


@pytest.mark.parametrize(
    ("typed", "words"),
    [("  ", "type a tag"), ("x" * 51, "50 signs"), ("a\u0000b", "hidden"), ("one, two", "one tag at a time")],
)
def test_a_tag_that_cannot_be_one_is_refused_with_its_mend(session, typed, words):
    with pytest.raises(ValueError, match=words):
        tags.normalised(typed)


def test_a_tag_is_put_on_once_and_taken_off(session):
    ada, ben = a_subscriber(session), a_subscriber(session)
    tag = tags.tag(session, "vip", NOW)
    assert tags.put(session, tag.id, [ada.id], NOW) == [ada.id]
    assert tags.put(session, tag.id, [ada.id, ben.id], NOW) == [ben.id]
    assert [one.name for one in tags.of(session, ada.id)] == ["vip"]
    assert tags.take(session, tag.id, [ada.id]) == {ada.id: NOW}
    assert tags.take(session, tag.id, [ada.id]) == {}
    assert tags.of(session, ada.id) == []


def test_tags_are_counted_each_up_to_a_limit(session, monkeypatch):
    monkeypatch.setattr(tags, "MOST_COUNTED", 1)
    people = [a_subscriber(session).id for _ in range(3)]
    tags.put(session, tags.tag(session, "many", NOW).id, people, NOW)
    tags.tag(session, "none", NOW)
    assert [(one.name, one.people) for one in tags.counted(session)] == [("many", 2), ("none", 0)]


def test_a_tag_is_renamed_but_not_to_another_s_name(session):
    tag, other = tags.tag(session, "vip", NOW), tags.tag(session, "walker", NOW)
    assert tags.rename(session, tag.id, "Friends") == "friends"
    assert tags.rename(session, tag.id, "FRIENDS") == "friends"
    with pytest.raises(tags.TakenError) as refused:
        tags.rename(session, tag.id, "Walker")
    assert refused.value.tag_id == other.id


def test_a_tag_is_merged_into_another_and_is_gone(session):
    ada, ben = a_subscriber(session), a_subscriber(session)
    tag, into = tags.tag(session, "vip", NOW), tags.tag(session, "friend", NOW)
    tags.put(session, tag.id, [ada.id, ben.id], NOW)
    tags.put(session, into.id, [ada.id], NOW)
    tags.merge(session, tag.id, into.id)
    assert tags.names(session) == {into.id: "friend"}
    assert [[one.name for one in tags.of(session, person.id)] for person in (ada, ben)] == [["friend"], ["friend"]]
    with pytest.raises(ValueError, match="itself"):
        tags.merge(session, into.id, into.id)


def test_a_deleted_tag_comes_off_everybody(session):
    ada = a_subscriber(session)
    tag = tags.tag(session, "vip", NOW)
    tags.put(session, tag.id, [ada.id], NOW)
    tags.remove(session, tag.id)
    session.expire_all()
    assert (session.get(Tag, tag.id), tags.of(session, ada.id)) == (None, [])


def test_tags_are_one_s_own_data_and_go_when_it_is_deleted(session):
    ada = a_subscriber(session)
    tag = tags.tag(session, "vip", NOW)
    tags.put(session, tag.id, [ada.id], NOW)
    assert [row["name"] for row in own_data.export(session, ada.id)["tags"]] == ["vip"]
    own_data.erase(session, ada.id, NOW)
    assert tags.of(session, ada.id) == []
    assert tags.put(session, tag.id, [ada.id], NOW) == []


def test_where_a_tag_is_named_it_is_not_deleted_and_merged_the_rules_name_the_other(session):
    readers(session, 1)
    tag, into = tags.tag(session, "vip", NOW), tags.tag(session, "friend", NOW)
    without = {"not": {"is": "tagged", "tag": tag.id}}
    segment = segments.keep(session, "Others", {"all": [without, {"is": "booked"}]}, NOW)
    issue = place(session, an_issue(session), rule=without)
    thrown = an_issue(session, state="cancelled", rule=without, subject="Thrown away")
    sent = an_issue(session, state="sent", rule=without, subject="Sent", ended_at=NOW)
    session.commit()
    with pytest.raises(segments.UsedError) as refused:
        tags.remove(session, tag.id)
    assert refused.value.by == ["the segment “Others”", "the newsletter “Chairs”"]
    tags.merge(session, tag.id, into.id)
    session.commit()
    now = {"not": {"is": "tagged", "tag": into.id}}
    assert (issue.rule, thrown.rule, sent.rule) == (now, now, without)
    assert segment.rule == {"all": [now, {"is": "booked"}]}


def test_who_was_left_out_by_a_tag_stays_left_out_when_it_is_merged(session):
    ada, ben = readers(session, 2)
    tag, into = tags.tag(session, "vip", NOW), tags.tag(session, "friend", NOW)
    tags.put(session, tag.id, [ada], NOW)
    place(session, an_issue(session), rule={"not": {"is": "tagged", "tag": tag.id}})
    tags.merge(session, tag.id, into.id)
    work(session)
    assert whose(session) == [ben]


def test_no_newsletter_is_scheduled_to_a_tag_that_is_gone(session):
    readers(session, 1)
    with pytest.raises(RuleError, match=segments.GONE):
        place(session, an_issue(session), rule={"all": [{"not": {"is": "tagged", "tag": 77}}]})
