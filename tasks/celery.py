"""The Celery app and the one timetable. The database is the queue; a task is only a hint that there may be work."""

import gc
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun, worker_before_create_process, worker_process_init
from kombu import Queue
from kombu.exceptions import OperationalError as BrokerAwayError

from funnel import logs
from funnel.config import lay_under, settings_or_exit
from funnel.db import engine
from funnel.house import stored

MINUTE_S = 60.0
QUARTER_S = 900.0
HOUR_S = 3600.0

known = settings_or_exit()
lay_under(stored.current)
app = Celery(
    "funnel",
    broker=known.redis_url,
    include=[
        "tasks.audience",
        "tasks.imports",
        "tasks.insight",
        "tasks.links",
        "tasks.mail",
        "tasks.newsletters",
        "tasks.programme",
        "tasks.sign_ups",
    ],
)

TICK_S = known.tick_seconds

# Which process does it: `urgent` is never behind a newsletter. Every task stands here, whoever asks for it.
QUEUES = {
    "tasks.audience.settle": "urgent",
    "tasks.audience.settle_new": "urgent",
    "tasks.audience.settle_addresses": "urgent",
    "tasks.audience.remind": "urgent",
    "tasks.audience.retain": "bulk",
    "tasks.imports.work": "bulk",
    "tasks.imports.clear": "bulk",
    "tasks.audience.work": "bulk",
    "tasks.audience.recount": "bulk",
    "tasks.programme.strike": "bulk",
    "tasks.programme.tick": "bulk",
    "tasks.programme.transfer": "bulk",
    "tasks.newsletters.work": "bulk",
    "tasks.newsletters.draft": "bulk",
    "tasks.mail.send_urgent": "urgent",
    "tasks.mail.send_bulk": "bulk",
    "tasks.mail.reap": "urgent",
    "tasks.insight.tally": "bulk",
    "tasks.insight.letter": "bulk",
    "tasks.insight.drop": "bulk",
    "tasks.links.look": "bulk",
}

# Every so many seconds. Each is an idempotent tick that claims rows which are due, so that no beat, one, or three are
# all correct; a tick not taken up before the next one is due is dropped.
TIMETABLE = {
    "tasks.programme.strike": TICK_S,
    "tasks.audience.settle": TICK_S,
    "tasks.audience.settle_addresses": TICK_S,
    "tasks.audience.remind": TICK_S,
    "tasks.audience.work": TICK_S,
    "tasks.programme.tick": TICK_S,
    "tasks.programme.transfer": TICK_S,
    "tasks.newsletters.work": TICK_S,
    "tasks.newsletters.draft": MINUTE_S,
    "tasks.mail.send_urgent": TICK_S,
    "tasks.mail.send_bulk": TICK_S,
    "tasks.insight.tally": TICK_S,
    "tasks.mail.reap": MINUTE_S,
    "tasks.audience.retain": HOUR_S,
    "tasks.insight.letter": QUARTER_S,
    "tasks.imports.work": TICK_S,
    "tasks.imports.clear": HOUR_S,
}

GARBAGE_AT = 20_000  # new objects before the collector looks at them
# A wish to send that waited longer is dropped: every process was sending already. Were they kept, they would pile up
# before the clock's own tasks in a long send, until those come too late and are dropped themselves.
HINT_S = 2.0
SENDS = {"tasks.mail.send_urgent", "tasks.mail.send_bulk"}


def _good_for(task: str, every: float) -> float:
    """How many seconds a task of the timetable may wait to be taken up."""
    before_the_next = max(every * 0.9, 0.2)
    return min(HINT_S, before_the_next) if task in SENDS else before_the_next


app.conf.update(
    task_queues=[Queue("urgent"), Queue("bulk")],
    task_default_queue="bulk",
    task_routes={task: {"queue": queue} for task, queue in QUEUES.items()},
    task_create_missing_queues=False,
    task_ignore_result=True,
    result_backend=None,
    result_backend_thread_safe=True,  # there is none: else each thread that sends looks through every installed package
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=30,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "retry_on_timeout": True,
        "health_check_interval": 25,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
    },
    enable_utc=True,
    timezone="UTC",
    beat_schedule={
        task: {"task": task, "schedule": every, "options": {"expires": _good_for(task, every)}}
        for task, every in TIMETABLE.items()
    },
)

__all__ = ["BrokerAwayError", "app", "wait_no_longer_than"]


def wait_no_longer_than(seconds: float) -> None:
    """For a process whose user waits: a broker that does not answer is given up at once, not after half a minute."""
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry_on_timeout": False,
        "max_retries": 0,
    }


@setup_logging.connect
def _log_as_the_web_does(**_: Any) -> None:
    logs.configure(known.log_format)


@task_prerun.connect
def _name_task(task_id: str, **_: Any) -> None:
    logs.ref.set(f"task {task_id[:8]}")


@worker_before_create_process.connect
def _keep_shared(**_: Any) -> None:
    # What was imported stays: a collection that looked at it in each child would copy those pages, and take 60 ms.
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _settle_in(**_: Any) -> None:
    # A claim makes thousands of objects that live for a second, and no cycles: looked at seldom, they cost less.
    gc.set_threshold(GARBAGE_AT, 10, 10)
    # A connection inherited over a fork would be shared with the parent.
    engine().dispose(close=False)
