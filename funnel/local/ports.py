"""The ports we listen on, all on loopback."""

import socket

HOST = "127.0.0.1"


class PortError(RuntimeError):
    """A port cannot be had. The text names the variable to change."""


def free() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check(port: int, variable: str) -> None:
    """Raises PortError when `port` cannot be listened on; `variable` is what sets it."""
    with socket.socket() as probe:
        # As servers do: without it, connections that have just ended would hold the port for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except PermissionError:
            raise PortError(f"Port {port} is for root only. Set {variable} to one from 1024 up") from None
        except OSError:
            raise PortError(
                f"Port {port} is taken by another program. Stop that, or set {variable}: make run {variable}={free()}"
            ) from None
