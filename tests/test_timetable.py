"""Every line of the timetable names a task that is there, on a queue that has a process."""

import re
from datetime import datetime, timedelta
from pathlib import Path

from funnel.db import utc_now
from tasks import mail
from tasks.celery import HINT_S, QUEUES, SENDS, TIMETABLE, app

PROCFILE = (Path(__file__).parent.parent / "Procfile").read_text()


def ours():
    app.loader.import_default_modules()
    return {name for name in app.tasks if name.startswith("tasks.")}


def test_every_line_names_a_registered_task():
    assert set(TIMETABLE) <= ours()


def test_every_task_says_which_process_does_it():
    assert set(QUEUES) == ours()


def test_a_task_goes_to_its_queue_whoever_asks(clean):
    """A confirmation asked for by name or by function, by beat or by a page, never lands behind a newsletter."""
    for name, queue in QUEUES.items():
        assert app.amqp.router.route({}, name)["queue"].name == queue


def test_every_queue_has_a_process():
    declared = {queue.name for queue in app.conf.task_queues}
    served = {queue for queues in re.findall(r"--queues\s+(\S+)", PROCFILE) for queue in queues.split(",")}
    assert set(QUEUES.values()) == declared == served


def test_a_tick_not_taken_up_is_dropped_before_the_next():
    for name, row in app.conf.beat_schedule.items():
        assert row["options"]["expires"] <= row["schedule"], name


def test_a_wish_to_send_is_dropped_before_it_holds_up_the_clock(clean):
    """Every wish that is kept costs a slice of sending; the tick behind too many of them would come too late."""
    for task, queue in ((mail.send_bulk, "bulk"), (mail.send_urgent, "urgent")):
        with app.connection() as connection, connection.SimpleQueue(queue) as waiting:
            waiting.clear()
            task.delay()
            waits = datetime.fromisoformat(waiting.get(timeout=2).headers["expires"]) - utc_now()
            assert waits <= timedelta(seconds=HINT_S)
    for name in SENDS:
        assert app.conf.beat_schedule[name]["options"]["expires"] <= HINT_S


def test_the_broker_keeps_every_setting_that_measuring_taught_us():
    conf = app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_connection_max_retries is None
    assert conf.result_backend is None
    assert conf.accept_content == ["json"]
