"""Strangers who sign up one after the other, on forms and from networks of their own so that no limit holds them up.

`python -m bench.prober <address of the service> <form> …` prints {"ready": true}; asked to "probe" at a {"rate"} it
signs up that many a second; asked to "stop" it tells whom it signed up and when each began.
"""

import json
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from bench.readers import HUMAN_PAUSE_S, Fields, Site

DOMAIN = "probe.example.org"
HANDS = 16
NETWORKS = 250  # a byte's worth, of 198.18.0.0/15, which is kept for measurements (RFC 2544)


class Prober:
    def __init__(self, site: Site, forms: list[str]) -> None:
        self.site, self.forms = site, forms
        # One look at each form is enough: what it hands out is good for a day.
        self.hidden = {form: Fields.of(site.ask("GET", f"/f/{form}", network(0))[1]).hidden for form in forms}
        time.sleep(HUMAN_PAUSE_S)
        self.number = 0
        self.over = threading.Event()
        self.asked: list[Future[tuple[str, float]]] = []

    def probe(self, rate: float) -> None:
        """Signs somebody up `rate` times a second until `over`."""
        with ThreadPoolExecutor(HANDS) as hands:
            due = time.monotonic()
            while not self.over.wait(max(due - time.monotonic(), 0)):
                self.number += 1
                self.asked.append(hands.submit(self.sign_up, self.number))
                due += 1 / rate

    def sign_up(self, number: int) -> tuple[str, float]:
        form = self.forms[number % len(self.forms)]
        address = f"{time.monotonic_ns():x}-{number}@{DOMAIN}"
        began = time.monotonic()
        typed = {"email": address, "first_name": "Ada"}
        status, page, _ = self.site.ask("POST", f"/f/{form}", network(number), self.hidden[form] | typed)
        if status != 303:
            raise RuntimeError(f"a sign-up was answered with {status}: {page[:500]}")
        return address, began


def network(number: int) -> str:
    # One after the other in another /24, which has a limit too.
    return f"198.{18 + number // NETWORKS**2 % 2}.{number % NETWORKS}.{number // NETWORKS % NETWORKS + 1}"


def main(address: str, forms: list[str]) -> None:
    prober = Prober(Site(address), forms)
    print(json.dumps({"ready": True}), flush=True)
    probing = None
    for line in sys.stdin:
        question = json.loads(line)
        if question["ask"] == "probe":
            prober.over.clear()
            prober.asked = []
            probing = threading.Thread(target=prober.probe, args=(question["rate"],), daemon=True)
            probing.start()
            print("{}", flush=True)
        elif probing:
            prober.over.set()
            probing.join()
            print(json.dumps({"asked": [future.result() for future in prober.asked]}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
