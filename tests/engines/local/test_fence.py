"""What a stranger's program may take: seconds, some memory, nothing of the process that asked."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import tiny

from fteval import cli
from fteval.engines.local.chat import Chat
from fteval.engines.local.fence import Fenced, Refused
from fteval.errors import UserError
from fteval.records import Message

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")
ASKED = [Message("user", "Who is Romeo?")]
DOUBLING = "{% set ns = namespace(t='x' * 99) %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}"
HOSTILE = {
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a power": "{{ (messages|length * 9) ** (9 ** 9) }}",
    "a text that doubles itself": DOUBLING,
    "one that is multiplied": "{{ 'x' * 9999999999 }}",
    "one that is filled up": "{{ 'x'.ljust(9999999999) }}",
    "lists": "{{ ([0] * 99999999) | list | tojson }}",
    "length": "{% for a in range(99999) %}{{ 'x' * 999 }}{% endfor %}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_template_that_never_ends_or_grows_is_an_error_and_the_next_conversation_renders(
    tiny_model: Path, tmp_path: Path, name: str
):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    harm = "{% if messages[0]['content'] == 'Who is Romeo?' %}" + HOSTILE[name] + "{% endif %}"
    (folder / "chat_template.jinja").write_text(harm + tiny.CHATML)
    chat = Chat(folder)
    with pytest.raises(UserError, match=r"the chat template fails: .*(takes|makes) more than"):
        chat.render(ASKED)
    fine = [Message("user", "Who is Juliet?")]
    assert chat.render(fine) == Chat(tiny_model).render(fine)


def test_a_run_and_doctor_say_what_a_hostile_template_did(
    tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text(DOUBLING + tiny.CHATML)
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "Who?", "target": "a"}) + "\n")
    store = ["--store", str(tmp_path / "s")]
    assert cli.call(["run", "--model", str(folder), "--holdout", str(tmp_path / "rows.jsonl"), *store]) == 2
    assert cli.call(["doctor", "--model", str(folder), *store]) == 2
    told = capfd.readouterr()
    assert "the chat template fails" in told.err and "the chat template fails" in told.out


def test_nothing_of_the_asking_process_is_open_inside_and_nothing_is_left_behind(tmp_path: Path):
    lock = (tmp_path / "lock").open("w")

    def seen() -> list[object]:
        links = []
        for n in os.listdir("/proc/self/fd"):
            if os.path.exists(f"/proc/self/fd/{n}"):
                links.append(os.readlink(f"/proc/self/fd/{n}"))
        return [os.getpid(), links]

    fenced = Fenced(seen)
    pid, links = fenced()
    assert pid != os.getpid() and str(tmp_path / "lock") not in links
    assert fenced()[0] == pid  # one process for all calls
    del fenced
    gc.collect()
    assert not os.path.exists(f"/proc/{pid}")
    lock.close()


def test_what_is_raised_inside_is_told_and_the_process_goes_on():
    fenced = Fenced(lambda number: 12 // number)
    with pytest.raises(Refused, match="ZeroDivisionError"):
        fenced(0)
    assert fenced(4) == 3


def test_an_interrupted_call_does_not_answer_the_next_one():
    import signal

    fenced = Fenced(lambda text, loops: [sum(range(loops)), text][1])
    assert fenced("first", 1) == "first"
    previous = signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            fenced("late", 200_000_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert fenced("next", 1) == "next"
