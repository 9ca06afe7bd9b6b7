import pytest
from tests.browser import DESK, PHONE
from tests.test_owner_accessibility import desk, practice, full, faults, complaints  # noqa
from tests.import_cast import bring, check, start
from tests.factories import a_subscriber
from funnel.db import Session, utc_now
from funnel.audience import imports
FILE = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID,EUID,Status\n" + "".join(f"reader-{n}@example.org,Ada,L,2,2024-05-0{n%9+1} 10:00:00,,{n},x,{'unsubscribed' if n%17==0 else 'subscribed'}\n" for n in range(240)) + "nobody,Zoë,,,,,,,\nx y@example.org,Zoë,,,,,,,\nreader-4@example.org,Again,,,,,,,\nlea@example.org,www.example.org,,,,,,,\nold@example.org,Old,,,31.31.2020,,,,\n"

@pytest.mark.parametrize(("scheme", "width"), [("light", PHONE), ("dark", DESK), ("light", DESK), ("dark", PHONE)])
def test_shots(live, desk, practice, session, scheme, width):
    practice.set_up()
    a_subscriber(session, email="reader-1@example.org"); a_subscriber(session, email="reader-2@example.org", state="unsubscribed"); session.commit()
    w = desk(scheme=scheme, width=width)
    n = bring(FILE, "subscribed_segment_export_0451a99fcd.csv")
    found = []
    def shot(name, path):
        w.goto(live + path); w.screenshot(path=f"/tmp/shots/imports-{name}-{scheme}-{width}.png", full_page=True)
        for folded in w.locator("details").all():
            folded.evaluate("one => { one.open = true }")
        found.append((name, faults(w), w.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")))
    shot("index", "/owner/people/import")
    shot("columns", f"/owner/people/import/{n}/columns")
    check(n)
    shot("checked", f"/owner/people/import/{n}")
    with Session.begin() as own:
        one = imports.hold(own, n); imports.start(own, one, utc_now()); one.reached = 90; one.lease_until = utc_now().replace(year=2090)
    shot("running", f"/owner/people/import/{n}")
    with Session.begin() as own:
        one = imports.hold(own, n); one.state = "checked"; one.lease_until = None
    start(n)
    shot("done", f"/owner/people/import/{n}")
    shot("undo", f"/owner/people/import/{n}/undo")
    w.goto(f"{live}/owner/people/import/{n}/columns")
    print([f for f in found if f[1] or f[2] > 0])
