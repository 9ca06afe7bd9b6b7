"""One sending process, as a worker's is: it delivers bulk mail whenever some is due, until its input ends.

`python -m bench.worker [--light] [--steps]` prints {"ready": true} when all is imported and begins when told to "go".
It answers any question with its work so far and what each of its threads cost, with --steps also where the time went.
"""

import gc
import json
import os
import signal
import sys
import threading
import time

import psutil

from bench import light, stopwatch

SLICE_S = 5.0  # as tasks/mail.py
LOOK_AGAIN_S = 0.01


class Asker(threading.Thread):
    """Reads the questions beside the sending, which has the main thread."""

    def __init__(self, work: dict[str, object]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.go, self.ended = threading.Event(), threading.Event()

    def run(self) -> None:
        own = psutil.Process()
        for line in sys.stdin:
            if json.loads(line)["ask"] == "go":
                self.go.set()
            threads = [(thread.id == own.pid, thread.user_time, thread.system_time) for thread in own.threads()]
            print(json.dumps({**self.work, "threads": threads}), flush=True)
        self.ended.set()
        os.kill(os.getpid(), signal.SIGTERM)  # as a host ends it: what is on its way arrives first


def settle_in() -> None:
    """As tasks/celery.py has every process of a worker do."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def main() -> None:
    if "--light" in sys.argv:
        light.wear()
    steps = stopwatch.attach() if "--steps" in sys.argv else {}
    from funnel import logs
    from funnel.config import settings
    from funnel.mail import delivery
    from funnel.models.mail import Queue

    logs.configure(settings().log_format)
    settle_in()
    work: dict[str, object] = {"mails": 0, "steps": steps}
    asker = Asker(work)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    asker.start()
    print(json.dumps({"ready": True}), flush=True)
    mails = 0
    try:
        asker.go.wait()
        while not asker.ended.is_set():
            done = delivery.deliver(Queue.BULK, SLICE_S)
            mails += done
            work["mails"] = mails
            if not done:
                time.sleep(LOOK_AGAIN_S)
    finally:
        delivery.close()


if __name__ == "__main__":
    main()
