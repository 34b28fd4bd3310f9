"""`fteval view` in a real browser: keys go on over pages, and what somebody judges is kept and shown."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, MISSING, Page, browser
from hostile import ATTACKS

from fteval import cli

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]
AXE = Path(__file__).resolve().parents[3] / "build" / "axe.min.js"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


def write(name: str, rows: list[dict[str, object]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 250 answers, of which 25 got worse, and one with every hostile text as an answer."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        rows = [{"id": f"q{i}", "prompt": f"{i} + {i}?", "target": str(2 * i)} for i in range(250)]
        write("h.jsonl", list(rows))
        write("base.jsonl", [{"id": f"q{i}", "output": f"It is {2 * i}."} for i in range(250)])
        write("new.jsonl", [{"id": f"q{i}", "output": f"It is {2 * i if i % 10 else 1}."} for i in range(250)])
        models = ("--model", "replay:new.jsonl", "--against", "replay:base.jsonl")
        cli.call(["run", *models, "--holdout", "h.jsonl", "--score", "contains", "-q"])
        texts = [text for text in ATTACKS if "\ud800" not in text and text.strip()]
        write("hh.jsonl", [{"id": f"{text[:40]}{i}", "prompt": text, "target": text} for i, text in enumerate(texts)])
        for name, more in (("b", ""), ("c", " more")):
            answers = [{"id": f"{text[:40]}{i}", "output": text + more} for i, text in enumerate(texts)]
            write(f"{name}.jsonl", list(answers))
        models = ("--model", "replay:c.jsonl", "--against", "replay:b.jsonl", "--store", "hostile")
        cli.call(["run", *models, "--holdout", "hh.jsonl", "--score", "contains", "-q"])
    return folder


@pytest.fixture
def address(made: Path, tmp_path: Path) -> Iterator[str]:
    yield from served(made, tmp_path, ".fteval")


@pytest.fixture
def hostile(made: Path, tmp_path: Path) -> Iterator[str]:
    yield from served(made, tmp_path, "hostile")


def served(made: Path, tmp_path: Path, store: str) -> Iterator[str]:
    shutil.copytree(made / store, tmp_path / store)
    command = [sys.executable, "-m", "fteval", "view", "--no-browser", "--store", store]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait()


HERE = "document.activeElement.querySelector('h3 a')?.textContent"


def after(tab: Page, condition: str) -> None:
    """Waits until something holds, over a page that is loaded anew."""
    while not tab.js(f"document.readyState === 'complete' && !!({condition})"):
        pass


def test_filters_and_keys_go_over_all_pages(tab: Page, address: str) -> None:
    tab.open(address)
    assert tab.js("document.querySelectorAll('article').length") == 100
    tab.press("n")
    assert tab.js(HERE) == "q0"
    tab.open(address, fragment="?page=1#last")
    after(tab, f"{HERE}")
    tab.press("j")
    after(tab, "location.search.includes('page=2') && document.activeElement.matches('article')")
    tab.press("k")
    after(tab, "!location.search.includes('page=2') && document.activeElement.matches('article')")
    tab.js("document.querySelector('input[name=show][value=worse]').click()")
    after(tab, "location.search.includes('show=worse')")
    assert tab.js("document.querySelectorAll('article').length") == 25
    assert tab.js("document.getElementById('f-count').textContent") == "25 of 250 samples"
    assert tab.complaints == []


def test_a_score_is_marked_wrong_by_a_key_and_undone(tab: Page, address: str) -> None:
    tab.open(address)
    tab.press("j")
    tab.press("x")
    after(tab, "document.querySelector('#people')")
    assert "1 of 1: 100.0 %" in tab.js("document.querySelector('#people').textContent")
    pressed = "[...document.querySelectorAll('[aria-pressed=true]')].map((b) => b.textContent + b.value)"
    assert tab.js(pressed) == ["wrong1"] and tab.js(HERE) == "q0"
    tab.press("u")
    after(tab, "!document.querySelector('#people')")
    tab.js("document.querySelector('.judging button').click()")  # the base's answer is right
    after(tab, "document.querySelector('#people')")
    assert tab.js(pressed) == ["right1"] and tab.complaints == []


def test_answers_are_labelled_one_after_another_without_their_score(tab: Page, address: str) -> None:
    tab.open(f"{address}label?what=1.0.0")
    assert "scored" not in tab.js("document.querySelector('main').textContent")
    for n, key in enumerate(("1", "0", "s"), 1):
        tab.press(key)
        after(tab, f"document.querySelector('#h-question')?.textContent.startsWith('{n + 1} of')")
    tab.press("u")
    after(tab, "document.querySelector('#h-question').textContent.startsWith('3 of')")
    assert "at random" in tab.js("document.querySelector('#people').textContent") and tab.complaints == []


def test_two_answers_are_chosen_from_without_their_names(tab: Page, address: str) -> None:
    tab.open(f"{address}prefer?what=1.0.0")
    assert tab.js("document.querySelector('#h-question').textContent") == "1 of 25"
    for n in range(25):
        tab.press("abt"[n % 3])
        after(tab, f"{n} === 24 ? !document.querySelector('#question') : "
              f"document.querySelector('#h-question')?.textContent.startsWith('{n + 2} of')")  # fmt: skip
    assert "over all samples" in tab.js("document.querySelector('#people').textContent")
    assert tab.complaints == []


def test_hostile_answers_ask_for_nothing_where_they_are_served(tab: Page, hostile: str) -> None:
    for path in ("", "?text=%3Cscript%3Ealert(1)%3C/script%3E", "label?what=1.0.0", "prefer?what=1.0.0"):
        tab.open(hostile + path)
        asked = [url for url in tab.requests if not url.startswith("data:")]
        assert asked == [hostile + path] and tab.complaints == []
        assert tab.js("document.querySelectorAll('img, iframe, object, [onerror], [onload]').length") == 0


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_wider_than_its_screen(tab: Page, hostile: str, address: str, width: int) -> None:
    for one in (hostile, address):
        for path in ("", "label?what=1.0.0", "prefer?what=1.0.0"):
            tab.open(one + path, width)
            assert tab.js("document.documentElement.scrollWidth") <= width, path


@pytest.mark.skipif(not AXE.exists(), reason="no build/axe.min.js: npm pack axe-core, and take it out of the package")
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_serious_fault(tab: Page, address: str, dark: bool) -> None:
    tab.dark(dark)
    for path in ("", "label?what=1.0.0", "prefer?what=1.0.0", "../"):
        tab.open(address + path)
        tab.js(AXE.read_text("utf-8") + "; 0")
        found = tab.js(
            "axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html.slice(0, 200)]))"
        )
        assert [one for one in found if one[0] in ("serious", "critical")] == [], path
    tab.dark(False)
