"""What is said of long work where there is no terminal."""

from __future__ import annotations

import re
import threading
import time

import pytest

from fteval.commands.progress import IN_CI, PATIENCE, Progress


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


def test_a_line_has_rate_and_remaining_time(capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: 20 of 100 after two seconds and a little are just under 10 a second, and 8 seconds or more are left."""
    with Progress() as heard:
        heard.progress("reading", 0, 100)
        time.sleep(PATIENCE)
        heard.progress("reading", 20, 100, "35 tokens/s")
    found = re.match(r"reading: 20 of 100, ([\d.]+)/s, (\d+) s left  35 tokens/s$", capsys.readouterr().err)
    assert found is not None and float(found[1]) <= 10 and int(found[2]) >= 8


def test_work_that_says_nothing_is_named_when_it_is_long_and_only_then(capsys: pytest.CaptureFixture[str]) -> None:
    heard = Progress()
    with heard.busy("looking"):
        pass
    assert capsys.readouterr().err == ""
    with heard.busy("looking"):
        time.sleep(PATIENCE + 0.5)
    assert re.fullmatch(r"looking: for \d+ s\n", capsys.readouterr().err)
    with Progress(quiet=True).busy("looking"):
        time.sleep(PATIENCE + 0.5)
    assert capsys.readouterr().err == ""


def test_a_log_of_ci_gets_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert Progress().line_every == IN_CI


def test_ctrl_c_ends_the_clock_too() -> None:
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), Progress().busy("looking"):
        raise KeyboardInterrupt
    assert threading.active_count() == before


def test_progress_takes_the_place_of_what_was_only_said_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    heard = Progress()
    with heard.busy("getting ready"):
        heard.progress("training", 0, 10)
        time.sleep(PATIENCE + 0.5)
        heard.progress("training", 5, 10)
        assert heard.clock is None
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("getting ready: for ") and second.startswith("training: 5 of 10, ")


def test_a_terminal_shows_a_clock_and_then_a_bar_with_a_rate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    with Progress() as heard, heard.busy("getting ready"):
        heard.progress("training", 0, 10)
        time.sleep(PATIENCE + 0.5)
        for done in (3, 5, 7):
            heard.progress("training", done, 10, "35 tokens/s")
            time.sleep(0.3)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "getting ready 0:00:0" in shown and re.search(r"training .* 5/10 .*/s .*35 tokens/s", shown), shown
