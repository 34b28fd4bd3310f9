"""A merged model as a GGUF file, by llama.cpp's own converter where somebody has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fteval.errors import Incomplete, UserError

HOME = "LLAMA_CPP"
"""Environment variable: the folder of llama.cpp, or its converter."""
CONVERTER = "convert_hf_to_gguf.py"


def converter() -> Path:
    """llama.cpp's converter. Raises UserError where it is not to be found."""
    home = os.environ.get(HOME)
    found = [Path(home), Path(home) / CONVERTER] if home else []
    # Not shutil.which: the script need not be executable.
    found += [Path(folder) / CONVERTER for folder in os.environ.get("PATH", "").split(os.pathsep)]
    for path in found:
        if path.is_file():
            return path
    raise UserError(
        f"--gguf needs llama.cpp's {CONVERTER}" + (f", and there is none in {home}" if home else ""),
        where=f"{HOME}={home}" if home else "PATH",
        fix=f"git clone https://github.com/ggml-org/llama.cpp, then {HOME}=llama.cpp fteval export …",
    )


def convert(script: Path, whole: Path, target: Path, kind: str) -> None:
    """Writes the GGUF file. Raises Incomplete with the converter's last words where it fails."""
    words = [sys.executable, str(script), str(whole), "--outfile", str(target), "--outtype", kind]
    local = script.parent / "gguf-py"
    paths = [*([str(local)] if local.is_dir() else []), os.environ.get("PYTHONPATH", "")]
    around = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", env=around, check=False)
    if done.returncode or not target.is_file():
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise Incomplete(
            f"llama.cpp's converter failed: {lines[-1][:300] if lines else f'exit {done.returncode}'}",
            where=str(script),
            fix="pip install -r llama.cpp/requirements/requirements-convert_hf_to_gguf.txt has what it needs; it may "
            "not know this architecture",
        )
