"""Every example can be run: its config holds, and its page has the command that made the report beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from fteval import cli

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/README.md"))


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_has_a_config_that_holds_and_the_report_of_its_command(folder: Path) -> None:
    page = (folder / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"fteval run -c (\S+)((?: -o \S+)*)", page)
    assert commands, "the page names no command"
    for config, outputs in commands:
        assert (ROOT / config).is_file() or (folder / config).is_file(), config
        for report in re.findall(r"-o (\S+)", outputs):
            assert (ROOT / report).is_file() or (folder / report).is_file(), report
    checked = CliRunner().invoke(cli.group, ["config", "check", str(folder / "fteval.yaml")])
    assert checked.exit_code == 0, checked.output
