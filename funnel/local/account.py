"""The account that the embedded PostgreSQL runs under, since it refuses to run as root.

As root we take an ordinary account for it. The project may lie under a folder that only root may enter, such as /root
or one made by `mktemp -d`. Rather than open that folder to all, the server then keeps the one capability that lets it
pass (capabilities(7)): to read past modes, or, where a container withholds that one, to write past them too.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CANDIDATES = ("nobody", "daemon", "www-data")
CAPABILITIES = ("dac_read_search", "dac_override")
PROBE_TIMEOUT_S = 20
LONGEST_COMPLAINT = 200


class AccountError(RuntimeError):
    """No account can run PostgreSQL here. The text says why and how to mend it."""


@dataclass(frozen=True)
class Account:
    """How a program is started: `command` wraps its words, `options` go to Popen."""

    owner: tuple[int, int] | None = None  # who the data belongs to; None: whoever we are
    prefix: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def command(self, words: list[str]) -> list[str]:
        return [*self.prefix, *words]

    def own(self, folder: Path) -> None:
        """Hands `folder`, which is ours, to the account."""
        if self.owner and os.stat(folder).st_uid != self.owner[0]:
            os.chown(folder, *self.owner)


def choose(folder: Path, programs: Path) -> Account:
    """The account for a server whose data lies in `folder`, which it may then enter. Raises AccountError."""
    if os.geteuid() != 0:
        return Account()
    uid, gid = _owner(folder)
    tried = []
    for account in _ways(uid, gid):
        account.own(folder)
        if not (complaint := _complaint(account, folder, programs)):
            return account
        tried.append(complaint)
    raise AccountError(
        f"PostgreSQL does not run as root, and account {uid} may not enter {folder} or {programs} ({tried[-1]}). "
        "Move the project to a folder that every account may enter, such as /srv/funnel; or run it as an ordinary "
        "account; or set DATABASE_URL to a PostgreSQL of your own"
    )


def _owner(folder: Path) -> tuple[int, int]:
    # Data once made as an ordinary account stays theirs, so that they can go on with it.
    data = folder / "data"
    if data.exists() and (found := data.stat()).st_uid:
        return found.st_uid, found.st_gid
    for name in CANDIDATES:
        try:
            known = pwd.getpwnam(name)
        except KeyError:
            continue
        return known.pw_uid, known.pw_gid
    raise AccountError(
        f"PostgreSQL does not run as root, and there is none of the accounts {', '.join(CANDIDATES)}. "
        "Run this as an ordinary account, or set DATABASE_URL to a PostgreSQL of your own"
    )


def _ways(uid: int, gid: int) -> list[Account]:
    plain = Account((uid, gid), options={"user": uid, "group": gid, "extra_groups": []})
    if not (setpriv := shutil.which("setpriv")):  # Linux only, in util-linux
        return [plain]
    # access(2), by which PostgreSQL looks for its programs, forgets capabilities unless told not to.
    identity = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--securebits=+no_setuid_fixup")
    return [plain] + [
        Account((uid, gid), (*identity, f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"))
        for capability in CAPABILITIES
    ]


def _complaint(account: Account, folder: Path, programs: Path) -> str:
    # A trial says more than reading modes: ACLs, mount options and security modules all have their say.
    trial = 'cd "$2" && : >probe && rm probe && "$1/initdb" --show -D "$2/data"'
    try:
        tried = subprocess.run(
            account.command(["/bin/sh", "-c", trial, "sh", str(programs), str(folder)]),
            capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False, cwd="/", **account.options,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return "" if tried.returncode == 0 else tried.stderr.strip()[-LONGEST_COMPLAINT:] or f"code {tried.returncode}"
