"""The peers that `perf/server.py` measures: how each is installed, and how its users would run it on the same rows.

Each is told what lets it go fastest here: 256 requests at a time, no tokenizer, no cache, no display.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

AT_ONCE = "256"

TASK = """
task: perf_server
dataset_path: json
dataset_kwargs: {data_files: {test: "%s"}}
test_split: test
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: "{{target}}"
generation_kwargs: {until: [], max_gen_toks: 256, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""

INSPECT_TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

@task
def perf():
    rows = json_dataset(%r, FieldSpec(input="prompt", target="target", id="id"))
    return Task(dataset=rows, solver=generate(), scorer=exact())
"""

CommandLine = Callable[[Path, str, Path, Path], list[str]]


@dataclass(frozen=True)
class Peer:
    """One peer."""

    name: str
    packages: tuple[str, ...]
    program: str
    """Inside its environment."""
    limit: float
    """How much faster fteval's whole process should be."""
    command: CommandLine
    """(program, base URL, rows with `id`, `prompt` and `target`, an empty folder) -> what to run there."""
    success: tuple[int, ...] = (0,)
    """Exit codes that do not mean trouble."""

    def installed(self, environments: Path) -> Path:
        """Its program, installed into a folder of its own under `environments` unless it is there.

        Raises CalledProcessError or FileNotFoundError where that is not possible.
        """
        home = environments.resolve() / self.name
        if not (home / self.program).exists():
            print(f"installing {' '.join(self.packages)} into {home}", flush=True)
            if self.program.startswith("node_modules"):
                run("npm", "install", "--no-fund", "--no-audit", "--prefix", str(home), *self.packages)
            else:
                run(sys.executable, "-m", "venv", str(home))
                run(str(home / "bin/python"), "-m", "pip", "install", "-q", *self.packages)
        return home / self.program


def run(*command: str) -> None:
    """Raises CalledProcessError with what the command said."""
    subprocess.run(command, check=True, capture_output=True, text=True)


def lm_eval(program: Path, url: str, rows: Path, folder: Path) -> list[str]:
    (folder / "perf_server.yaml").write_text(TASK % rows)
    arguments = f"model=m,base_url={url}/chat/completions,num_concurrent={AT_ONCE}"
    command = [str(program), "run", "--model", "local-chat-completions", "--model_args", arguments]
    command += ["--tasks", "perf_server", "--include_path", str(folder), "--apply_chat_template"]
    return [*command, "--log_samples", "--output_path", str(folder / "out")]


def promptfoo(program: Path, url: str, rows: Path, folder: Path) -> list[str]:
    tests = []
    for line in rows.read_text().splitlines():
        row = json.loads(line)
        tests.append({"vars": {"prompt": row["prompt"]}, "assert": [{"type": "equals", "value": row["target"]}]})
    provider = {"id": "openai:chat:m", "config": {"apiBaseUrl": url, "temperature": 0, "max_tokens": 256}}
    config = {"prompts": ["{{prompt}}"], "providers": [provider], "tests": tests}
    (folder / "promptfooconfig.json").write_text(json.dumps(config))
    command = ["env", f"PROMPTFOO_CONFIG_DIR={program.parents[2] / 'home'}", str(program), "eval"]
    command += ["-c", str(folder / "promptfooconfig.json"), "-j", AT_ONCE, "--no-cache"]
    return [*command, "--no-progress-bar", "--no-table", "-o", str(folder / "out.json")]


def inspect_ai(program: Path, url: str, rows: Path, folder: Path) -> list[str]:
    (folder / "perf_task.py").write_text(INSPECT_TASK % str(rows))
    command = [str(program), "eval", "perf_task.py", "--model", "openai/m", "--model-base-url", url]
    command += ["-M", "responses_api=false"]  # else it asks a path that only OpenAI has
    return [*command, "--max-connections", AT_ONCE, "--log-dir", str(folder / "logs"), "--display", "none"]


PEERS = (
    Peer("lm-eval", ("lm-eval[api]==0.4.13",), "bin/lm_eval", 4.0, lm_eval),
    # 100: some tests failed, as every second one here has to.
    Peer("promptfoo", ("promptfoo@0.121.20",), "node_modules/.bin/promptfoo", 4.0, promptfoo, (0, 100)),
    Peer("inspect", ("inspect-ai==0.3.285", "openai==3.51.0"), "bin/inspect", 10.0, inspect_ai),
)


def found(environments: Path) -> dict[str, tuple[Peer, Path]]:
    """Name -> peer and program; a peer that cannot be had is said."""
    programs = {}
    for peer in PEERS:
        try:
            programs[peer.name] = peer, peer.installed(environments)
        except (OSError, subprocess.CalledProcessError) as trouble:
            said = getattr(trouble, "stderr", None) or str(trouble)
            print(f"{peer.name} is not measured, it could not be installed: {said.strip()[-500:]}")
    return programs
