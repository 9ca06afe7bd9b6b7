"""What `make run` prints, and what it does when nobody reads it any more."""

import io
import os

import pytest

from funnel.local import supervisor
from funnel.local.terminal import Terminal


def test_each_line_stands_under_the_name_of_who_said_it() -> None:
    out = io.StringIO()
    Terminal(out).say("one\ntwo", "web")
    assert out.getvalue() == "web      | one\nweb      | two\n"


def test_names_have_colours_on_a_terminal() -> None:
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    terminal = Terminal(out)
    terminal.say("one", "web")
    terminal.say("two", "beat")
    assert out.getvalue() == "\x1b[36mweb      |\x1b[0m one\n\x1b[32mbeat     |\x1b[0m two\n"


def test_a_terminal_that_is_gone_changes_nothing() -> None:
    out = io.StringIO()
    terminal = Terminal(out)
    out.close()
    terminal.say("one")
    terminal.plain("two")


def test_a_window_that_is_closed_is_noticed() -> None:
    try:
        ours, theirs = os.openpty()
    except OSError:
        pytest.skip("this machine has no pseudo-terminals")
    with os.fdopen(theirs, "w") as out:
        terminal = Terminal(out)
        assert not terminal.gone()
        os.close(ours)
        assert terminal.gone()


def test_a_file_is_never_gone() -> None:
    assert not Terminal(io.StringIO()).gone()


def test_a_step_that_fails_says_what_it_said() -> None:
    with pytest.raises(supervisor.StepError, match="No such command 'dance'"):
        supervisor._step(["dance"], os.environ, lambda: False)


def test_a_step_is_left_when_asked_to_stop() -> None:
    assert supervisor._step(["routes"], os.environ, lambda: True) == ""
