"""Sign-ups that wait: settled in sets by whoever answers the call, until none waits that is not looked up itself."""

import functools
import logging
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Lock

from funnel import errands
from funnel.audience import domains, mail_server, setbacks, settle
from funnel.db import Session, is_away, utc_now
from tasks.celery import app
from tasks.mail import send_urgent

LOOKERS = 8  # domains looked up at once by one process
SWEEP_S = 0.5  # then others get their turn: what is to be sent stands in the same line
WISH_S = 10.0  # a reader waits for it: in a flood it may stand in line for longer than the wishes of a long send may

_LOOKING = BoundedSemaphore(LOOKERS)
_LOOKED_FOR: dict[str, set[int]] = {}  # the domains that are looked up now, with the sign-ups that wait for it
_LOCK = Lock()
_SETTLING = Lock()  # one set at a time in a process, whoever looked: each holds up to three locks a sign-up
log = logging.getLogger(__name__)


@app.task(name="tasks.audience.settle_new")
def settle_new() -> None:
    """The errand: settles what waits for a slice of time, then asks for the next one. One that cannot be settled stops
    no other.
    """
    end = time.monotonic() + SWEEP_S
    stuck: set[int] = set()  # another process has them, or there is trouble: not looked at again in this slice
    came_far = False
    while found := _next(stuck):
        if _work_off(found):
            came_far = True
        else:
            stuck.update(found)
        if came_far and time.monotonic() > end:
            settle_new.apply_async(expires=errands.LOST_AFTER_S)  # then somebody else was called, who has one too
            return


@app.task(name="tasks.audience.settle")
def settle_lost(*_: int) -> None:
    """For the clock: what a lost call left behind. Where somebody was called who is not lost, it is theirs.

    A web process of before the errands puts this in line, with the sign-ups it means.
    """
    if not errands.is_held(settle_new.name):
        settle_new()


def _next(passing_by: Collection[int]) -> list[int]:
    """A set of those that wait. Empty only by a look that came after the errand was let go: nobody is missed."""
    for say in (errands.hold, errands.let_go):
        say(settle_new.name)
        with Session.begin() as session:
            if found := settle.waiting(session, {*passing_by, *_looked_up_now()}):
                return found
    return []


def _work_off(sign_up_ids: Sequence[int]) -> bool:
    """Whether anything came of it. A domain is looked up beside all others: a slow resolver holds up nobody else's."""
    failed = set(setbacks.current())
    try:
        with Session.begin() as session:
            domains_of = domains.unlooked(session, sign_up_ids, utc_now())
    except Exception as error:
        if is_away(error):
            raise
        log.exception("%d sign-ups could not be settled", len(sign_up_ids))
        return False
    later = {number for domain, ids in domains_of.items() if _looks(domain, ids) for number in ids}
    outcome = _settle([number for number in sign_up_ids if number not in later])
    if outcome.mails:
        send_urgent.apply_async(expires=WISH_S)
    return bool(later or outcome.settled or set(setbacks.current()) - failed)


def _looked_up_now() -> set[int]:
    with _LOCK:
        return set().union(*_LOOKED_FOR.values())


def _looks(domain: str, sign_up_ids: Sequence[int]) -> bool:
    """Has these wait until the domain is looked up. False when all who look are busy: then they go out unasked."""
    with _LOCK:
        if domain in _LOOKED_FOR:
            _LOOKED_FOR[domain].update(sign_up_ids)
            return True
        if not _LOOKING.acquire(blocking=False):
            return False
        try:
            _lookers().submit(_look_and_settle, domain)
        except RuntimeError:  # no thread to be had, or the process ends
            log.exception("a domain could not be looked up")
            _LOOKING.release()
            return False
        _LOOKED_FOR[domain] = set(sign_up_ids)
    return True


def _look_and_settle(domain: str) -> None:
    # Cut short by the end of the process, they are found by the next tick.
    waited: list[int] = []
    try:
        try:
            answer = mail_server.look(domain)
            with Session.begin() as session:
                domains.keep(session, domain, answer, utc_now())
        except Exception as error:
            if not is_away(error):
                _pass_by_who_waits_for(domain)
            raise
        finally:
            waited = _waited_for(domain)
        for first in range(0, len(waited), settle.AT_ONCE):
            if _settle(waited[first : first + settle.AT_ONCE]).mails:
                send_urgent.apply_async(expires=WISH_S)
    except Exception:
        log.exception("sign-ups %s could not be settled", waited)


def _pass_by_who_waits_for(domain: str) -> None:
    """Before somebody else may look: or the slice that goes on would have it looked up again and again."""
    with _LOCK:
        setbacks.note(*_LOOKED_FOR.get(domain, ()))


def _waited_for(domain: str) -> list[int]:
    """Whose domain it is, once that is looked up: from now on somebody else may look. Nobody, where that was begun
    without a thread to be had for it.
    """
    with _LOCK:
        if (waited := _LOOKED_FOR.pop(domain, None)) is None:
            return []
    _LOOKING.release()
    return sorted(waited)


def _settle(sign_up_ids: Sequence[int]) -> settle.Outcome:
    """Settles these together, or, where one of them cannot be, in halves. With the database away it raises."""
    if not sign_up_ids:
        return settle.Outcome()
    outcome = _settle_together(sign_up_ids)
    if outcome is None:
        half = len(sign_up_ids) // 2
        parts = [_settle(sign_up_ids[:half]), _settle(sign_up_ids[half:])] if half else []
        return settle.Outcome(sum(part.settled for part in parts), sum(part.mails for part in parts))
    _refuse_others(outcome)
    return outcome


def _settle_together(sign_up_ids: Sequence[int]) -> settle.Outcome | None:
    try:
        with _SETTLING, Session.begin() as session:
            return settle.settle_all(session, sign_up_ids, utc_now())
    except Exception as error:
        if is_away(error):
            raise
        if len(sign_up_ids) == 1:
            log.exception("sign-up %s could not be settled", *sign_up_ids)
            setbacks.note(*sign_up_ids)
        else:
            log.warning("%d sign-ups were not settled together: %s", len(sign_up_ids), type(error).__name__)
        return None


def _refuse_others(outcome: settle.Outcome) -> None:
    """As many as may be at once; what is left over is found by the next look."""
    if not outcome.full:
        return
    try:
        with Session.begin() as session:
            settle.refuse_others(session, outcome.full, utc_now())
    except Exception:
        log.exception("what shares a limit that is reached could not be refused together")


@functools.cache
def _lookers() -> ThreadPoolExecutor:
    """Of this process: threads do not outlive a fork."""
    return ThreadPoolExecutor(LOOKERS, thread_name_prefix="look")
