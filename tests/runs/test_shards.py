"""Batch files: written once, run anywhere, collected whole; the end is that of a run against a live server."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from engines.asking import KEY, Done, answer, environment, finish, holdout, prompt, rows, runs, spawn, start
from servers import run_batch
from servers.batch_api import BatchApi
from servers.fake import Server
from servers.model import Model
from variants import first

from fteval.runs.journal.lock import Lock

N = 30
SIZE = 8
FILES = 4
"""Of each model: 8 + 8 + 8 + 6."""
ANSWERS = {
    "weak": {prompt(i): answer(i) if i % 3 else "no idea" for i in range(N)},
    "good": {prompt(i): answer(i) for i in range(N)},
}
CONFIG = """version: 1
base: {base}
candidates: {{good: {{model: "{good}"}}}}
probes: {{words: {{use: holdout, data: words.jsonl, score: [exact]}}}}
gates: [{{probe: words, metric: exact, min_gain: 5pp}}]
"""


@dataclass(frozen=True)
class Project:
    """A folder with a hold-out, a config, and a `vllm` on the path."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def fteval(self, *args: str, **env: str) -> Done:
        return spawn(*args, folder=self.folder, **env)

    def plan(self, *args: str) -> list[str]:
        """The commands that `run --shards` prints."""
        done = self.fteval("run", "--shards", "work", "--shard-size", str(SIZE), *args)
        assert done.code == 0, done.said
        return done.out.splitlines()

    def collect(self, *args: str, **env: str) -> Done:
        return self.fteval("collect", "work", *args, **env)

    def execute(self, line: str, pause: float = 0.0) -> subprocess.Popen[bytes]:
        """The command in a process of its own, with the executor as its `vllm`."""
        env = environment(
            RUN_BATCH_ANSWERS=str(self.folder / "answers.json"),
            RUN_BATCH_LOG=str(self.folder / "asked"),
            RUN_BATCH_PAUSE=str(pause),
            PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}",
        )
        return subprocess.Popen(shlex.split(line), cwd=self.folder, env=env)

    def execute_all(self, lines: list[str]) -> None:
        for line in lines:
            assert self.execute(line).wait(60) == 0

    def asked(self) -> Counter[str]:
        """How often the executors were asked for each key."""
        log = self.folder / "asked"
        return Counter(log.read_text().split()) if log.exists() else Counter()

    def respond(self, file: str) -> list[dict[str, Any]]:
        """The output rows of a batch file."""
        return [run_batch.respond(json.loads(line), ANSWERS) for line in (self.work / file).read_text().splitlines()]

    def put(self, name: str, *outputs: dict[str, Any], end: str = "\n") -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(map(json.dumps, outputs)) + end)
        return path

    def put_all(self, but: str = "") -> None:
        """Outputs of all batch files but one."""
        for path in inputs(self.work):
            if path.name != but:
                self.put(f"out/{path.name}", *self.respond(path.name))


def inputs(work: Path) -> list[Path]:
    return sorted(path for path in work.glob("*-0000?.jsonl") if "out" not in path.name)


