"""What starts llama.cpp's tools, and what is said where they fail; the real ones are tried where they are installed."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from fteval.errors import Incomplete, UserError
from fteval.trainers.exporting.gguf import CONVERTER, convert, converter
from fteval.trainers.exporting.served import served, server

REAL = Path(__file__).resolve().parents[3] / "build" / "real-model"


def program(path: Path, text: str) -> list[str]:
    """The words that start a Python script."""
    path.write_text(text)
    return [sys.executable, str(path)]


def test_the_converter_is_found_in_its_folder_by_itself_and_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / CONVERTER
    script.write_text("")
    monkeypatch.setenv("PATH", "/nowhere")
    for home in (tmp_path, script):
        monkeypatch.setenv("LLAMA_CPP", str(home))
        assert converter() == script
    monkeypatch.delenv("LLAMA_CPP")
    with pytest.raises(UserError, match=r"needs llama\.cpp's"):
        converter()
    monkeypatch.setenv("PATH", os.pathsep.join(["/nowhere", str(tmp_path)]))
    assert converter() == script


def test_a_converter_that_fails_is_told_in_its_last_words(tmp_path: Path) -> None:
    (tmp_path / CONVERTER).write_text("raise NotImplementedError('Architecture Foo is not supported')")
    with pytest.raises(Incomplete, match="NotImplementedError: Architecture Foo is not supported"):
        convert(tmp_path / CONVERTER, tmp_path, tmp_path / "m.gguf", "q8_0")
    (tmp_path / CONVERTER).write_text("print('done')")  # and wrote nothing
    with pytest.raises(Incomplete, match="exit 0"):
        convert(tmp_path / CONVERTER, tmp_path, tmp_path / "m.gguf", "q8_0")


def test_a_server_is_stopped_when_nobody_needs_it(tmp_path: Path) -> None:
    words = program(
        tmp_path / "server.py",
        "import http.server, sys\n"
        "class Answer(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n        self.send_response(200)\n        self.end_headers()\n"
        "port = int(sys.argv[sys.argv.index('--port') + 1])\n"
        "http.server.HTTPServer(('127.0.0.1', port), Answer).serve_forever()\n",
    )
    with served(words, tmp_path / "m.gguf", "export") as ref:
        assert ref.startswith("http://127.0.0.1:") and ref.endswith("/v1#export")
        port = int(ref.split(":")[2].split("/")[0])
    import socket

    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", port)) != 0


def test_a_server_that_ends_is_told_in_its_last_words(tmp_path: Path) -> None:
    words = program(tmp_path / "server.py", "import sys\nsys.exit('unknown model architecture')")
    with (
        pytest.raises(Incomplete, match=r"ended with 1: unknown model architecture"),
        served(words, tmp_path / "m.gguf", "export"),
    ):
        pass


@pytest.mark.slow
def test_a_gguf_file_of_the_real_model_is_measured_through_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fteval import cli

    if not (REAL / "config.json").exists():
        pytest.skip("no real model: make real-model")
    try:
        converter(), server()
    except UserError as error:
        pytest.skip(error.what)
    if importlib.util.find_spec("gguf") is None:
        pytest.skip("the converter needs the package gguf")
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": f"What is {n} plus {n}? Answer with a number.", "target": str(2 * n)} for n in range(1, 41)]
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("fteval.yaml").write_text(
        "version: 1\nprobes:\n  sums: {use: holdout, data: sums.jsonl, score: number, sampling: {max_tokens: 24}}\n"
        "gates:\n  - {probe: sums, metric: number, max_drop: 30pp}\nreference: none\n"
    )
    code = cli.call(["export", str(REAL), "-o", "gguf", "--gguf", "q8_0"])
    assert code in (0, 3, 4)  # what eight bits cost is not the tool's to promise
    if code == 0:
        record = json.loads(Path("gguf/export.json").read_text())
        assert record["how"] == "GGUF q8_0" and list(record["files"]) == ["model-q8_0.gguf"]
    assert Path("gguf").exists() == (code == 0)
