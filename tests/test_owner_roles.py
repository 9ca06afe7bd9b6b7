"""What an owner, an editor and a viewer may do."""

import pytest

from funnel.models.house import Role
from funnel.web.owner import roles
from tests.owner_data import press, signed_in
from tests.test_owner_gate import practice, routes  # noqa: F401


def test_a_viewer_sees_every_page_but_the_owners_own(app, practice):
    desk = signed_in(app, Role.VIEWER)
    for name, path in routes(app, "GET").items():
        answer, blueprint = desk.get(path), name.partition(".")[0]
        if blueprint in roles.OWNERS_ONLY or roles.EXPORT in name or name in roles.EXPORTS:
            assert (name, answer.status_code, roles.OWNERS_PAGE in answer.text) == (name, 403, True)
        else:
            assert answer.status_code in {200, 302, 404}, name


def test_whatever_a_viewer_presses_is_refused_but_for_their_own_account(app, practice):
    desk = signed_in(app, Role.VIEWER)
    for name, path in routes(app, "POST").items():
        blueprint = name.partition(".")[0]
        if blueprint in roles.ONES_OWN or blueprint == "entry":
            continue
        answer = press(desk, path, on="/owner/account")
        assert (name, answer.status_code, "Nothing was done" in answer.text) == (name, 403, True)


def test_an_editor_does_all_but_what_is_the_owners(app, practice):
    desk = signed_in(app, Role.EDITOR)

    assert press(desk, "/owner/people/1/booked", on="/owner/account").status_code == 303
    assert press(desk, "/owner/team/1/role", on="/owner/account", role="owner").status_code == 403
    assert desk.get("/owner/team").status_code == 403
    assert desk.get("/owner/account").status_code == 200


def test_a_viewers_pages_say_so_and_leave_the_buttons_out(app, practice):
    page = signed_in(app, Role.VIEWER).get("/owner/people").text

    assert '<body class="viewer">' in page
    assert "You may look here, and change nothing" in page
    assert "Who may sign in" not in page


def test_what_is_named_for_owners_only_is_there(app):
    names = {rule.endpoint for rule in app.url_map.iter_rules()}
    blueprints = {name.partition(".")[0] for name in names}

    assert names >= roles.PROVED | {name for name, _ in roles.OWNERS_CHOICES}
    assert blueprints >= roles.OWNERS_ONLY | roles.ONES_OWN


@pytest.mark.parametrize("role", list(Role))
def test_everybody_may_sign_out(app, role):
    assert press(signed_in(app, role), "/owner/sign-out", on="/owner/account").location == "/owner/sign-in"


def test_erasing_many_people_is_for_owners(app, practice):
    desk = signed_in(app, Role.EDITOR)

    assert desk.get("/owner/people/bulk?do=erase&all=1").status_code == 403
    assert press(desk, "/owner/people/bulk", on="/owner/account", do="erase", all="1").status_code == 403
    assert desk.get("/owner/people/bulk?do=tag&all=1").status_code == 200


def test_exports_are_for_owners_who_typed_their_password_lately():
    assert roles.refusal(Role.EDITOR, "GET", "exports.people") == roles.OWNERS_PAGE
    assert roles.asks_password("people.export")
    assert not roles.asks_password("people.show")