def verdict(path: Path) -> Any:
    """A verdict.json without what must differ between two runs: ids, digests, refs, times."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            left = (
                "where",
                "ref",
                "run",
                "digest",
                "id",
                "seconds",
                "command",
                "created",
                "warnings",
                "cost",
                "latency",
                "served",  # whose seconds the costs are
            )
            return {k: plain(v) for k, v in value.items() if k not in left}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return plain(json.loads(path.read_text()))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    holdout(tmp_path / "words.jsonl", N)
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS))
    config = CONFIG.format(base="http://gpu.test/v1#weak", good="http://gpu.test/v1#good")
    (tmp_path / "fteval.yaml").write_text(config)
    (tmp_path / "bin").mkdir()
    vllm = tmp_path / "bin" / "vllm"
    vllm.write_text(f'#!/bin/sh\nexec {sys.executable} {run_batch.__file__} "$@"\n')
    vllm.chmod(0o755)
    return Project(tmp_path)


def test_two_executors_in_parallel_give_the_verdict_of_a_run_against_a_live_server(project: Project) -> None:
    commands = project.plan("-o", "verdict.json")
    assert len(commands) == 2 * FILES
    for one, other in zip(commands[::2], commands[1::2], strict=True):
        both = [project.execute(one), project.execute(other)]
        assert [process.wait(60) for process in both] == [0, 0]
    collected = project.collect()
    assert project.asked() == Counter(dict.fromkeys(project.asked(), 1))
    assert len(project.asked()) == 2 * N

    (project.folder / "live").mkdir()
    with Server(Model("weak", answers=ANSWERS["weak"])) as weak, Server(Model("good", answers=ANSWERS["good"])) as good:
        (project.folder / "live.yaml").write_text(CONFIG.format(base=weak.ref, good=good.ref))
        live = project.fteval("run", "-c", "live.yaml", "--store", "live", "-o", "live.json")
    assert collected.code == live.code == 0, collected.said + live.said
    assert verdict(project.folder / "verdict.json") == verdict(project.folder / "live.json")
    assert json.loads((project.folder / "verdict.json").read_text())["verdict"] == "ship"


def test_a_killed_executor_s_half_file_is_kept_and_only_its_rest_is_run(project: Project) -> None:
    commands = project.plan()
    project.execute_all(commands[:1] + commands[2:])
    dies = project.execute(commands[1], pause=0.05)
    log = project.folder / "asked"
    while len(log.read_text().split()) < 2 * N - SIZE + 4:
        time.sleep(0.005)
    dies.kill()
    assert dies.wait(60) == -signal.SIGKILL
    half = project.collect()
    assert half.code == 3, half.said
    assert "base-00002.jsonl" in half.err
    missing = [json.loads(line) for line in (project.work / "base-missing-00001.jsonl").read_text().splitlines()]
    planned = [json.loads(line) for line in (project.work / "base-00002.jsonl").read_text().splitlines()]
    done = [
        json.loads(line) for line in (project.work / "base-00002.out.jsonl").read_text().splitlines() if len(line) > 40
    ]
    assert missing == planned[len(done) :]
    finished = project.asked()
    rest = project.plan()
    assert ["base-missing-00001.jsonl" in line for line in rest] == [True]
    project.execute_all(rest)
    again = project.asked() - finished
    assert again.keys() == {row["custom_id"] for row in missing}
    whole = project.collect()
    assert whole.code == 0, whole.said
    assert not (project.work / "base-missing-00001.jsonl").exists()
    assert len(runs(project.folder / ".fteval")) == 2


def test_a_second_plan_writes_the_same_bytes_makes_no_run_and_asks_for_what_is_open(project: Project) -> None:
    first = project.plan()
    before = {path.name: path.read_bytes() for path in inputs(project.work)}
    record = (project.work / "plan.json").read_text()
    assert project.plan() == first
    for path in inputs(project.work):
        path.unlink()
    assert project.plan() == first
    assert {path.name: path.read_bytes() for path in inputs(project.work)} == before
    project.execute_all(first[:3])
    (project.work / "base-00001.jsonl").unlink()
    assert project.plan() == first[3:]
    assert not (project.work / "base-00001.jsonl").exists(), "a finished file was written again"
    assert (project.work / "plan.json").read_text() == record
    assert len(runs(project.folder / ".fteval")) == 2


WHOLE = ["after-write:6", "during-rename:2"]
"""While it is scored, and at the first summary."""
HALF = ["before-write:4", "after-write:3", "after-sync:4", "during-rename:1"]
"""The first two writes say that the runs are resumed, the next two are answers; the rename is of plan.json."""
KILLS = [*((point, "") for point in WHOLE), *((point, "good-00004.jsonl") for point in HALF)]
"""and which outputs come late"""


@pytest.mark.parametrize(("point", "late"), first(KILLS, always=3))
def test_a_killed_collect_loses_nothing(project: Project, point: str, late: str) -> None:
    project.plan()
    project.put_all(but=late)
    killed = project.collect(FTEVAL_TEST_KILL_AT=point)
    assert killed.code == -signal.SIGKILL, killed.said
    if late:
        project.put("late.jsonl", *project.respond(late))
    whole = project.collect()
    assert whole.code == 0, whole.said
    for run in runs(project.folder / ".fteval"):
        assert Counter(row["key"] for row in rows(run)) == Counter({row["key"]: 1 for row in rows(run)})
        assert len(rows(run)) == N


def test_outputs_in_any_order_in_any_files_twice_and_torn_are_taken(project: Project) -> None:
    project.plan()
    found = [row for path in inputs(project.work) for row in project.respond(path.name)]
    random.Random(5).shuffle(found)
    project.put("machine-a/x.jsonl", *found[:40])
    project.put("machine-b/y.jsonl", *found[30:], end="")
    torn = project.put("machine-b/z.jsonl", *found[:3], end='\n{"id": "vllm-1", "custom_id": "ab')
    done = project.collect()
    assert done.code == 0, done.said
    assert f"{torn.relative_to(project.folder)}:4 is half-written" in done.err.replace(f"{project.folder}/", "")


def test_of_two_answers_to_one_key_the_first_counts_and_it_is_said(project: Project) -> None:
    project.plan()
    project.put_all()
    other = project.respond("good-00001.jsonl")[0]
    other["response"]["body"]["choices"][0]["message"]["content"] = "something else"
    project.put("zz.jsonl", other)
    done = project.collect()
    assert done.code == 0, done.said
    assert "1 rows answer a key that is answered already" in done.err
    assert "something else" not in {row["text"] for run in runs(project.folder / ".fteval") for row in rows(run)}


def change_an_input(project: Project) -> str:
    path = project.work / "good-00002.jsonl"
    path.write_text(path.read_text().replace("Question 9", "Question 8"))
    return "good-00002.jsonl"


def put_a_foreign_row(project: Project) -> str:
    project.put("foreign.jsonl", {**project.respond("good-00001.jsonl")[0], "custom_id": "of-another-plan"})
    return "foreign.jsonl:1"


def break_a_line(project: Project) -> str:
    path = project.put("broken.jsonl", *project.respond("good-00001.jsonl")[:2])
    path.write_text(path.read_text().replace('{"id"', "", 1))
    return "broken.jsonl:1"


def change_the_holdout(project: Project) -> str:
    holdout(project.folder / "words.jsonl", N - 1)
    return "planned differently"


@pytest.mark.parametrize(
    ("spoil", "code"), [(change_an_input, 2), (put_a_foreign_row, 2), (break_a_line, 3), (change_the_holdout, 2)]
)
def test_what_does_not_belong_is_an_error_that_names_it(
    project: Project, spoil: Callable[[Project], str], code: int
) -> None:
    project.plan()
    project.put_all()
    named = spoil(project)
    done = project.collect()
    assert done.code == code, done.said
    assert named in done.err
    assert not any(rows(run) for run in runs(project.folder / ".fteval")), "something was taken all the same"


def failing(row: dict[str, Any], status: int | None, error: Any) -> dict[str, Any]:
    response = None if status is None else {"status_code": status, "request_id": "r", "body": None}
    return {**row, "response": response, "error": error}


@pytest.mark.parametrize(
    ("status", "error", "kind", "again"),
    first(
        [
            (400, {"error": {"message": "maximum context length is 8"}}, "prompt_too_long", False),
            (400, {"error": {"message": "no", "code": "content_filter"}}, "content_filter", False),
            (429, {"error": {"message": "slow down"}}, "rate_limited", True),
            (500, {"error": {"message": "out of memory"}}, "server_error", True),
            (404, {"error": {"message": "The model `x` does not exist."}}, "not_found", True),
            (None, {"code": "batch_expired", "message": "too late"}, "not_run", True),
        ],
        always=3,
    ),
)
def test_an_error_row_is_a_failure_of_its_kind_or_is_run_again(
    project: Project, status: int | None, error: Any, kind: str, again: bool
) -> None:
    project.plan()
    project.put_all(but="good-00001.jsonl")
    first, *others = project.respond("good-00001.jsonl")
    project.put("out.jsonl", failing(first, status, error), *others)
    for _ in range(2):  # collecting again adds nothing
        done = project.collect()
        assert done.code == 3, done.said
        failures = [
            row["failure"]["kind"]
            for run in runs(project.folder / ".fteval")
            for row in rows(run)
            if row["status"] == "error"
        ]
        assert failures == ([] if again else [kind])
        assert (project.work / "good-missing-00001.jsonl").exists() == again
        assert (f"1 came back as {kind}" in done.err) == again
    if again:
        project.put("mended.jsonl", first)
        assert project.collect().code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--sequential", "--shards", "work"), "--sequential"),
        (("--resume", "--shards", "work"), "--resume"),
        (("--max-total-tokens", "10", "--shards", "work"), "budget"),
        (("--batch-api",), "--shards"),
        (("--model", "replay:words.jsonl", "--shards", "work"), "has its answers already"),
    ],
)
def test_what_batch_files_cannot_do_is_refused_before_anything_is_written(
    project: Project, args: tuple[str, ...], said: str
) -> None:
    done = project.fteval("run", *args)
    assert done.code == 2, done.said
    assert said in done.err
    assert not (project.work / "plan.json").exists()
    assert runs(project.folder / ".fteval") == []


def test_a_folder_with_another_plan_is_refused(project: Project) -> None:
    project.plan()
    other = project.fteval("run", "--shards", "work", "--max-tokens", "7")
    assert other.code == 2, other.said
    assert "sampling.max_tokens" in other.err


def test_a_project_that_moved_is_planned_again_and_keeps_its_runs(project: Project) -> None:
    project.plan()
    project.put_all()
    moved = Project(project.folder.rename(project.folder.with_name("moved")))
    gone = moved.collect()
    assert gone.code == 2, gone.said
    assert "which is gone" in gone.err
    assert moved.plan() == []
    assert moved.collect().code == 0
    assert len(runs(moved.folder / ".fteval")) == 2


def test_two_at_once_in_one_folder_are_refused(project: Project) -> None:
    project.plan()
    with Lock(project.work / ".lock"):
        done = project.collect()
    assert done.code == 3, done.said
    assert "locked by pid" in done.err


def test_what_an_earlier_run_answered_is_in_no_file(project: Project) -> None:
    ask = ("run", "--model", "ft:gpt-x-2026-01-01:o:n:1", "--holdout", "words.jsonl", "--score", "exact", "--shards")
    assert project.fteval(*ask, "first", "--limit", "10").code == 0
    lines = [json.loads(line) for line in next((project.folder / "first").glob("ft*.jsonl")).read_text().splitlines()]
    outputs = [run_batch.respond(row, {row["body"]["model"]: ANSWERS["good"]}) for row in lines]
    (project.folder / "first" / "out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in outputs))
    assert project.fteval("collect", "first").code == 0
    assert project.fteval(*ask, "second").code == 0
    left = next((project.folder / "second").glob("ft*.jsonl")).read_text().splitlines()
    assert len(left) == N - 10


def test_a_hosted_model_s_files_say_only_what_its_provider_takes_and_need_no_key(project: Project) -> None:
    ask = ("run", "--model", "ft:gpt-x-2026-01-01:o:n:1", "--holdout", "words.jsonl", "--shards", "work")
    done = project.fteval(*ask, OPENAI_API_KEY="")
    assert done.code == 0, done.said
    assert done.out == ""
    body = json.loads(next(iter(project.work.glob("ft*.jsonl"))).read_text().splitlines()[0])["body"]
    assert body.keys() == {"model", "messages", "temperature", "top_p", "max_completion_tokens", "seed"}
    before = runs(project.folder / ".fteval")
    (project.folder / "p.yaml").write_text(
        "version: 1\nbase: http://gpu.test/v1#a\ncandidates: {b: {model: openai:gpt-x-2026-01-01}}\n"
        "probes: {w: {use: holdout, data: words.jsonl, score: [exact]}}\n"
        "sampling: {repetition_penalty: 1.2}\n"
    )
    refused = project.fteval("run", "-c", "p.yaml", "--shards", "other")
    assert refused.code == 2, refused.said
    assert "repetition_penalty" in refused.err
    assert runs(project.folder / ".fteval") == before


def test_local_weights_are_known_by_their_bytes_and_served_by_vllm_under_path_and_name(
    project: Project, tiny_model: Path, tiny_adapter: Path
) -> None:
    done = project.fteval(
        "run", "--model", f"{tiny_model}+{tiny_adapter}", "--against", str(tiny_model),
        "--holdout", "words.jsonl", "--shards", "work",
    )  # fmt: skip
    assert done.code == 0, done.said
    base, adapter = done.out.splitlines()
    assert shlex.split(base)[-2:] == ["--model", str(tiny_model.resolve())]
    name = tiny_adapter.name
    assert f"--enable-lora --lora-modules {name}={tiny_adapter.resolve()}" in adapter
    assert json.loads((project.work / f"{name}-00001.jsonl").read_text().splitlines()[0])["body"]["model"] == name
    manifests = [
        json.loads((run / "manifest.json").read_text())["plan"]["engine"] for run in runs(project.folder / ".fteval")
    ]
    assert {m["engine"] for m in manifests} == {"batch"}
    assert manifests[0]["weights"] == manifests[1]["weights"]
    assert sorted(m["adapter"] is None for m in manifests) == [False, True]


# --- a provider's batches -------------------------------------------------------------------------


HOSTED = ("run", "-c", "hosted.yaml", "--shards", "work", "--shard-size", str(SIZE), "--batch-api")
OLD, NEW = "openai:weak-2026-01-01", "openai:good-2026-01-01"


@pytest.fixture
def provider(project: Project) -> Iterator[BatchApi]:
    (project.folder / "hosted.yaml").write_text(CONFIG.format(base=OLD, good=NEW))
    with BatchApi({f"{name}-2026-01-01": answers for name, answers in ANSWERS.items()}) as api:
        yield api


def test_a_provider_runs_the_files_once_each_and_the_verdict_follows(project: Project, provider: BatchApi) -> None:
    done = project.fteval(*HOSTED, OPENAI_BASE_URL=provider.url)
    assert done.code == 0, done.said
    assert "ship" in done.out.lower()
    assert Counter(provider.calls) == {"upload": 2 * FILES, "create": 2 * FILES}
    again = project.fteval(*HOSTED, OPENAI_BASE_URL=provider.url)
    assert again.code == 0, again.said
    assert len(provider.calls) == 4 * FILES
    assert KEY not in "".join(p.read_text() for p in project.folder.rglob("*.json*") if p.is_file()) + done.said


def test_the_key_that_the_config_names_is_the_one_that_is_sent(project: Project, provider: BatchApi) -> None:
    config = project.folder / "hosted.yaml"
    config.write_text(config.read_text() + "server: {key: OTHER_KEY}\n")
    done = project.fteval(*HOSTED, OPENAI_BASE_URL=provider.url, OTHER_KEY="sk-other-9876543210")
    assert done.code == 0, done.said
    assert provider.keys == {"Bearer sk-other-9876543210"}


def test_a_batch_whose_creation_was_not_answered_is_found_and_not_created_again(
    project: Project, provider: BatchApi
) -> None:
    provider.loses_answers = 2
    done = project.fteval(*HOSTED, OPENAI_BASE_URL=provider.url)
    assert done.code == 0, done.said
    assert len(provider.batches) == 2 * FILES
    assert len({batch["metadata"]["fteval_shard"] for batch in provider.batches.values()}) == 2 * FILES


def test_what_expired_is_run_again_by_the_same_command(project: Project, provider: BatchApi) -> None:
    provider.expires_after = 5
    done = project.fteval(*HOSTED, OPENAI_BASE_URL=provider.url)
    assert done.code == 3, done.said
    assert f"{SIZE - 5} came back as not_run" in done.err
    again = project.fteval(*HOSTED, OPENAI_BASE_URL=provider.url)
    assert again.code == 0, again.said
    assert len(provider.batches) == 2 * FILES + 1
    rerun = provider.files[provider.batches[f"batch_{2 * FILES}"]["input_file_id"]]
    assert len(rerun.splitlines()) == SIZE - 5


@pytest.mark.parametrize(("sent", "code"), first([(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)]))
def test_an_interrupted_wait_goes_on_with_the_same_batches(
    project: Project, provider: BatchApi, sent: signal.Signals, code: int
) -> None:
    provider.looks = 10**6
    process = start(*HOSTED, folder=project.folder, OPENAI_BASE_URL=provider.url)
    while len(provider.batches) < 2 * FILES or not all(b["seen"] for b in provider.batches.values()):
        assert process.poll() is None, finish(process).said
        time.sleep(0.01)
    process.send_signal(sent)
    stopped = finish(process)
    assert stopped.code == code, stopped.said
    provider.looks = 1
    done = project.fteval(*HOSTED, OPENAI_BASE_URL=provider.url)
    assert done.code == 0, done.said
    assert len(provider.batches) == 2 * FILES
