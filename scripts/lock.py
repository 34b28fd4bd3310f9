"""Resolves every extra of pyproject.toml into constraints.txt, with the one torch that the project is tested on.

Run by `make lock`. Markers and hashes are left out: the file bounds versions, pip still decides what is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "torch==2.13.0"
HEADER = f"""\
# The versions that fteval is tested with: `pip install -c constraints.txt fteval[train]`. Made by `make lock`.
# {TORCH}: on a machine with no GPU take torch's CPU build of the same version, it is smaller.
"""


def resolve(extras: str) -> dict[str, str]:
    """name -> version of everything that these extras need."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    out = subprocess.run([*command, TORCH, f"{ROOT}[{extras}]"], check=True, capture_output=True, text=True).stdout
    found = {
        item["metadata"]["name"].lower().replace("_", "-"): item["metadata"]["version"]
        for item in json.loads(out)["install"]
    }
    found.pop("fteval", None)
    # CPU builds carry a local part (+cpu) that another machine does not have.
    return {name: version.split("+")[0] for name, version in found.items()}


if __name__ == "__main__":
    versions = resolve("all,dev,docs,mlflow,wandb,tensorboard")
    lines = [f"{name}=={version}" for name, version in sorted(versions.items())]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(lines)} packages")
