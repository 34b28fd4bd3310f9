"""Hosted fine-tuning against a provider on this machine (`standin.py`): what is asked for, and that it is paid once.

The bodies are those of OpenAI's API reference for fine-tuning jobs.
"""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from standin import BASE, StandIn
from variants import first

from fteval.data.write import as_lines
from fteval.engines import refs
from fteval.errors import Incomplete, UserError
from fteval.records import Candidate, Message, Sample, Site
from fteval.trainers.hosted import Recipe, cancel, train
from fteval.trainers.making.candidate import find, load_candidate
from fteval.trainers.making.overlap import overlap
from fteval.trainers.provider.client import Waits

pytest.importorskip("openai")

CANARY = "sk-canary-8b1946ac92492d2347c6235b4d2611184"
FAST = Waits(answer=1.0, upload=1.0, outage=0.4, patience=1.0, first=0.002, longest=0.02, looks=(0.0, 0.05, 0.1, 0.2))
ROWS = {
    "supervised": [{"prompt": f"q{n}", "target": f"a{n}"} for n in range(12)],
    "dpo": [{"prompt": f"q{n}", "chosen": f"a{n}", "rejected": "no"} for n in range(12)],
    "reinforcement": [{"prompt": f"q{n}", "target": f"a{n}"} for n in range(12)],
}
GRADER = {"type": "string_check", "name": "g", "operation": "eq", "input": "{{sample.output_text}}", "reference": "a"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "train.jsonl").write_text(as_lines(ROWS["supervised"]))
    return tmp_path / "train.jsonl"


class Made:
    """One store, and what was heard while it was filled."""

    def __init__(self, store: Path) -> None:
        self.store, self.said, self.steps = store, list[str](), list[tuple[int, int, float | None]]()

    def train(self, server: StandIn, data: Path, base: str | None = None, **recipe: Any) -> Candidate:
        name = recipe.pop("name", "hosted")
        return train(base or server.base, Recipe(**recipe), data, self.site, name=name, waits=FAST)

    @property
    def site(self) -> Site:
        heard = lambda p: self.steps.append((p.step, p.total, p.loss))  # noqa: E731
        return Site(self.store, on_preflight=self.said.append, on_progress=heard)

    @property
    def record(self) -> dict[str, Any]:
        (file,) = self.store.glob("*/candidate.json")
        return dict(json.loads(file.read_text()))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "candidates")


# --- what is asked for


