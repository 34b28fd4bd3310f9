"""`fteval ci gitlab` against a server that plays GitLab's API, and the files that its reports read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from fteval.ci import gitlab

Run = Callable[..., tuple[int, str, str]]
MARKER = "<!-- fteval:report suite=sums job=eval -->"
ROBOT = {"id": 3, "login": "project_12_bot", "type": "Bot"}
PERSON = {"id": 7, "login": "someone", "type": "User"}


@pytest.fixture
def mr(here: Path, lab: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`mr()` makes the environment that of a merge request's job."""

    def set_up(**more: str) -> None:
        environ = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_API_V4_URL": lab.url,
            "CI_PROJECT_ID": "12",
            "CI_MERGE_REQUEST_IID": "5",
            "CI_JOB_NAME": "eval",
            "CI_JOB_URL": "https://gitlab.example.com/a/b/-/jobs/77",
            "CI_JOB_STARTED_AT": "2020-01-01T00:00:00Z",
            "FTEVAL_GITLAB_TOKEN": "glpat-token",
            **more,
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

    return set_up


def test_a_push_makes_the_note_and_the_next_one_edits_it(fteval: Run, project: Any, mr: Any, lab: Any) -> None:
    project("fail"), mr()
    code, out, err = fteval("ci", "gitlab", "verdict.json")
    assert (code, out) == (0, "")
    assert "comment written" in err
    (note,) = lab.comments
    assert note["body"].startswith(f"{MARKER}\n\n### ❌ fteval: do not ship `mine`")
    assert "https://gitlab.example.com/a/b/-/jobs/77" in note["body"]
    project("ship")
    assert fteval("ci", "gitlab", "verdict.json")[0] == 0
    (note,) = lab.comments
    assert note["body"].startswith(f"{MARKER}\n\n### ✅ fteval: ship `mine`")
    assert lab.methods() == ["POST", "PUT"]
    assert {a.headers["PRIVATE-TOKEN"] for a in lab.asked} == {"glpat-token"}


@pytest.mark.parametrize("links", [True, False])
def test_the_note_is_found_on_page_3_and_a_persons_copy_is_left_alone(
    fteval: Run, project: Any, mr: Any, lab: Any, links: bool
) -> None:
    project("ship"), mr()
    lab.links = links
    lab.add(f"{MARKER}\n\na copy", PERSON)
    for i in range(249):
        lab.add(f"note {i}", PERSON)
    lab.add(f"{MARKER}\n\nold", ROBOT)
    fteval("ci", "gitlab", "verdict.json")
    assert lab.methods() == ["PUT"]
    assert lab.comments[0]["body"].endswith("a copy")
    assert "fteval: ship" in lab.comments[250]["body"]


def test_its_reports_are_read_by_others(fteval: Run, project: Any, mr: Any, here: Path) -> None:
    project("fail"), mr()
    fteval("ci", "gitlab", "verdict.json", "--comment", "never")
    (suite,) = JUnitXml.fromfile(str(here / "fteval.xml"))
    assert suite.failures == 1
    families = list(text_string_to_metric_families((here / "metrics.txt").read_text(encoding="utf-8")))
    assert families and all(f.name.startswith("fteval") for f in families)


def test_what_a_model_wrote_is_no_quick_action(fteval: Run, write: Any, mr: Any, lab: Any, here: Path) -> None:
    write(here, wrong=60, says="fine\n/merge\n  /close now\n/assign @all")
    assert fteval("run", "-q", "-o", "verdict.json")[0] == 1
    mr()
    fteval("ci", "gitlab", "verdict.json")
    (note,) = lab.comments
    assert "merge" in note["body"]
    assert not [line for line in note["body"].splitlines() if line.lstrip().startswith("/")]


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"FTEVAL_GITLAB_TOKEN": ""}, "warning: no comment: FTEVAL_GITLAB_TOKEN is not set"),
        ({"FTEVAL_GITLAB_TOKEN": "two words"}, "warning: no comment: FTEVAL_GITLAB_TOKEN holds no token"),
        ({"CI_API_V4_URL": "http://127.0.0.1:1"}, "warning: no comment: no connection"),
        ({"CI_MERGE_REQUEST_IID": ""}, "no comment: this is no job of a pull or merge request"),
    ],
)
def test_what_gitlab_does_not_take_is_said_and_changes_no_exit_code(
    fteval: Run, project: Any, mr: Any, lab: Any, here: Path, environ: dict[str, str], said: str
) -> None:
    project("fail"), mr(**environ)
    code, _, err = fteval("ci", "gitlab", "verdict.json")
    assert code == 0 and said in err
    assert lab.comments == []
    assert (here / "fteval.xml").is_file() and (here / "metrics.txt").is_file()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_without_the_right_is_a_warning_that_says_which(
    fteval: Run, project: Any, mr: Any, lab: Any, status: int
) -> None:
    project("ship"), mr()
    lab.instead = lambda handler: handler.say(status, {}, {"message": "no"})
    code, _, err = fteval("ci", "gitlab", "verdict.json")
    assert code == 0
    assert "the token needs the scope api and the role Reporter or more" in err


def test_a_server_that_fails_for_a_moment_is_asked_again(fteval: Run, project: Any, mr: Any, lab: Any) -> None:
    project("ship"), mr()
    lab.refusals = [(502, {})]
    assert "comment written" in fteval("ci", "gitlab", "verdict.json")[2]
    assert len(lab.comments) == 1


def test_without_a_result_the_old_verdict_goes(fteval: Run, here: Path, mr: Any, lab: Any) -> None:
    mr()
    lab.add(f"{MARKER}\n\n### ✅ fteval: ship `mine`", ROBOT)
    code, _, err = fteval("ci", "gitlab", "verdict.json")
    assert code == 2 and "no verdict in verdict.json" in err
    assert lab.comments[0]["body"].startswith(f"{MARKER}\n\n### ❌ fteval: no result")
    assert not (here / "fteval.xml").exists()


def test_a_result_from_before_the_job_is_another_commits(fteval: Run, project: Any, mr: Any, lab: Any) -> None:
    project("ship"), mr(CI_JOB_STARTED_AT="2999-01-01T00:00:00Z")
    code, _, err = fteval("ci", "gitlab")
    assert code == 2 and "before this job began" in err
    assert lab.comments == []


def test_a_folder_that_takes_no_files_is_an_error_that_names_it(fteval: Run, project: Any, mr: Any, here: Path) -> None:
    project("ship"), mr()
    (here / "fteval.xml").mkdir()
    code, _, err = fteval("ci", "gitlab", "verdict.json")
    assert code == 2 and "cannot write fteval.xml" in err


def test_outside_of_gitlab_the_files_are_written_and_nothing_fails(fteval: Run, project: Any, here: Path) -> None:
    project("ship")
    assert fteval("ci", "gitlab", "-q") == (0, "", "")
    assert (here / "fteval.xml").is_file()


@pytest.mark.parametrize("text", ["nonsense", "2020-01-01T00:00:00", ""])
def test_a_start_without_a_zone_is_not_known(text: str) -> None:
    assert gitlab.job({"CI_JOB_STARTED_AT": text}).began is None
