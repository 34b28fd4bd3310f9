"""The page in a real browser: filters, keys, links, copies; no request, no complaint, no serious fault for anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import scenes
from browser import CHROMIUM, MISSING, Page, browser
from hostile import ATTACKS, comparison
from pages import flips, sheet

from fteval.reports.files import html

AXE = Path(__file__).resolve().parents[3] / "build" / "axe.min.js"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 200 samples, of which 20 got worse and 10 better."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html.render_answers(*flips(200)), encoding="utf-8")
    return path


def visible(tab: Page) -> list[str]:
    """Ids of the samples that are shown, in order."""
    found: list[str] = tab.js("[...document.querySelectorAll('article:not([hidden]) h3 a')].map((a) => a.textContent)")
    return found


def choose(tab: Page, selector: str, value: str) -> None:
    """Sets a control as a reader does."""
    tab.js(
        f"(() => {{ const one = document.querySelector({selector!r}); "
        f"if (one.type === 'radio') one.checked = true; else one.value = {value!r}; "
        "one.dispatchEvent(new Event(one.type === 'search' ? 'input' : 'change', {bubbles: true})); })()"
    )


def test_filters_show_what_they_say(tab: Page, file: Path) -> None:
    tab.open(file)
    assert len(visible(tab)) == 200
    choose(tab, "input[value=worse]", "")
    assert visible(tab) == [f"q/{i}" for i in range(0, 200, 10)]
    choose(tab, "input[value=better]", "")
    assert visible(tab) == [f"q/{i}" for i in range(1, 200, 20)]
    choose(tab, "input[value=all]", "")
    choose(tab, "#f-slice", "1")
    assert len(visible(tab)) == 100
    choose(tab, "#f-text", "Pluto")
    tab.js("new Promise((done) => setTimeout(done, 250))")
    assert visible(tab) == []  # all that say so are even
    choose(tab, "#f-slice", "0")
    assert visible(tab) == [f"q/{i}" for i in range(0, 200, 10)]
    assert tab.js("document.getElementById('f-count').textContent") == "20 of 200 shown"
    assert tab.complaints == []


def test_keys_go_from_sample_to_sample_and_from_flip_to_flip(tab: Page, file: Path) -> None:
    tab.open(file)
    here = "document.activeElement.querySelector('h3 a')?.textContent"
    tab.press("j")
    tab.press("j")
    assert tab.js(here) == "q/10"
    tab.press("k")
    assert tab.js(here) == "q/0"
    for _ in range(31):
        tab.press("n")
    assert tab.js(here) == "q/181"  # the last of 20 that got worse and 10 that got better
    tab.press("p")
    assert tab.js(here) == "q/161"
    tab.press("/")
    assert tab.js("document.activeElement.id") == "f-text"
    tab.press("j")
    assert tab.js("document.activeElement.value") == "j"
    assert tab.complaints == []


def test_a_link_leads_to_its_sample(tab: Page, file: Path) -> None:
    tab.open(file)
    anchor = tab.js("document.querySelectorAll('article')[150].id")
    tab.open(file, fragment=f"#{anchor}")
    top = tab.js(f"document.getElementById('{anchor}').getBoundingClientRect().top")
    assert 0 <= top < 400 and tab.js("document.activeElement.id") == anchor
    choose(tab, "input[value=worse]", "")
    other = tab.js("document.querySelectorAll('article')[160].id")
    tab.js(f"location.hash = '{other}'")
    assert tab.js(f"document.getElementById('{other}').hidden") is False


def test_a_copied_sample_is_a_row_of_a_hold_out_with_every_character(tab: Page, tmp_path: Path) -> None:
    texts = [text for text in ATTACKS if 0 < len(text) < 400 and "\ud800" not in text and text.strip()]
    path = tmp_path / "report.html"
    path.write_text(html.render_answers(comparison("x"), sheet(texts)), encoding="utf-8")
    tab.open(path)
    tab.js("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    tab.js("document.getElementById('f-copy').click()")
    rows = [json.loads(line) for line in tab.js("window.copied").rstrip("\n").split("\n")]
    assert [row["messages"] for row in rows] == [
        [{"role": "system", "content": text}, {"role": "user", "content": text}] for text in texts
    ]
    assert [row["output"] for row in rows] == texts and [row["target"] for row in rows] == texts
    assert [row["metadata"] for row in rows] == [{text: [text]} for text in texts]


def test_hostile_answers_ask_for_nothing_and_run_nothing(tab: Page, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html.render_answers(comparison(ATTACKS[1], several=True), sheet(ATTACKS)), encoding="utf-8")
    tab.open(path)
    asked = [url for url in tab.requests if not url.startswith("data:")]
    assert asked == [path.as_uri()] and tab.complaints == []
    assert tab.js("document.querySelectorAll('img, iframe, object, a:not([href^=\"#\"])').length") == 0


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_wider_than_its_screen(tab: Page, tmp_path: Path, width: int) -> None:
    for name, text in (("scene", html.render(scenes.everything())), ("answers", html.render_answers(*flips(40)))):
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        tab.open(path, width)
        assert tab.js("document.documentElement.scrollWidth") <= width


@pytest.mark.skipif(not AXE.exists(), reason="no build/axe.min.js: npm pack axe-core, and take it out of the package")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_no_serious_fault(tab: Page, tmp_path: Path, width: int, dark: bool) -> None:
    pages = {
        "everything": html.render(scenes.everything()),
        "crowd": html.render(scenes.crowd()),
        "answers": html.render_answers(*flips(40)),
    }
    tab.dark(dark)
    for name, text in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        tab.open(path, width)
        tab.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        tab.js(AXE.read_text("utf-8") + "; 0")
        found = tab.js(
            "axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html.slice(0, 200)]))"
        )
        assert [one for one in found if one[0] in ("serious", "critical")] == [], name
    tab.dark(False)
