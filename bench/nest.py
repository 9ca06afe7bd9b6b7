"""A nest of sending processes: forked from one that has imported everything, so that killing many costs little.

`python -m bench.nest` prints {"ready": true}; {"ask": "hatch", "skew_s": …, "patience_s": …} forks one that delivers
bulk mail as a Celery child does, and answers its pid; {"ask": "ended"} answers those that ended since, with their exit
codes. It ends when its input does, and all of its children with it, even when it is killed.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

from bench.worker import settle_in

LOOK_AGAIN_S = 0.05
SLICE_S = 5.0  # as tasks/mail.py


def hatch(lifeline: tuple[int, int], skew_s: float = 0.0, patience_s: float | None = None) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.close(lifeline[1])
    threading.Thread(target=_end_with_nest, args=[lifeline[0]], daemon=True).start()
    code = 1
    try:
        _deliver(skew_s, patience_s)
    except SystemExit as told:
        code = int(told.code or 0)
    finally:
        os._exit(code)


def _end_with_nest(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


def _deliver(skew_s: float, patience_s: float | None) -> None:
    """As a Celery child: what one turn raises is logged, and the next one comes."""
    from funnel.mail import delivery
    from funnel.mail.wire import Patience
    from funnel.models.mail import Queue

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if skew_s:
        real = time.time
        time.time = lambda: real() + skew_s
    if patience_s:
        delivery.patience = Patience(*([patience_s] * 6))
    try:
        while True:
            try:
                done = delivery.deliver(Queue.BULK, SLICE_S)
            except Exception:
                logging.getLogger("chaos").exception("a turn failed")
                done = 0
            if not done:
                time.sleep(LOOK_AGAIN_S)
    finally:
        delivery.close()


def _ended() -> dict[int, int]:
    found: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        found[pid] = os.waitstatus_to_exitcode(status)


def main() -> None:
    from funnel import logs
    from funnel.config import settings
    from funnel.mail import delivery  # noqa: F401 (before the forks, all that it takes)

    logs.configure(settings().log_format)
    settle_in()
    lifeline = os.pipe()
    print(json.dumps({"ready": True}), flush=True)
    for line in iter(sys.stdin.readline, ""):
        question: dict[str, Any] = json.loads(line)
        asked = question.pop("ask")
        answer = {"pid": hatch(lifeline, **question)} if asked == "hatch" else {"ended": _ended()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
