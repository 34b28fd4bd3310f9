"""What a run against a server costs, the budgets that end it, and models that are about to be shut down."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import Done, answered, by_prompt, holdout, prompt, rows, runs
from servers.fake import Server

from fteval import cli

N = 20
STORE = Path(".fteval")
Run = Callable[..., Done]
PRICED = "gpt-4o-mini-2024-07-18"
"""0.15 and 0.60 USD for a million tokens since July 2024: a question of 4 words with an answer of 1 is 1.2e-6 USD."""
TUNED = f"ft:{PRICED}:acme::abc123"


@pytest.fixture
def hosted(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server stands for OpenAI's."""
    server.model.also = (PRICED, TUNED)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    return server


def asked(server: Server) -> set[str]:
    return {text for text in server.prompts if text.startswith("Question")}


def test_tokens_and_time_of_each_answer_are_kept(run: Run, server: Server) -> None:
    server.latency = 0.05
    assert run("-j", "4").code == 0
    for text, row in by_prompt(runs(STORE)[0]).items():
        assert (row["prompt_tokens"], row["completion_tokens"]) == (len(text.split()), 1)
        assert 0.05 <= row["seconds"] < 2
        assert "fp_1" in str(row)


def test_cost_and_latency_stand_in_the_comparison(run: Run, hosted: Server) -> None:
    done = run("--against", f"openai:{PRICED}", "-o", "report.md", model=TUNED)
    assert done.code in (0, 4), done.said
    report = Path("report.md").read_text()
    assert re.search("cost|USD|[$]", report)
    assert re.search("latency|seconds| s ", report)


@pytest.mark.parametrize(("option", "budget"), [("--max-total-tokens", "500"), ("--max-usd", "0.00016")])
def test_a_spent_budget_stops_cleanly_and_resume_goes_on(
    run: Run, hosted: Server, here: Path, option: str, budget: str
) -> None:
    """200 answers take 1,000 tokens, 0.00024 USD, and what finding out about the server takes counts too."""
    data = holdout(here / "many.jsonl", 200)
    usual = ("-j", "2", "--max-tokens", "2")  # short, because the longest answer may be set aside
    done = run(*usual, option, budget, model=f"openai:{PRICED}", holdout=data)
    assert done.code == 3, done.said
    used = hosted.usage["prompt_tokens"], hosted.usage["completion_tokens"]
    spent = sum(used) if option == "--max-total-tokens" else used[0] * 0.15e-6 + used[1] * 0.60e-6
    assert 0.8 * float(budget) <= spent <= float(budget)
    assert option in done.err
    assert "--resume" in done.err
    kept = answered(runs(STORE)[0])
    assert 20 <= len(kept) <= 140
    hosted.forget()
    again = run(*usual, "--resume", model=f"openai:{PRICED}", holdout=data)
    assert again.code == 0, again.said
    assert asked(hosted) == {prompt(i) for i in range(200)} - kept
    assert all(row["status"] == "ok" for row in by_prompt(runs(STORE)[0]).values())


def test_a_budget_counts_both_models_of_a_comparison(run: Run, hosted: Server) -> None:
    done = run("-j", "1", "--max-total-tokens", "150", "--against", f"openai:{PRICED}", model=TUNED)
    assert done.code == 3, done.said  # 100 tokens for one model, and as many for the other
    assert len(hosted.completions) < 2 * N + 16


@pytest.mark.parametrize("option", ["--max-usd", "--max-total-tokens", "--timeout"])
@pytest.mark.parametrize("wrong", ["-1", "nan", "lots"])
def test_a_budget_that_is_none_is_refused(run: Run, server: Server, option: str, wrong: str) -> None:
    done = run(option, wrong)
    assert done.code == 2, done.said
    assert server.requests == []


def test_a_limit_in_money_needs_a_price(run: Run, server: Server) -> None:
    done = run("--max-usd", "1")
    assert done.code == 2, done.said
    assert "price" in done.err
    assert asked(server) == set()