@pytest.mark.parametrize(
    ("recipe", "asked"),
    [
        ({}, {"method": {"type": "supervised", "supervised": {}}, "seed": 0}),
        (
            {"n_epochs": 3, "batch_size": 2, "learning_rate_multiplier": 1.8, "seed": 7, "suffix": "no-e"},
            {
                "method": {
                    "type": "supervised",
                    "supervised": {
                        "hyperparameters": {"n_epochs": 3, "batch_size": 2, "learning_rate_multiplier": 1.8}
                    },
                },
                "seed": 7,
                "suffix": "no-e",
            },
        ),
        (
            {"method": "dpo", "beta": 0.1, "n_epochs": 1},
            {"method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 1, "beta": 0.1}}}, "seed": 0},
        ),
        (
            {"method": "reinforcement", "grader": "grader.json", "batch_size": 4},
            {
                "method": {
                    "type": "reinforcement",
                    "reinforcement": {"hyperparameters": {"batch_size": 4}, "grader": GRADER},
                },
                "seed": 0,
            },
        ),
        (
            {"method": "reinforcement", "grader": GRADER},
            {"method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}}, "seed": 0},
        ),
    ],
)
def test_a_recipe_asks_for_its_job_and_nothing_else(
    server: StandIn, made: Made, tmp_path: Path, recipe: dict[str, Any], asked: dict[str, Any]
) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text(as_lines(ROWS[recipe.get("method", "supervised")]))
    (tmp_path / "grader.json").write_text(as_lines([GRADER]))
    candidate = made.train(server, data, **recipe)
    (body,) = server.created
    metadata = body.pop("metadata")
    assert server.files[body.pop("training_file")][1].count(b"\n") == 12
    assert body == {"model": BASE, **asked}
    assert set(metadata) == {"fteval", "dataset_sha256"}
    assert candidate.id == f"ft:{BASE}:acme:{recipe.get('suffix', '')}:0002"


def test_a_validation_file_is_uploaded_in_the_same_form_and_is_part_of_the_record(
    server: StandIn, made: Made, data: Path
) -> None:
    data.with_name("valid.jsonl").write_text(as_lines([{"prompt": "v", "target": "w"}]))
    candidate = made.train(server, data, validation="valid.jsonl")
    (body,) = server.created
    uploaded = server.files[body["validation_file"]][1]
    assert json.loads(uploaded)["messages"][0] == {"role": "user", "content": "v"}
    assert candidate.recipe["validation"] == body["metadata"]["validation_sha256"]
    data.with_name("valid.jsonl").write_text(as_lines([{"prompt": "v", "target": "x"}]))
    made.train(server, data, validation="valid.jsonl")
    assert len(server.jobs) == 2  # another validation file is another job


def test_the_candidate_is_found_by_the_providers_id_and_says_how_it_was_made(
    server: StandIn, made: Made, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = made.train(server, data, suffix="iso")
    folder = find(made.store, candidate.id)
    assert folder is not None and load_candidate(folder) == candidate
    assert find(made.store, candidate.id + ":ckpt-step-2") == folder
    assert candidate.id == f"ft:{BASE}:acme:iso:0002"
    assert (candidate.kind, candidate.base, candidate.recipe["base_url"]) == ("hosted", server.base, server.url)
    assert candidate.data == {"digest": candidate.data["digest"], "rows": 12, "used": 12, "dropped": 0}
    # The id leads to the server that made it, whatever the usual one is.
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert refs.parse(candidate.id, made.store).base.url == server.url
    seen = Sample("a", (Message("system", "Be brief."), Message("user", " Q3 ")))
    assert overlap(folder, [seen, Sample("b", (Message("user", "other"),))]) == ["a"]


def test_a_record_that_names_another_model_is_refused(server: StandIn, made: Made, data: Path) -> None:
    candidate = made.train(server, data)
    (file,) = made.store.glob("*/candidate.json")
    file.write_text(file.read_text().replace(candidate.id, candidate.id + "9"))
    with pytest.raises(UserError, match="the record was changed"):
        load_candidate(file.parent)


@pytest.mark.parametrize(("in_base64", "newest_first"), [(False, True), (True, False)])
def test_progress_checkpoints_and_losses_are_kept(made: Made, data: Path, in_base64: bool, newest_first: bool) -> None:
    with StandIn(newest_first=newest_first, page=2, base64_results=in_base64) as server:
        candidate = made.train(server, data)
    assert made.steps == [(1, 4, 4.0), (2, 4, 2.0), (3, 4, 4 / 3), (4, 4, 1.0)]
    training = made.record["training"]
    assert (training["steps"], training["loss"], training["valid_loss"]) == (4, [4.0, 1.0], [2.5, 1.25])
    assert [c["model"] for c in training["checkpoints"]] == [f"{candidate.id}:ckpt-step-{n}" for n in (2, 4)]
    assert training["checkpoints"][0]["metrics"]["full_valid_loss"] == 2.5
    assert training["hyperparameters"] == {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.8}
    (log,) = made.store.glob("*/training_log.json")
    assert json.loads(log.read_text())[1] == {"step": 2, "train_loss": 2.0, "valid_loss": 2.5, "train_accuracy": 0.5}


@pytest.mark.parametrize("missing", ["/files/result.*", ".*/events", ".*/checkpoints"])
def test_what_a_provider_does_not_have_is_left_out(server: StandIn, made: Made, data: Path, missing: str) -> None:
    server.fail("GET", missing, 404, times=99)
    made.train(server, data)
    training = made.record["training"]
    assert training["loss"] == [4.0, 1.0]  # from the events or from the result file
    assert (training["checkpoints"] is None) == ("checkpoints" in missing)


def test_a_fine_tune_can_be_the_base_and_brings_the_prompts_it_has_seen(
    server: StandIn, made: Made, data: Path
) -> None:
    first = made.train(server, data)
    data.with_name("more.jsonl").write_text(as_lines([{"prompt": f"p{n}", "target": "b"} for n in range(12)]))
    second = made.train(server, data.with_name("more.jsonl"), base=first.id, name="second")
    assert server.created[1]["model"] == first.id
    folder = find(made.store, second.id)
    assert folder is not None
    asked = [Sample(text, (Message("user", text),)) for text in ("q1", "p1", "r1")]
    assert overlap(folder, asked) == ["q1", "p1"]


class Naming(StandIn):
    """Names its models in its own way."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def _advance(self, job: dict[str, Any]) -> None:
        super()._advance(job)
        if job["fine_tuned_model"]:
            job["fine_tuned_model"] = self.model


def test_a_model_without_an_ft_id_is_registered_as_a_model_of_its_server(made: Made, data: Path) -> None:
    with Naming("accounts/acme/models/iso") as server:
        candidate = made.train(server, data)
        assert candidate.id == f"{server.url}#accounts/acme/models/iso"
        assert refs.parse(candidate.id, made.store).base.name == "accounts/acme/models/iso"
        assert find(made.store, candidate.id) is not None


@pytest.mark.parametrize("name", [None, "", "ft:x:y; rm -rf ~", "ft:x:`id`", "ft:x\nft:y", 7], ids=repr)
def test_a_model_whose_name_could_not_stand_in_a_command_is_not_registered(made: Made, data: Path, name: Any) -> None:
    with Naming(name) as server, pytest.raises(Incomplete, match="names no model that could be asked"):
        made.train(server, data)
    assert not list(made.store.glob("*/candidate.json"))


# --- paid once


@pytest.mark.parametrize(
    ("lost", "keeps_metadata", "page"),
    [
        (500, True, 100),
        (502, False, 1),
        ("reset", True, 1),
        ("hang", False, 100),
        (b"<html>bad gateway</html>", True, 100),
        (b'{"id": "ftj', False, 1),
    ],
)
def test_a_job_whose_creation_was_not_answered_is_found(
    made: Made, data: Path, lost: Any, keeps_metadata: bool, page: int
) -> None:
    with StandIn(page=page, keeps_metadata=keeps_metadata, listed_after=0.1) as server:
        for seed in (1, 2):  # other people's jobs, before and after
            Made(made.store.with_name(f"other-{seed}")).train(server, data, seed=seed)
        server.fail("POST", "/fine_tuning/jobs", lost, after=True)
        candidate = made.train(server, data, seed=3)
        assert candidate.id.endswith(":0006")
        assert (len(server.jobs), len(server.created)) == (3, 3)


@pytest.mark.parametrize("lost", [503, "reset"])
def test_a_job_that_is_certainly_not_there_is_not_asked_for_again_before_somebody_says_so(
    server: StandIn, made: Made, data: Path, lost: Any
) -> None:
    server.fail("POST", "/fine_tuning/jobs", lost)
    with pytest.raises(Incomplete, match="lists no such job") as caught:
        made.train(server, data)
    assert "run the same command again" in (caught.value.fix or "")
    assert server.asked("POST", "/fine_tuning/jobs") == 1 and not server.jobs
    made.train(server, data)
    assert len(server.jobs) == 1


def test_a_list_that_lags_behind_a_kill_is_looked_at_again(made: Made, data: Path) -> None:
    with StandIn(listed_after=0.25) as server:
        server.fail("POST", "/fine_tuning/jobs", 500, after=True)
        quick = Waits(answer=1.0, outage=0.1, first=0.01, longest=0.02, looks=(0.0,))
        with pytest.raises(Incomplete, match="lists no such job"):
            train(server.base, Recipe(), data, Site(made.store), waits=quick)
        made.train(server, data)  # its looks are spread over 0.35 s
        assert len(server.jobs) == 1


@pytest.mark.parametrize(
    ("status", "code", "error", "said", "fix"),
    [
        (400, "invalid_hyperparameter", UserError, "400 invalid_hyperparameter: on purpose", None),
        (401, "invalid_api_key", UserError, "401 invalid_api_key", "OPENAI_API_KEY, which is not set"),
        (403, None, UserError, "403", "OPENAI_API_KEY"),
        (404, None, UserError, "not found, or not visible to this organisation", "OPENAI_API_KEY"),
        (429, "rate_limit_exceeded", Incomplete, "429 rate_limit_exceeded", "run the same command again"),
        (429, "insufficient_quota", Incomplete, "the quota is used up", "OPENAI_API_KEY"),
    ],
)
def test_a_refused_job_is_not_retried_and_the_error_says_what_to_do(
    server: StandIn, made: Made, data: Path, status: int, code: str | None, error: type[UserError], said: str, fix: Any
) -> None:
    server.fail("POST", "/fine_tuning/jobs", status, code=code)
    with pytest.raises(error, match=said) as caught:
        made.train(server, data)
    assert type(caught.value).exit_code == error.exit_code
    assert fix is None or fix in str(caught.value.fix)
    assert server.asked("POST", "/fine_tuning/jobs") == 1
    made.train(server, data)
    assert len(server.jobs) == 1


def test_one_recipe_base_and_data_have_one_job_in_every_store_and_under_every_name(
    server: StandIn, made: Made, data: Path, tmp_path: Path
) -> None:
    first = made.train(server, data)
    asked = len(server.log)
    assert made.train(server, data) == first and len(server.log) == asked  # nobody is asked
    assert Made(tmp_path / "elsewhere").train(server, data).id == first.id
    renamed = data.rename(data.with_name("renamed.jsonl"))
    assert made.train(server, renamed, name="other").id == first.id
    assert len(server.jobs) == 1


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"n_epochs": 1}, {"suffix": "x"}, {"method": "dpo", "beta": 0.2}], ids=str
)
def test_another_recipe_is_another_job(server: StandIn, made: Made, data: Path, change: dict[str, Any]) -> None:
    made.train(server, data)
    data.write_text(as_lines(ROWS[change.get("method", "supervised")]))
    made.train(server, data, **change)
    assert len(server.jobs) == 2


def test_two_commands_at_once_create_one_job(server: StandIn, made: Made, data: Path) -> None:
    start, came = threading.Barrier(2), list[object]()

    def command() -> None:
        start.wait()
        try:
            came.append(made.train(server, data).id)
        except Incomplete as error:
            came.append(error.what)

    threads = [threading.Thread(target=command) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(server.jobs) == 1
    assert all(str(one).startswith(("ft:", "locked by pid")) for one in came) and len(came) == 2


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_job_that_gave_no_model_is_an_error_and_the_next_command_creates_another(
    made: Made, data: Path, end: str
) -> None:
    with StandIn(held=True) as server:
        thread = threading.Thread(target=_end_soon, args=(server, end))
        thread.start()
        with pytest.raises(Incomplete, match=r"ftjob-0002 (failed: server_error: it broke|was cancelled)") as caught:
            made.train(server, data)
        thread.join()
        assert caught.value.exit_code == 3
        server.held = False
        # Nor is that one paid twice when its answer is lost.
        server.fail("POST", "/fine_tuning/jobs", 500, after=True)
        assert made.train(server, data).id.endswith(":0004")
        assert len(server.jobs) == 2


def _end_soon(server: StandIn, end: str) -> None:
    while not server.jobs:
        time.sleep(0.01)
    job = server.jobs["ftjob-0002"]
    job |= {"status": end, "error": {"code": "server_error", "message": "it broke"} if end == "failed" else None}


def test_a_file_that_the_provider_finds_too_short_is_the_providers_word(
    server: StandIn, made: Made, data: Path
) -> None:
    data.write_text(as_lines(ROWS["supervised"][:9]))
    with pytest.raises(Incomplete, match=r"invalid_n_examples: Training file has 9 example\(s\), but must have"):
        made.train(server, data)
    assert not list(made.store.glob("*/candidate.json"))


def test_a_job_that_is_gone_is_not_replaced_in_silence(server: StandIn, made: Made, data: Path, tmp_path: Path) -> None:
    made.train(server, data)
    (folder,) = made.store.glob("hosted-*")
    folder.rename(tmp_path / "lost")
    server.jobs.clear()
    with pytest.raises(UserError, match="404") as caught:
        made.train(server, data)
    notes = next(made.store.glob(".training/job-*.json"))
    assert str(notes) in str(caught.value.fix)
    notes.unlink()
    made.train(server, data)
    assert len(server.jobs) == 1


def test_a_list_without_an_end_creates_nothing(made: Made, data: Path) -> None:
    class Deaf(StandIn):
        """Ignores `after`."""

        def _page(self, entries: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
            return super()._page(entries, {"limit": "1"})

    with Deaf() as server:
        server.files["x"] = ("x", b"")
        for _ in range(2):
            server.create(json.dumps({"model": BASE, "training_file": "x", "seed": 0, "method": {}}).encode())
        server.created.clear()
        with pytest.raises(Incomplete, match="does not end"):
            made.train(server, data)
        assert not server.created


# --- followed


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/fine_tuning/jobs/[^/]+", {"what": 429, "headers": {"retry-after": "0.1"}}),
        ("/fine_tuning/jobs/[^/]+", {"what": 503, "times": 3, "headers": {"retry-after": "soon"}}),
        ("/fine_tuning/jobs/[^/]+", {"what": "reset", "times": 2}),
        ("/fine_tuning/jobs/[^/]+", {"what": b"<html>"}),
        ("/fine_tuning/jobs/[^/]+/events", {"what": 500}),
        ("/fine_tuning/jobs/[^/]+/events", {"what": b'{"data": ['}),
        ("/fine_tuning/jobs", {"what": 500}),
        ("/models/[^/]+", {"what": 429}),
        ("/files/file-1", {"what": 500}),
        ("/files/result.*", {"what": 500}),
    ],
)
def test_a_question_is_asked_again_when_the_provider_is_down_or_busy(
    server: StandIn, made: Made, data: Path, path: str, fault: dict[str, Any]
) -> None:
    server.fail("GET", path, fault.pop("what"), **fault)
    made.train(server, data)
    assert made.record["training"]["loss"] == [4.0, 1.0]
    assert len(server.jobs) == 1 and not any(left.times for left in server.faults)


def test_an_upload_whose_answer_is_lost_is_made_again(server: StandIn, made: Made, data: Path) -> None:
    server.fail("POST", "/files", 500, after=True)
    made.train(server, data)
    assert (len(server.files), len(server.jobs)) == (2, 1)


@pytest.mark.parametrize(("status", "said"), [(503, "503"), (401, "401")])
def test_a_provider_that_is_gone_for_good_ends_the_following_and_not_the_job(
    server: StandIn, made: Made, data: Path, status: int, said: str
) -> None:
    server.fail("GET", "/fine_tuning/jobs/[^/]+", status, times=10_000)
    with pytest.raises(Incomplete, match=f"{said}.*ftjob-0002 may go on") as caught:
        made.train(server, data)
    assert "the same command follows it again" in str(caught.value.fix)
    server.faults.clear()
    assert made.train(server, data).id.endswith(":0002")
    assert "going on with ftjob-0002" in " ".join(made.said)


# --- before anything is created


def days(number: int) -> str:
    return (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=number)).isoformat()


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (days(-1), "was shut down on"),
        (days(0), "was shut down on"),
        (0, "was shut down on 1970-01-01"),
        (days(90), "in 90 days"),
        (days(91), None),
        (None, None),
        ("some day", None),
    ],
)
def test_the_end_of_the_base_is_an_error_a_warning_or_nothing(
    server: StandIn, made: Made, data: Path, end: Any, said: str | None
) -> None:
    server.models[BASE] = end
    if said is not None and "was shut down" in said:
        with pytest.raises(UserError, match=said):
            made.train(server, data)
        assert not server.files
    else:
        made.train(server, data)
        assert (said or "in 90 days") not in " ".join(made.said) if said is None else said in " ".join(made.said)


@pytest.mark.parametrize(
    ("base", "rows", "recipe", "said"),
    [
        ("{url}#nope", None, {}, "not found, or not visible to this organisation"),
        ("nano", None, {}, "changes a provider's model, 'nano' is none"),
        ("openai:x", None, {}, "OPENAI_API_KEY is not set"),
        ("{url}#" + BASE, None, {"base_url": "http://127.0.0.1:9/v1"}, "and base_url is"),
        ("{url}#" + BASE, [{"text": 1}, {"text": 2}], {}, ":1: wanted 'messages'.*\n.*:2: wanted"),
        ("{url}#" + BASE, None, {"validation": "gone.jsonl"}, "no such file"),
        ("{url}#" + BASE, ROWS["supervised"], {"method": "reinforcement", "grader": "gone.json"}, "cannot read"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_before_anything_is_uploaded(
    server: StandIn, made: Made, data: Path, base: str, rows: Any, recipe: dict[str, Any], said: str
) -> None:
    if rows:
        data.write_text(as_lines(rows))
    with pytest.raises(UserError, match=f"(?s){said}") as caught:
        made.train(server, data, base=base.format(url=server.url), **recipe)
    assert caught.value.exit_code == 2
    assert not server.files and not server.jobs


def test_offline_nothing_is_asked_and_what_was_made_is_there(server: StandIn, made: Made, data: Path) -> None:
    with pytest.raises(UserError, match="needs its provider"):
        train(server.base, Recipe(), data, Site(made.store, offline=True))
    assert not server.log
    candidate = made.train(server, data)
    assert train(server.base, Recipe(), data, Site(made.store, offline=True)) == candidate


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"method": "sft"}, "'method' is 'sft'"),
        ({"n_epochs": 0}, "'n_epochs' is 0"),
        ({"batch_size": 0}, "'batch_size' is 0"),
        ({"learning_rate_multiplier": float("inf")}, "'learning_rate_multiplier' is inf"),
        ({"beta": 0.1}, "with method dpo"),
        ({"method": "dpo", "beta": 0}, "'beta' is 0"),
        ({"method": "reinforcement"}, "'grader' is None"),
        ({"grader": {}}, "'grader' is {}"),
        ({"suffix": "x" * 65}, "at most 64|1 to 64 characters"),
        ({"seed": -1}, "'seed' is -1"),
    ],
)
def test_a_value_that_means_nothing_is_an_error(recipe: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Recipe(**recipe)


def test_without_the_package_the_error_says_what_to_install(server: StandIn, data: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['openai'] = None; from fteval.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "train", "hosted", "--base", server.base, "--data", str(data)],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2 and "pip install 'fteval[hosted]'" in done.stderr


# --- the command


def command(server: StandIn, data: Path, *more: str, **variables: str) -> subprocess.Popen[str]:
    """`fteval train hosted` in the data's folder, as a provider's customer has it set up."""
    return subprocess.Popen(
        [sys.executable, "-m", "fteval", "train", "hosted", "--base", f"openai:{BASE}", "--data", data.name, *more],
        cwd=data.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": CANARY, **variables},
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def when(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 600  # what never comes must end, too
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize(("number", "code"), first([(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]))
def test_a_job_goes_on_after_a_signal_and_the_same_command_follows_it_again(
    data: Path, number: signal.Signals, code: int
) -> None:
    with StandIn(key=CANARY, held=True, steps=2) as server:
        first = command(server, data)
        when(lambda: any(job["_step"] == 1 for job in server.jobs.values()))
        first.send_signal(number)
        returned, out, err = finish(first)
        assert (returned, out) == (code, "")
        if number != signal.SIGKILL:
            assert "ftjob-0002 goes on at the provider" in err and "the same command follows it again" in err
        assert not list(data.parent.glob(".fteval/candidates/*/candidate.json"))
        server.held = False
        returned, out, err = finish(command(server, data))
        assert (returned, out.strip()) == (0, f"ft:{BASE}:acme::0002"), err
        assert "going on with ftjob-0002" in err
        assert len(server.created) == 1


def test_a_kill_while_the_job_is_created_does_not_pay_twice(data: Path) -> None:
    with StandIn(key=CANARY, steps=1) as server:
        server.fail("POST", "/fine_tuning/jobs", "hang", after=True)
        first = command(server, data)
        when(lambda: server.jobs)
        first.kill()
        finish(first)
        returned, _, err = finish(command(server, data))
        assert returned == 0, err
        assert len(server.created) == 1


def test_the_key_is_in_no_file_and_in_no_message(data: Path) -> None:
    with StandIn(key=CANARY, steps=1) as server:
        returned, out, err = finish(command(server, data, "--json"))
        assert returned == 0, err
        assert json.loads(out)["base"] == f"openai:{BASE}"
        # This provider repeats the key that it refuses.
        _, _, refused = finish(command(server, data, "--set", "seed=1", "--debug", OPENAI_API_KEY=CANARY + "-old"))
        assert "Traceback" in refused and "401" in refused and "OPENAI_API_KEY" in refused
    assert not any(CANARY in text for text in (out, err, refused))
    assert files_with(data.parent, BASE) and not files_with(data.parent, CANARY)


def test_a_job_is_cancelled_when_it_is_asked_for_and_only_then(data: Path) -> None:
    with StandIn(key=CANARY, held=True, steps=2) as server:
        followed = command(server, data)
        when(lambda: any(job["_step"] == 1 for job in server.jobs.values()))
        assert finish(command(server, data, "--cancel"))[:2] == (0, "cancelled: ftjob-0002\n")
        returned, _, err = finish(followed)
        assert returned == 3 and "ftjob-0002 was cancelled" in err


def test_what_has_succeeded_or_was_never_asked_for_is_not_cancelled(server: StandIn, made: Made, data: Path) -> None:
    with pytest.raises(UserError, match="no job of this base, recipe and data goes on"):
        cancel(server.base, Recipe(), data, made.site, waits=FAST)
    made.train(server, data)
    with pytest.raises(UserError, match="ftjob-0002 has succeeded"):
        cancel(server.base, Recipe(), data, made.site, waits=FAST)
    assert server.asked("POST", "/fine_tuning/jobs/.*/cancel") == 0


CONFIG = f"""\
version: 1
base: openai:{BASE}
candidates:
  tuned: {{train: hosted, data: train.jsonl, n_epochs: 2}}
probes:
  support: {{use: holdout, data: holdout.jsonl, score: [exact]}}
gates:
  - {{probe: support, metric: exact, min_gain: 10pp}}
"""


def test_a_config_trains_its_hosted_candidate_and_gates_it(data: Path) -> None:
    data.with_name("holdout.jsonl").write_text(as_lines([{"prompt": f"h{n}", "target": "yes"} for n in range(60)]))
    data.with_name("fteval.yaml").write_text(CONFIG)
    run = [sys.executable, "-m", "fteval", "run", "--json"]
    with StandIn(key=CANARY, steps=1, answer=lambda model, _: "yes" if model.startswith("ft:") else "no") as server:
        env = {**os.environ, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": CANARY}
        done = subprocess.run(run, cwd=data.parent, env=env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        assert len(server.created) == 1
    verdict = json.loads(done.stdout)
    assert (verdict["verdict"], verdict["candidates"][0]["ref"]) == ("ship", f"ft:{BASE}:acme::0002")
    assert not files_with(data.parent, CANARY)
