"""What is said of long work where there is no terminal."""

from __future__ import annotations

import time

import pytest

from fteval.commands.progress import PATIENCE, Progress


def test_without_a_terminal_long_work_is_named_as_soon_as_it_is_long(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as heard:
        heard.progress("reading", 0, 100)
        heard.progress("reading", 10, 100)
        assert capsys.readouterr().err == "", "what is done at once is not worth a line"
        time.sleep(PATIENCE)
        heard.progress("reading", 20, 100)
        heard.progress("reading", 21, 100)
    line, *more = capsys.readouterr().err.splitlines()
    assert line.startswith("reading: 20 of 100, ") and not more, "the next one when some time has gone by"


def test_the_same_work_for_another_model_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as heard:
        heard.progress("reading", 0, 100)
        time.sleep(PATIENCE)
        heard.progress("reading", 0, 100)
        heard.progress("reading", 10, 100)
    assert capsys.readouterr().err == "", "its time is its own"
