"""The terminal report: at most 100 columns, plain where it is not a terminal, harmless everywhere."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import ATTACKS, comparison, single
from hypothesis import given, settings
from hypothesis import strategies as st
from made import ones, probe, run
from rich.cells import cell_len
from scenes import crowd, everything, lost

from fteval.records import Comparison
from fteval.reports.terminal import terminal
from fteval.runs.journal.store import Store


class Stream(io.TextIOWrapper):
    """A text stream over memory that may claim to be a terminal."""

    def __init__(self, *, encoding: str = "utf-8", tty: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


@pytest.fixture(autouse=True)
def ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def check_plain(page: str) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
    assert not re.search(r"^\s*::", page, re.MULTILINE) and "##[" not in page
    assert max(map(cell_len, page.split("\n"))) <= 100


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_does_nothing(text: str) -> None:
    check_plain(terminal.render(comparison(text)))
    check_plain(terminal.render(comparison(text, several=True)))
    check_plain(terminal.render(*single(text)))


@settings(max_examples=40)
@given(st.one_of(st.text(st.characters(), max_size=120), st.text(":#[]error \n\r\x1b", max_size=300)))
def test_any_text_does_nothing(text: str) -> None:
    check_plain(terminal.render(comparison(text)))


@pytest.mark.parametrize("text", ATTACKS)
def test_on_a_terminal_only_our_own_colours_are_escapes(text: str) -> None:
    stream = Stream(tty=True)
    terminal.show(comparison(text), file=stream)
    page = stream.text()
    assert "\x1b[" in page
    check = re.sub(r"\x1b\[[0-9;]*m", "", page)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", check)
    assert max(map(cell_len, check.split("\n"))) <= 100


def test_rich_markup_in_an_answer_is_text() -> None:
    assert "[bold red]rich markup[/]" in terminal.render(comparison("[bold red]rich markup[/]"))


def test_the_verdict_stands_first() -> None:
    lines = terminal.render(lost()).split("\n")
    assert lines[:3] == [
        "✗ DO NOT SHIP  sft",
        "facts.correct lost 73.3 pp, more than the 2.0 pp allowed",
        "Better on iso_date.correct +100.0 pp. Worse on facts.correct −73.3 pp.",
    ]
    assert re.search(
        r"^▼  facts\.correct \(%\) +93\.3 +20\.0  −73\.3 \[−78\.0, −67\.8\] +300 +0 / 220 / 80$",
        "\n".join(lines),
        re.M,
    )


def test_the_worst_answers_are_shown_with_both_texts() -> None:
    page = terminal.render(comparison("an answer"))
    assert re.search(r"base +1 an answer\n +candidate 0 an answer", page)
    assert "showing 2" in page and "got better, showing 1" in page


@pytest.mark.parametrize(
    ("environment", "color", "tty"),
    [({"NO_COLOR": "1"}, True, True), ({"TERM": "dumb"}, True, True), ({}, False, True), ({}, True, False)],
)
def test_plain_lines_where_colour_is_not_wanted(
    environment: dict[str, str], color: bool, tty: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"COLUMNS": "80", **environment}.items():
        monkeypatch.setenv(name, value)
    stream = Stream(tty=tty)
    terminal.show(lost(), file=stream, color=color)
    # A pipe or a log has no width of its own.
    assert stream.text() == terminal.render(lost(), width=80 if tty else 100)
    check_plain(stream.text())


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_terminal_is_used_as_wide_as_it_is(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Stream(tty=True)
    terminal.show(everything(), file=stream)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", stream.text()).split("\n")
    assert max(map(cell_len, lines)) == width


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_a_stream_of_few_characters_gets_what_it_can_show(encoding: str) -> None:
    stream = Stream(encoding=encoding, tty=True)
    terminal.show(comparison("日本語 → naïve"), file=stream)
    assert "DO NOT SHIP" in stream.text()


def test_a_saved_comparison_needs_no_heavy_library_to_be_shown(tmp_path: Path) -> None:
    saved = Store(tmp_path).save_comparison(everything())
    code = (
        "import sys; from pathlib import Path; from fteval.runs.journal.store import Store\n"
        "from fteval.reports.files import csv_table, junit, openmetrics\n"
        "from fteval.reports.files.verdict_json import as_data\n"
        "from fteval.reports.markdown import github, markdown\n"
        "from fteval.reports.terminal import terminal\n"
        f"c = Store(Path({str(tmp_path)!r}), readonly=True).load_comparison({saved!r})\n"
        "for m in (terminal, markdown, junit, csv_table, openmetrics): m.render(c)\n"
        "as_data(c), github.comment(c, suite='s', job='j'), github.annotations(c)\n"
        "heavy = {'torch', 'transformers', 'trl', 'openai', 'scipy', 'pydantic', 'ruamel'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("scene", [crowd, everything, lost])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_torn(scene: Callable[[], Comparison], width: int) -> None:
    page = terminal.render(scene(), width=width)
    assert max(map(cell_len, page.split("\n"))) <= width
    if width >= 80:
        for name in ("correct", "overlap") if scene is everything else ("correct",):
            assert re.search(rf"^[▲▼≈■]  [a-z_]+\.(\n   )?{name}\b|^ +{name}\b", page, re.M)


def test_what_stopped_early_says_so_in_the_terminal_too() -> None:
    page = terminal.render(everything())
    assert re.search(r"■  safety\.correct .* −58\.6 \(stopped early\) +111 of 1,000 ", page)
    assert "safety.correct: stopped early after 111 of 1,000; its difference is exaggerated by stopping" in page


def test_of_several_candidates_the_best_one_is_shown_in_full() -> None:
    page = terminal.render(crowd())
    assert page.count("Judged together (Holm over 3 candidates)") == 1
    assert page.count("How this was measured") == 1 and page.count("Gate  ") == 3


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_candidates_stand_side_by_side_with_as_many_headlines_as_there_is_room_for(width: int) -> None:
    page = terminal.render(crowd(), width=width)
    table = page[: page.index("Judged together")]
    assert max(map(cell_len, page.split("\n"))) <= width
    for cell in ("▲ +8.3 pp", "▼ −10.0 pp", "[−12.7, −7.7]", "facts.", "general.", "✗ DO NOT SHIP", "✓ SHIP"):
        assert cell in table


@pytest.mark.parametrize("width", [80, 120])
def test_a_single_runs_metrics_say_their_unit_once(width: int) -> None:
    page = terminal.render(run(probe(ones(148, 15))), width=width)
    # Wilson: 15 of 148 is 6.2 to 16.1 % with t of 147 degrees of freedom.
    assert re.search(r"^facts\.correct \(%\) +148 +10\.1 +\[6\.2, 16\.1\]$", page, re.M)


@pytest.mark.parametrize("width", [60, 80])
def test_no_gates_result_is_lost_where_room_is_short(width: int) -> None:
    page = terminal.render(everything(), width=width)
    gates = page[page.index("Gate ") : page.index("Metric")].split("automatic: comes")[0]
    # 1 fails, 3 pass, 6 stay open, and the advisory French slice passes.
    found = {word: gates.count(word) for word in ("✗ FAIL", "✓ pass", "? open")}
    assert found == {"✗ FAIL": 1, "✓ pass": 4, "? open": 6}
    assert width < 80 or "overlap.collapsed" in gates
