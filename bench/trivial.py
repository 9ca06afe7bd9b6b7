"""The least that Flask can do: what a web server carries of it is what the pages of the door are compared with."""

from flask import Flask, Response

app = Flask(__name__)


@app.get("/<path:path>")
def led_on(path: str) -> Response:
    return Response(status=302, headers={"Location": "https://example.org/"})


@app.post("/<path:path>")
def taken(path: str) -> Response:
    return Response(status=303, headers={"Location": "/sent"})
