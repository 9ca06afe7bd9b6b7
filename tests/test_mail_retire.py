"""A mail server whose settings were changed while a process keeps its connections."""

from funnel.mail.delivery import Engine
from funnel.models.mail import MessageState, Queue
from tests.conftest import NOW
from tests.mail_cast import a_tip, states


def test_it_is_spoken_to_anew_and_no_mail_is_lost(session, single, setting):
    engine = Engine(Queue.BULK, lambda _: NOW)
    try:
        a_tip(session)
        session.commit()
        engine.run(5, 5)
        first = engine.lines[f"127.0.0.1:{single.port}"]
        setting(SMTP_URL=f"{single.url}?pool=2&rate=1000")
        a_tip(session)
        session.commit()
        engine.run(5, 5)

        assert engine.lines[f"127.0.0.1:{single.port}"] is not first
        assert (len(single.caught), single.connections) == (2, 2)
        assert states(session) == [MessageState.SENT] * 2
    finally:
        engine.close()
