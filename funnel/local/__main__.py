"""`python -m funnel.local`: what `make run` starts."""

import os
import sys

from funnel.config import SettingsError
from funnel.local import supervisor
from funnel.local.account import AccountError
from funnel.local.broker import BrokerError
from funnel.local.database import DatabaseError
from funnel.local.place import PlaceError
from funnel.local.ports import PortError
from funnel.local.terminal import Terminal

REFUSED_SETTING = 2


def main() -> int:
    try:
        return supervisor.run(os.environ, Terminal())
    except SettingsError as error:
        print("Funnel cannot start: a setting is refused.", *error.problems, sep="\n  ", file=sys.stderr)
        return REFUSED_SETTING
    except (AccountError, BrokerError, DatabaseError, PlaceError, PortError, supervisor.StepError) as error:
        print(f"Funnel cannot start.\n  {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"Funnel cannot start.\n  {error}\n  Part of DATA_DIR belongs to another account, as after a start as "
            "root. Give it back (sudo chown -R), or set DATA_DIR to another folder",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