def test_a_dry_run_estimates_and_asks_for_no_answer(run: Run, hosted: Server) -> None:
    done = run("--dry-run", model=f"openai:{PRICED}")
    assert done.code == 0, done.said
    assert hosted.completions == []
    assert re.search("USD|[$]", done.out)


def test_a_dry_run_needs_no_key(run: Run, hosted: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in CI for a pull request from a fork, which sees no secrets."""
    monkeypatch.delenv("OPENAI_API_KEY")
    assert run("--dry-run", model=f"openai:{PRICED}").code == 0
    done = run(model=f"openai:{PRICED}")
    assert done.code == 2
    assert "OPENAI_API_KEY is not set" in done.err
    assert hosted.requests == []


def test_a_budget_holds_for_both_halves_of_a_noise_floor_together(
    server: Server, here: Path, data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def noise(budget: str) -> int:
        command = ("noise", "--model", server.ref, "--holdout", str(data), "--temperature", "1", "-j", "2")
        return cli.call([*command, "--max-total-tokens", budget])

    assert noise("1400") == 3  # 40 answers, what finding out takes, and the longest answer that is set aside: 1,900
    said = capfd.readouterr().err
    assert "the budget is used up" in said
    assert "--resume" not in said
    assert noise("4000") == 0


# --- shut down ----------------------------------------------------------------------------------------


def day(distance: int) -> str:
    return (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=distance)).isoformat()


def verdict(run: Run) -> tuple[int, dict[str, object], str]:
    """Exit code, verdict.json and all warnings of the fine-tune against its base."""
    done = run("--against", f"openai:{PRICED}", "-o", "verdict.json", model=TUNED)
    whole = json.loads(Path("verdict.json").read_text())
    warnings = [*whole.get("warnings", []), *(w for c in whole["candidates"] for w in c["warnings"])]
    return done.code, whole, " ".join(warnings) + done.out + done.err


@pytest.mark.parametrize("distance", [1, 30, 89])
def test_a_base_that_is_shut_down_soon_is_a_warning_in_the_verdict(run: Run, hosted: Server, distance: int) -> None:
    hosted.models[PRICED] = {"shutdown_date": day(distance)}
    code, whole, said = verdict(run)
    assert code in (0, 4), said
    assert day(distance) in str(whole)
    assert day(distance) in said


@pytest.mark.parametrize("date", [day(91), day(400), None])
def test_a_base_that_stays_is_no_warning(run: Run, hosted: Server, date: str | None) -> None:
    hosted.models[PRICED] = {"shutdown_date": date}
    code, _, said = verdict(run)
    assert code in (0, 4), said
    assert "shut" not in said


def test_a_base_that_is_past_its_end_fails_the_verdict(run: Run, hosted: Server) -> None:
    hosted.models[PRICED] = {"shutdown_date": day(-1)}
    code, whole, said = verdict(run)
    assert code in (1, 3), said
    assert whole["verdict"] in ("do_not_ship", "incomplete")
    assert day(-1) in said


@pytest.mark.parametrize("date", ["soon", "2027-13-45", "2027-02-30", "", {}, True, 1e300])
def test_a_date_that_is_none_breaks_nothing(run: Run, hosted: Server, date: object) -> None:
    hosted.models[PRICED] = {"shutdown_date": date}
    assert verdict(run)[0] in (0, 4)


def test_the_fine_tune_is_measured_against_its_base(run: Run, hosted: Server) -> None:
    code, whole, said = verdict(run)
    assert code in (0, 4), said
    assert whole["base"]["ref"] == f"openai:{PRICED}"  # type: ignore[index]
    assert {row["status"] for r in runs(STORE) for row in rows(r)} == {"ok"}
    names = {seen.body["model"] for seen in hosted.completions}
    assert names == {PRICED, TUNED}
