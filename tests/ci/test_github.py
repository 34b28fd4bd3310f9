"""`fteval ci github` against a server that plays GitHub's API."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from variants import first

from fteval.ci import github, notes
from fteval.ci.api import Api, Failed

Run = Callable[..., tuple[int, str, str]]
MARKER = "<!-- fteval:report suite=sums job=fteval -->"
PERSON = {"id": 7, "login": "someone", "type": "User"}
ROBOT = {"id": 41898282, "login": "github-actions[bot]", "type": "Bot"}


def summary(here: Path) -> str:
    return (here / "summary.md").read_text(encoding="utf-8")


# --- one comment ------------------------------------------------------------------------------------


def test_a_push_makes_the_comment_and_the_next_one_edits_it(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path
) -> None:
    project("fail"), job()
    code, out, _ = fteval("ci", "github")
    assert code == 0
    (body,) = hub.by_robot()
    assert body.startswith(f"{MARKER}\n\n### ❌ fteval: do not ship `mine`")
    assert "https://github.com/a/b/actions/runs/99" in body
    assert out.startswith("::error file=fteval.yaml,line=8,title=fteval%3A contains")
    assert "do not ship" in summary(here)
    project("ship")
    assert fteval("ci", "github")[0] == 0
    (body,) = hub.by_robot()
    assert body.startswith(f"{MARKER}\n\n### ✅ fteval: ship `mine`")
    assert hub.methods() == ["POST", "PATCH"]


@pytest.mark.parametrize("links", [True, False])
def test_the_comment_is_found_on_page_3(fteval: Run, project: Any, job: Any, hub: Any, links: bool) -> None:
    project("ship"), job()
    hub.links = links
    for i in range(250):
        hub.add(f"comment {i}", PERSON)
    hub.comments[230].update(body=f"{MARKER}\r\n\r\nold", user=ROBOT)
    fteval("ci", "github")
    assert hub.methods() == ["PATCH"]
    assert "fteval: ship" in hub.comments[230]["body"]
    assert [p for a in hub.asked for p in re.findall(r"[?&]page=(\d+)", a.path)] == ["1", "2", "3"]


def test_100_comments_are_one_page_and_not_the_end_of_the_search(fteval: Run, project: Any, job: Any, hub: Any) -> None:
    project("ship"), job()
    hub.links = False
    for i in range(100):
        hub.add(f"comment {i}", PERSON)
    hub.add(f"{MARKER}\n\nold", ROBOT)
    fteval("ci", "github")
    assert hub.methods() == ["PATCH"]


NOT_OURS = [
    (None, f"{MARKER}\n\nmine", PERSON),  # a person has copied it
    (None, f"see\n{MARKER}\n", ROBOT),  # not the first line
    (None, "<!-- fteval:report suite=sums job=other -->\n", ROBOT),
    (None, "<!-- fteval:report suite=other job=fteval -->\n", ROBOT),
    (None, f"{MARKER}\n", {"id": 8, "login": "bot", "type": "Bot"}),  # no app
    ({"id": 9, "login": "machine", "type": "User"}, f"{MARKER}\n", ROBOT),  # the token is another user's
]


@pytest.mark.parametrize(("me", "body", "user"), NOT_OURS)
def test_a_comment_that_is_not_its_own_is_left_alone(
    fteval: Run, project: Any, job: Any, hub: Any, me: Any, body: str, user: Any
) -> None:
    project("ship"), job()
    hub.me = me
    hub.add(body, user)
    fteval("ci", "github")
    fteval("ci", "github")
    assert hub.comments[0]["body"] == body
    assert hub.methods() == ["POST", "PATCH"]
    assert len(hub.comments) == 2


def test_a_machine_users_token_and_another_apps_find_theirs(fteval: Run, project: Any, job: Any, hub: Any) -> None:
    project("ship"), job()
    hub.me = {"id": 9, "login": "machine", "type": "User"}
    hub.add(f"{MARKER}\n", hub.me)
    fteval("ci", "github")
    hub.me = None
    hub.comments[0]["user"] = {"id": 8, "login": "my-app", "type": "Bot"}
    hub.comments[0]["performed_via_github_app"] = {"slug": "my-app"}
    fteval("ci", "github")
    assert hub.methods() == ["PATCH", "PATCH"]


def test_jobs_that_report_one_suite_have_a_comment_each(fteval: Run, project: Any, job: Any, hub: Any) -> None:
    project("ship"), job()
    for name in ("cpu", "gpu", "cpu"):
        fteval("ci", "github", "--job", name)
    assert [body.split("\n")[0] for body in hub.by_robot()] == [
        MARKER.replace("=fteval", f"={n}") for n in ("cpu", "gpu")
    ]


PLANS = [  # verdict, --comment, an old comment is there -> what is asked of GitHub
    ("ship", "always", False, ["POST"]),
    ("ship", "on-change", False, []),
    ("ship", "on-change", True, ["PATCH"]),  # it said something else
    ("ship", "on-fail", False, []),
    ("ship", "on-fail", True, ["PATCH"]),
    ("ship", "never", True, []),
    ("fail", "on-change", False, ["POST"]),
    ("fail", "on-fail", False, ["POST"]),
    ("fail", "never", False, []),
    ("open", "on-change", False, ["POST"]),
    ("open", "on-fail", False, ["POST"]),
]


@pytest.mark.parametrize(("word", "when", "old", "methods"), PLANS)
def test_when_a_comment_is_made(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path, word: str, when: str, old: bool, methods: list[str]
) -> None:
    project(word), job()
    if old:
        hub.add(f"{MARKER}\n\nold", ROBOT)
    assert fteval("ci", "github", "--comment", when)[0] == 0
    assert hub.methods() == methods
    assert "fteval" in summary(here)


# --- which pull request -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "ref", "number"),
    [
        ({"pull_request": {"number": 5}}, "refs/heads/x", 5),
        ({"issue": {"number": 5, "pull_request": {}}}, "refs/heads/main", 5),
        ({"issue": {"number": 5}}, "refs/heads/main", None),  # an issue is no pull request
        ({}, "refs/pull/5/merge", 5),
        ({}, "refs/heads/main", None),
        ([], "", None),
    ],
)
def test_the_pull_request_of_a_job(tmp_path: Path, event: Any, ref: str, number: int | None) -> None:
    (tmp_path / "event.json").write_text(json.dumps(event))
    found = github.job({"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_REF": ref})
    assert found.pull == number


def test_a_push_to_a_branch_has_a_summary_and_no_comment(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path
) -> None:
    project("ship"), job({"ref": "refs/heads/main"}, GITHUB_REF="refs/heads/main")
    code, _, err = fteval("ci", "github")
    assert (code, hub.asked) == (0, [])
    assert "no job of a pull or merge request" in err and "warning" not in err
    assert "fteval: ship" in summary(here)


def test_the_job_after_a_forks_job_finds_the_pull_request_by_its_commit(
    fteval: Run, project: Any, job: Any, hub: Any
) -> None:
    run = {"event": "pull_request", "head_branch": "x/y", "head_sha": "c0ffee"}
    owner = {"head_repository": {"owner": {"login": "someone"}}, "pull_requests": []}
    project("ship"), job({"workflow_run": {**run, **owner}}, GITHUB_REF="refs/heads/main")
    hub.pulls = [
        {"number": 4, "head": {"label": "someone:x/y", "sha": "older"}},
        {"number": 5, "head": {"label": "someone:x/y", "sha": "c0ffee"}},
    ]
    fteval("ci", "github", "verdict.json")
    assert len(hub.by_robot()) == 1
    hub.pulls.pop()
    _, _, err = fteval("ci", "github", "verdict.json")
    assert "warning: no comment: the commit is not the newest of an open pull request" in err


# --- what goes wrong --------------------------------------------------------------------------------


def refuse(status: int, **headers: str) -> Callable[[Any], None]:
    return lambda handler: handler.say(status, headers, {"message": "no"})


def not_json(handler: Any) -> None:
    handler.say(200, {"Content-Type": "text/html"}, b"<html>sign in</html>")


def a_list_of_texts(handler: Any) -> None:
    handler.say(200, body=["x"])


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"100000\r\n" + b" " * 0x100000 + b"\r\n")


def deeply_nested(handler: Any) -> None:
    handler.say(200, body=b"[" * 1_000_000)


SPOILT = [
    (refuse(401), "the token is not accepted (401): a pull request from a fork"),
    (refuse(403), "refused (403): a pull request from a fork has a read-only token"),
    (refuse(404), "refused (404)"),
    (refuse(422), "refused (422)\n"),
    (refuse(403, **{"X-RateLimit-Remaining": "0", "Retry-After": "3600"}), "too many calls (403)"),
    (refuse(429, **{"Retry-After": "3600"}), "too many calls (429)"),
    (not_json, "the answer is not JSON"),
    (a_list_of_texts, "this the address of the API?"),
    (deeply_nested, "the answer is not JSON"),
    (endless, "the answer has more than 64 MB"),
]


@pytest.mark.parametrize(("instead", "said"), SPOILT, ids=[said for _, said in SPOILT])
def test_what_github_does_not_take_is_a_warning_and_changes_no_exit_code(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path, instead: Any, said: str
) -> None:
    project("fail"), job()
    hub.instead = instead
    code, out, err = fteval("ci", "github")
    assert code == 0
    assert f"warning: no comment: {said}" in err or said in err
    assert "do not ship" in summary(here) and out.startswith("::error ")
    assert set(hub.methods()) <= {"POST"}


def test_a_token_that_may_only_read_is_a_warning(fteval: Run, project: Any, job: Any, hub: Any, here: Path) -> None:
    project("fail"), job()
    hub.writes = False
    for old in (False, True):
        if old:
            hub.add(f"{MARKER}\n\nold", ROBOT)
        code, _, err = fteval("ci", "github")
        assert code == 0
        assert "warning: no comment: refused (403): a pull request from a fork has a read-only token" in err
    assert summary(here).count("do not ship") >= 2


@pytest.mark.parametrize("token", ["", "  ", "two words", "übel", "a\nb"])
def test_no_token_is_a_warning(fteval: Run, project: Any, job: Any, hub: Any, here: Path, token: str) -> None:
    project("ship"), job(GITHUB_TOKEN=token)
    code, _, err = fteval("ci", "github")
    assert (code, hub.asked) == (0, [])
    assert "warning: no comment: GITHUB_TOKEN" in err
    assert "fteval: ship" in summary(here)


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://user:password@127.0.0.1:1", "http://[::1"])
def test_an_address_that_is_none_is_a_warning(fteval: Run, project: Any, job: Any, url: str) -> None:
    project("ship"), job(GITHUB_API_URL=url)
    code, _, err = fteval("ci", "github")
    assert code == 0
    assert "warning: no comment: " in err and "password" not in err


def test_a_server_that_fails_for_a_moment_is_asked_again(fteval: Run, project: Any, job: Any, hub: Any) -> None:
    project("ship"), job()
    hub.refusals = [(502, {})]
    _, _, err = fteval("ci", "github")
    assert "comment written" in err
    assert len(hub.by_robot()) == 1


def test_a_server_that_goes_on_failing_is_a_warning_within_seconds(
    fteval: Run, project: Any, job: Any, hub: Any
) -> None:
    project("ship"), job()
    hub.instead = refuse(503)
    code, _, err = fteval("ci", "github")
    assert code == 0 and "warning: no comment: the server failed (503)" in err
    assert len(hub.asked) == 4


@pytest.mark.parametrize("as_date", [False, True])
def test_a_server_that_asks_to_wait_is_waited_for(fteval: Run, project: Any, job: Any, hub: Any, as_date: bool) -> None:
    project("ship"), job()
    wait = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True) if as_date else "2"
    hub.refusals = [(429, {"Retry-After": wait})]
    fteval("ci", "github")
    first, second = hub.asked[:2]
    assert second.at - first.at > 1.9
    assert len(hub.by_robot()) == 1


def test_a_comment_whose_answer_was_lost_is_not_made_twice(fteval: Run, project: Any, job: Any, hub: Any) -> None:
    project("ship"), job()
    hub.lost = 1
    fteval("ci", "github")
    assert len(hub.comments) == 1
    assert hub.methods() == ["POST", "PATCH"]


def test_no_comment_is_made_where_the_search_did_not_come_to_its_end(
    fteval: Run, project: Any, job: Any, hub: Any
) -> None:
    project("ship"), job()
    hub.add("never the last page", PERSON)
    hub.instead = lambda handler: handler.say(
        403 if handler.path == "/user" else 200, {"Link": '<x>; rel="next"'}, hub.comments
    )
    _, _, err = fteval("ci", "github")
    assert "warning: no comment: more than 10,000 comments" in err
    assert hub.methods() == []


def test_a_comment_that_was_deleted_meanwhile_is_made_anew(fteval: Run, project: Any, job: Any, hub: Any) -> None:
    project("ship"), job()
    hub.add(f"{MARKER}\n", ROBOT)
    hub.one = r"/nothing/(\d+)"
    fteval("ci", "github")
    assert hub.methods() == ["PATCH", "POST"]


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for i in range(30):
        handler.wfile.write(b"X-%d: y\r\n" % i)
        time.sleep(0.1)


@pytest.mark.parametrize("instead", [hang, drip])
def test_a_server_that_hangs_is_given_up(here: Path, hub: Any, instead: Any) -> None:
    hub.instead = instead
    api = Api(hub.url, {}, timeout=0.3)
    with pytest.raises(Failed, match=r"no answer within 0\.3 s") as failed:
        notes.speak(api, github.PullRequest(api, "a/b", 5), lambda t: notes.publish(t, MARKER, waits=(0.1,)))
    assert failed.value.passing
    assert len(hub.asked) == 2


# --- the token --------------------------------------------------------------------------------------


def echo(handler: Any) -> None:
    handler.say(401, body={"message": f"Bad credentials {handler.headers['Authorization']}"})


def test_the_token_goes_to_no_other_host(fteval: Run, project: Any, job: Any, hub: Any, elsewhere: Any) -> None:
    project("ship"), job()
    for status in (301, 302, 303, 307, 308):
        hub.instead = refuse(status, Location=f"{elsewhere.url}/user")
        _, _, err = fteval("ci", "github")
        assert f"warning: no comment: the server redirects ({status}), which is not followed" in err
    assert elsewhere.asked == []
    hub.instead = None
    hub.links = True  # its Link headers name another host
    for i in range(250):
        hub.add(f"comment {i}", PERSON)
    fteval("ci", "github")
    assert len(hub.by_robot()) == 1


def test_a_netrc_does_not_replace_the_token(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(here / "netrc"))
    project("ship"), job()
    fteval("ci", "github")
    assert {a.headers["Authorization"] for a in hub.asked} == {"Bearer ghs_token"}


@pytest.mark.parametrize(
    "case", first(["echo", "redirect", "no result", "fine", "403", "500", "closed", "not a token"], always=3)
)
def test_the_token_is_printed_nowhere(project: Any, job: Any, hub: Any, elsewhere: Any, here: Path, case: str) -> None:
    canary = "ghs_CANARY/4+7=" + ("\u00fc" if case == "not a token" else "")
    project("fail")
    environ = {**os.environ, **job(GITHUB_TOKEN=canary)}
    if case == "closed":
        environ["GITHUB_API_URL"] = "http://127.0.0.1:1"
    if case == "no result":
        (here / "verdict.json").unlink()
    hub.instead = {
        "403": refuse(403), "500": refuse(500), "echo": echo, "redirect": refuse(302, Location=elsewhere.url),
    }.get(case)  # fmt: skip
    for debug in [["--debug"]] if case != "no result" else [[], ["--debug"]]:  # which says all the rest, and more
        done = subprocess.run(
            [sys.executable, "-m", "fteval", "ci", "github", "verdict.json", *debug],
            cwd=here, env=environ, capture_output=True, timeout=600,
        )  # fmt: skip
        assert (b"Traceback" in done.stderr) == (case == "no result" and bool(debug))
        kept = [path.read_bytes() for path in here.rglob("*") if path.is_file()]
        seen = b"\n".join([done.stdout, done.stderr, *kept, *(c["body"].encode() for c in hub.comments)])
        for form in (canary, quote(canary, safe=""), base64.b64encode(canary.encode()).decode(), repr(canary)[1:-1]):
            assert form.encode() not in seen, form
    if case == "fine":
        assert len(hub.comments) == 1


# --- nothing to tell --------------------------------------------------------------------------------


def test_without_a_result_the_summary_says_so_and_the_old_verdict_goes(
    fteval: Run, here: Path, job: Any, hub: Any
) -> None:
    job()
    hub.add(f"{MARKER}\n\n### ✅ fteval: ship `mine`", ROBOT)
    hub.add(f"{MARKER}\n\n### ✅ of a person", PERSON)
    code, _, err = fteval("ci", "github")
    assert code == 2 and "no store at .fteval" in err
    assert summary(here).startswith("### ❌ fteval: no result")
    assert hub.comments[0]["body"].startswith(f"{MARKER}\n\n### ❌ fteval: no result")
    assert hub.comments[1]["body"].endswith("of a person")
    assert hub.methods() == ["PATCH"]


def test_without_a_result_no_comment_is_made_and_none_of_several_is_guessed(
    fteval: Run, here: Path, job: Any, hub: Any
) -> None:
    job()
    assert fteval("ci", "github")[0] == 2
    for suite in ("a", "b"):
        hub.add(f"<!-- fteval:report suite={suite} job=fteval -->\n\nverdict", ROBOT)
    assert fteval("ci", "github")[0] == 2
    assert hub.methods() == []


def test_a_result_from_before_the_job_is_another_commits(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path
) -> None:
    project("ship"), job()
    later = time.time() + 5
    os.utime(here / "event.json", (later, later))
    code, _, err = fteval("ci", "github")
    assert code == 2 and "before this job began" in err
    assert "no result" in summary(here) and hub.by_robot() == []
    assert fteval("ci", "github", "verdict.json")[0] == 0  # which this job may have brought from another one
    assert len(hub.by_robot()) == 1


def test_a_verdict_file_says_which_of_the_results_in_the_store(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path
) -> None:
    project("fail"), job()
    (here / "mine.jsonl").write_text((here / "base.jsonl").read_text().replace("It is", "That is"))
    assert fteval("run", "-o", "later.json")[0] == 0
    fteval("ci", "github", "verdict.json")
    assert "do not ship" in hub.by_robot()[0]
    fteval("ci", "github", "later.json")
    assert "fteval: ship" in hub.by_robot()[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "`fteval run` was not started, or did not come to an end"),
        ("", "is no verdict"),
        ("[]", "the store has no comparison"),
        ('{"base": {"run": "x"}, "candidates": []}', "the store has no comparison"),
        ('{"run": "20260101T000000Z-0123456789abcdef"}', "no run"),
    ],
)
def test_a_verdict_file_that_is_none_is_no_result(
    fteval: Run, project: Any, job: Any, here: Path, written: str | None, said: str
) -> None:
    project("ship"), job()
    (here / "verdict.json").unlink()
    if written is not None:
        (here / "verdict.json").write_text(written)
    code, _, err = fteval("ci", "github", "verdict.json")
    assert code == 2 and said in err
    assert "no result" in summary(here)


def test_a_verdict_file_that_was_edited_is_told_nowhere(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path
) -> None:
    job()
    project("fail")
    told = (here / "verdict.json").read_text()
    for old, new in (('"do_not_ship"', '"ship"'), ('"exit_code": 1', '"exit_code": 0'), ('"fail"', '"pass"')):
        assert old in told
        (here / "verdict.json").write_text(told.replace(old, new))
        code, _, err = fteval("ci", "github", "verdict.json")
        assert code == 2 and "says something else" in err
        assert hub.comments == []


def forged(path: Path, *changes: tuple[str, str]) -> None:
    """A kept comparison with other words and a digest that fits them."""
    saved = json.loads(path.read_text())
    text = json.dumps(saved["comparison"])
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    saved["comparison"] = json.loads(text)
    spelt = json.dumps(saved["comparison"], sort_keys=True, separators=(",", ":"))
    saved["digest"] = "sha256:" + hashlib.sha256(spelt.encode()).hexdigest()
    path.write_text(json.dumps(saved))


@pytest.mark.parametrize(
    "changes",
    [
        [('"verdict": "do_not_ship"', '"verdict": "ship"'), ('"exit_code": 1', '"exit_code": 0')],
        [('"verdict": "do_not_ship"', '"verdict": "measured"'), ('"exit_code": 1', '"exit_code": 0')],
        [('"exit_code": 1', '"exit_code": 0')],
        [('"verdict": "do_not_ship"', '"verdict": "fine"')],
    ],
    ids=["ship", "measured", "code", "word"],
)
def test_a_verdict_that_contradicts_its_gates_is_refused(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path, changes: Any
) -> None:
    job()
    project("fail")
    (path,) = (here / ".fteval" / "comparisons").glob("*.json")
    forged(path, *changes)
    code, _, err = fteval("ci", "github", path.stem)
    assert code == 2 and "contradicts its gates" in err
    assert hub.comments == []
    assert "no result" in (here / "summary.md").read_text()


def test_a_single_run_is_told_too(fteval: Run, project: Any, job: Any, hub: Any) -> None:
    project("ship"), job()
    assert fteval("run", "--model", "replay:mine.jsonl", "--holdout", "h.jsonl", "-o", "run.json")[0] == 0
    assert fteval("ci", "github", "run.json")[0] == 0
    (body,) = hub.by_robot()
    assert body.startswith("<!-- fteval:report suite=h job=fteval -->") and "measured" in body
    fteval("ci", "github", "run.json", "--job", "other", "--comment", "on-fail")
    assert len(hub.by_robot()) == 1


# --- summary and annotations ------------------------------------------------------------------------


@pytest.mark.parametrize("there", [0, 10, (1 << 20) - 3000, (1 << 20) - 60, (1 << 20) - 10, 1 << 20, 2 << 20])
def test_the_summary_is_appended_and_never_too_large(
    fteval: Run, project: Any, job: Any, here: Path, there: int
) -> None:
    project("fail"), job()
    before = "x" * there
    (here / "summary.md").write_text(before)
    code, _, err = fteval("ci", "github", "--comment", "never")
    assert code == 0
    text = summary(here)
    assert text.startswith(before)
    added = text[there:]
    assert len(text.encode()) <= max(1 << 20, there)
    assert ("fteval: do not ship" in added) == (there < (1 << 20) - 50)
    assert ("warning: no step summary: this step has filled it already" in err) == (not added)


def test_a_summary_that_cannot_be_written_is_a_warning(
    fteval: Run, project: Any, job: Any, hub: Any, here: Path
) -> None:
    project("ship"), job(GITHUB_STEP_SUMMARY=str(here / "no" / "folder"))
    code, _, err = fteval("ci", "github")
    assert code == 0 and "warning: no step summary: No such file" in err
    assert len(hub.by_robot()) == 1


def test_annotations_stand_at_the_gates_lines_in_the_repository(
    fteval: Run, project: Any, job: Any, here: Path
) -> None:
    project("fail"), job(GITHUB_WORKSPACE=str(here.parent))
    _, out, _ = fteval("ci", "github", "--comment", "never")
    assert out.startswith(f"::error file={here.name}/fteval.yaml,line=8,")
    job(GITHUB_WORKSPACE=str(here / "below"))  # the config is not in the repository: nothing to be relative to
    _, out, _ = fteval("ci", "github", "--comment", "never")
    assert out.startswith("::error file=fteval.yaml,line=8,")


def test_outside_of_github_there_is_nothing_to_do_and_nothing_fails(fteval: Run, project: Any) -> None:
    project("ship")
    code, out, err = fteval("ci", "github")
    assert (code, out) == (0, "")
    assert "no step summary" in err and "no comment" in err
    assert fteval("ci", "github", "-q") == (0, "", "")
