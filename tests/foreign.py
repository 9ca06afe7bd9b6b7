"""The ways a form can stand on a blog of others, and the mail that must come of each, in whatever browser."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from funnel.audience import settle
from funnel.audience.signup import Looks
from funnel.db import utc_now
from funnel.mail import delivery
from funnel.models.door import Stop
from funnel.models.mail import Queue
from funnel.web.pages import step, usual
from tests.blog_site import Blog

SLUG, TITLE, BUTTON = "back-care", "Back-care tips", "Send me the tips"
PLAIN = (
    '<form method="post" action="{live}/f/back-care"><label>Email address <input type="email" name="email"></label>'
    "<button>Send me the tips</button></form>"
)
# What stands in the blog's page, by how its reader may meet the form; `{live}` is our address.
CODES = {
    "script": '<script async src="{live}/embed.js" data-form="back-care" data-title="Back-care tips"></script>',
    "frame": '<iframe src="{live}/f/back-care/embed" title="Back-care tips" width="100%" height="520"></iframe>',
    "sandbox": '<iframe sandbox="allow-forms allow-scripts" src="{live}/f/back-care/embed" title="Back-care tips" '
    'width="100%" height="520"></iframe>',
    "sandbox without script": '<iframe sandbox="allow-forms" src="{live}/f/back-care/embed" title="Back-care tips" '
    'width="100%" height="520"></iframe>',
    "plain": PLAIN,
    "plain in a sandbox": PLAIN,
}
SANDBOXED = {"Content_Security_Policy": "sandbox allow-forms"}  # the whole page: its posts come from "null"


def put_up(blog: Blog, live: str) -> dict[str, str]:
    """The addresses of a page for each of CODES, and of one that a third site shows in a frame of its own."""
    found = {}
    for number, (name, code) in enumerate(CODES.items()):
        headers = SANDBOXED if name == "plain in a sandbox" else {}
        inside = f'<h1>A post</h1><p><a href="#">A link</a></p>{code.format(live=live)}'
        found[name] = blog.put(f"/way-{number}", inside, **headers)
    around = (
        f'<h1>A page of others</h1><iframe src="{found["script"]}" title="A blog" width="100%" height="700"></iframe>'
    )
    blog.put("/around", around)
    return found | {"nested": f"{blog.other}/around"}


def mail_to(session: Any, sink: Any, address: str) -> str:
    """The text of the one mail that `address` got, once what came in is settled and what is due is sent."""
    now = utc_now()
    for sign_up_id in settle.waiting(session):
        settle.settle(session, sign_up_id, now)
    session.commit()
    with ThreadPoolExecutor(1) as worker:  # the browser's event loop runs in this thread
        worker.submit(delivery.deliver_now, Queue.URGENT, utc_now()).result()
    (caught,) = [one for one in sink.caught if one.recipient == address]
    return str(caught.mail.get_body(("plain",)).get_content())


def look_risky(patch: Any) -> None:
    """From here on whoever signs up is asked for one step more."""
    patch.setattr(usual, "answer", lambda _: None)
    patch.setattr(step, "passage", lambda *_: step.Passage(Looks(), Stop.STEP))
