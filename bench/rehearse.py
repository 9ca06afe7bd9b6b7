"""`make rehearse`: 200 made-up readers go through the whole course, with a day of a second.

Everything is the real thing: the pages, the workers, the mails in the local outbox. It runs on servers and data of its
own, which are removed at the end.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from bench.readers import HUMAN_PAUSE_S, Reader, Site, act, cast, read_mail
from funnel.local import ports

READERS = 200
SEED = 20
FORMS = 4  # a form takes 60 confirmations a minute before mails wait, and a rehearsal lasts about one
ARRIVAL_S = 10
START_TIMEOUT_S = 90
END_TIMEOUT_S = 240


def main(count: int = READERS) -> int:
    """Sends `count` readers through the course. 0: every mail planned is accounted for."""
    folder = Path(tempfile.mkdtemp(prefix="funnel-rehearsal-"))
    environment = _environment(folder)
    log = (folder / "log").open("wb")
    service = subprocess.Popen([sys.executable, "-m", "funnel.local"], env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(service, environment, folder)
        os.environ.update(environment, **json.loads((folder / "embedded.json").read_text()))
        forms = _open_forms()
        readers = cast(count, forms, SEED)
        _play(readers, Site(environment["BASE_URL"]), folder)
        return _tell()
    except Exception:
        print((folder / "log").read_text(errors="replace")[-4000:])
        raise
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    port = ports.free()
    return kept | {
        "DATA_DIR": str(folder),
        "DAY_SECONDS": "1",
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "OUTBOX_PORT": str(ports.free()),
        "TRUSTED_PROXIES": "1",  # so that each reader may come from a network of its own
        "BOUNCE_ADDRESS": "bounces@example.org",
    }


def _wait_until_ready(service: "subprocess.Popen[bytes]", environment: dict[str, str], folder: Path) -> None:
    site = Site(environment["BASE_URL"])
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            if site.ask("GET", "/ready", "127.0.0.1")[0] == 200:
                return
        except OSError:
            pass  # nobody listens yet
        if service.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the service did not start; its log is in {folder / 'log'}")
        time.sleep(0.2)


def _open_forms() -> list[str]:
    """The course's own form, and the same under three posts more."""
    from sqlalchemy import select

    from funnel.db import Session, utc_now
    from funnel.models.people import Form

    with Session.begin() as session:
        first = session.scalars(select(Form).order_by(Form.id)).first()
        assert first, "no form was loaded"
        slugs = [first.slug]
        for number in range(2, FORMS + 1):
            copied = ("title", "promise", "rhythm", "leaving", "button", "wording", "post_id", "sequence_id")
            values = {name: getattr(first, name) for name in copied}
            session.add(Form(slug=f"rehearsal-{number}", created_at=utc_now(), **values))
            slugs.append(f"rehearsal-{number}")
    return slugs


def _play(readers: list[Reader], site: Site, folder: Path) -> None:
    by_address = {reader.address: reader for reader in readers}
    environment = dict(os.environ)
    seen = 0
    started = time.monotonic()
    with (
        ThreadPoolExecutor(len(readers)) as hands,
        tqdm(total=len(readers) * 8, desc="mails", unit="mail", disable=None) as bar,
    ):
        doing: list[Future[None]] = [hands.submit(_sign_up, reader, site, folder) for reader in readers]
        while time.monotonic() - started < END_TIMEOUT_S:
            for path in _new_mails(folder / "outbox", seen):
                seen = int(path.stem)
                mail = read_mail(path.read_bytes())
                bar.update()
                if reader := by_address.get(str(mail["To"]).split("<")[-1].strip("<> ")):
                    doing.append(hands.submit(act, reader, mail, site, environment))
            if all(task.done() for task in doing) and time.monotonic() - started > ARRIVAL_S and _all_quiet():
                break
            time.sleep(0.1)
        bar.total = bar.n
        for task in doing:
            task.result()


def _sign_up(reader: Reader, site: Site, folder: Path) -> None:
    time.sleep(ARRIVAL_S * reader.number / READERS)
    source = reader.form if reader.form != "back-care" else ""
    typed = {"email": reader.address, "first_name": reader.name, "timezone": reader.zone}
    status, page, _ = site.fill_in(f"/f/{reader.form}?src={source}", reader.network, typed)
    if status != 303:
        raise RuntimeError(f"sign-up of {reader.address} answered {status}: {page[:500]}")


def _new_mails(outbox: Path, seen: int) -> list[Path]:
    return sorted((path for path in outbox.glob("*.eml") if int(path.stem) > seen), key=lambda path: int(path.stem))


def _all_quiet() -> bool:
    """Nothing waits and no course is under way."""
    from sqlalchemy import func, select

    from funnel.db import Session
    from funnel.models.content import Enrolment, EnrolmentState
    from funnel.models.mail import LAST_STATES, Message
    from funnel.models.people import SignUp, SignUpState

    with Session.begin() as session:
        waiting = session.scalar(select(func.count()).where(Message.state.not_in(LAST_STATES)))
        under_way = session.scalar(select(func.count()).where(Enrolment.state == EnrolmentState.ACTIVE))
        new = session.scalar(select(func.count()).where(SignUp.state == SignUpState.NEW))
    return not (waiting or under_way or new)


def _tell() -> int:
    """Prints the funnel, and whether every mail planned is accounted for. 0 when it is."""
    from sqlalchemy import func, select

    from funnel.db import Session, utc_now
    from funnel.insight import funnel as stages_of
    from funnel.models.mail import LAST_STATES
    from funnel.models.people import Subscriber
    from funnel.programme import plan

    with Session.begin() as session:
        stages = stages_of.funnel(session, None, utc_now())
        balance = plan.balance(session)
        people = session.execute(select(Subscriber.state, func.count()).group_by(Subscriber.state)).all()
    print(f"\n{'':34} {'people':>7} {'of previous':>12} {'of start':>9}")
    for stage in stages:
        print(f"{stage.name:34} {stage.people:>7} {_rate(stage.of_previous):>12} {_rate(stage.of_start):>9}")
    print("\n" + ", ".join(f"{state} {count}" for state, count in people))
    parts = " + ".join(f"{state} {balance.states[state]:,}" for state in LAST_STATES)
    print(f"Planned {balance.planned:,} = {parts}")
    print("Every mail planned is accounted for." if balance.settled else "NOT every mail planned is accounted for.")
    return 0 if balance.settled else 1


def _rate(part: float | None) -> str:
    return "–" if part is None else f"{part:.0%}"


assert HUMAN_PAUSE_S > 2, "the time trap takes two seconds"

if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
