"""The pages about Python say what is so: the reference is fresh, and the guide's steps run as a notebook."""

from __future__ import annotations

import re
from pathlib import Path

import api_doc
import pytest

import fteval
import fteval.data

DOCS = Path(__file__).resolve().parent.parent / "docs"
GUIDE = (DOCS / "python.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_reference_is_what_the_code_says() -> None:
    assert (DOCS / "api.md").read_text(encoding="utf-8") == api_doc.page(), "run python scripts/api_doc.py"


def test_every_name_has_its_place_in_the_reference() -> None:
    named = [name for names in api_doc.PARTS.values() for name in names]
    assert sorted(named) == sorted(set(fteval.__all__) - {"__version__", "data"})
    assert all(getattr(fteval, name).__doc__ for name in named)


def test_what_the_guide_names_is_there() -> None:
    for name in set(re.findall(r"fteval\.(data\.\w+|[A-Za-z]\w*)", GUIDE)) - {"yaml", "data"}:
        found = fteval
        for part in name.split("."):
            found = getattr(found, part)
    for name in re.findall(r"^\| `\.(\w+)", GUIDE, flags=re.MULTILINE):
        assert hasattr(fteval.Comparison, name), name


@pytest.mark.slow
def test_the_guide_s_steps_run_as_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outputs are the page's, but for ids of runs; what is shown of a comparison and a plot is HTML and SVG."""
    nbformat = pytest.importorskip("nbformat", reason="pip install nbclient ipykernel")
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient ipykernel")
    pytest.importorskip("ipykernel", reason="pip install nbclient ipykernel")
    from fteval.nano import demo

    demo.write(tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    cells = [nbformat.v4.new_code_cell(step) for step in [*STEPS, "comparison"]]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    outputs = [one for cell in notebook.cells for one in cell.outputs]
    text = "".join(one.text for one in outputs if one.output_type == "stream" and one.name == "stdout")
    shown = {kind for one in outputs if one.output_type == "execute_result" for kind in one.data}
    assert {"text/html", "image/svg+xml"} <= shown
    for block in re.findall(r"```python\n.*?```\n\n```text\n(.*?)```", GUIDE, flags=re.DOTALL):
        assert without_ids(block) in without_ids(text)


def without_ids(text: str) -> str:
    return re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{16}", "ID", text)
