"""One app for all tests whose settings make the same one.

Its address book takes a tenth of a second to compile, and its templates as long again. No test may change it; what a
test sets is read with each request, as in the service.
"""

import functools

from flask import Flask

from funnel import config, create_app, logs
from funnel.house import stored


def current() -> Flask:
    """The app of the settings in force, made when no test had these before."""
    known = config.settings_or_exit()
    made = _made(known.https, known.secret_key, known.secret_key_fallbacks, known.trusted_proxies)
    # What making one does to the process besides.
    logs.configure(known.log_format)
    config.lay_under(stored.current)
    return made


@functools.cache
def _made(*_: object) -> Flask:
    return create_app()
