"""What is kept, why, and how long."""

from flask import Blueprint, render_template

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
def show() -> str:
    return render_template("pages/privacy/show.html")
