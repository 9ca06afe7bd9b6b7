"""Funnel: from the reader of a post to a booked session, by mail worth reading."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

LARGEST_POST_BYTES = 256 * 1024


def create_app() -> "Flask":
    """The web application. A refused setting ends the process, with its mend."""
    # Flask is imported here, since every worker imports this package and none serves a page: that is 12 MB of each.
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    # Blueprints and commands, since they need this package to be whole first.
    from funnel import logs
    from funnel.cli import commands
    from funnel.config import lay_under, settings_or_exit
    from funnel.house import stored
    from funnel.web import edge
    from funnel.web.cookie import Cookie
    from funnel.web.owner import sessions
    from funnel.web.shortcut import Shortcut

    known = settings_or_exit()
    logs.configure(known.log_format)
    lay_under(stored.current)
    app = Flask(__name__, template_folder="../templates", static_folder="static")
    app.config.update(
        SECRET_KEY=known.secret_key,
        SECRET_KEY_FALLBACKS=list(known.secret_key_fallbacks),
        MAX_CONTENT_LENGTH=LARGEST_POST_BYTES,
        SESSION_COOKIE_NAME="__Host-funnel" if known.https else "funnel",
        SESSION_COOKIE_SECURE=known.https,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,  # else the owner's cookie would be set anew on readers' pages
        PERMANENT_SESSION_LIFETIME=sessions.LONGEST,
        WTF_CSRF_TIME_LIMIT=None,  # a page left open stays good as long as the session
        WTF_CSRF_CHECK_DEFAULT=False,  # readers have no cookie; the owner's pages check for themselves
    )
    app.session_interface = Cookie()
    app.wsgi_app = Shortcut(app.wsgi_app)  # type: ignore[method-assign]
    if known.trusted_proxies:
        hops = known.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    edge.attach(app)
    commands.attach(app)
    return app
