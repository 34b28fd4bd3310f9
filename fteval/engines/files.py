"""What to do with a file where the folder of a model is wanted."""

from __future__ import annotations

import re
import shlex
from pathlib import Path


def instead_of(path: Path) -> str:
    """What helps with this file: a GGUF is served, outputs are replayed."""
    if path.suffix.lower() == ".gguf":
        name = re.sub(r"[^\w.-]", "-", path.stem)
        serve = f"llama-server -m {shlex.quote(str(path))} --alias {name} --port 8080 --jinja"
        return f"serve it: `{serve}`, then the model is http://127.0.0.1:8080/v1#{name}"
    return f"for outputs made elsewhere: replay:{path}" if path.suffix == ".jsonl" else "give the folder that it is in"
