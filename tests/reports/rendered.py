"""A markdown report as a reader's parser sees it, and that nothing in it is more than text."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OWN_HTML = re.compile(
    r"<!-- fteval:report (comparison|run)=[A-Za-z0-9._-]+ -->|<details><summary>[^<>]*</summary>|</details>"
)


def check_harmless(report: str) -> list[Token]:
    tokens = PARSER.parse(report)
    for token in tokens:
        if token.type == "html_block":
            assert OWN_HTML.fullmatch(token.content.strip())
        for child in token.children or []:
            assert child.type not in ("link_open", "image", "html_inline"), child
            if child.type == "text":
                assert not re.search(r"@\w", child.content)
    html = [t.content for t in tokens if t.type == "html_block"]
    assert sum(h.startswith("<details>") for h in html) == sum(h.startswith("</details>") for h in html)
    assert report.count("fteval:report") == 1 and report.startswith("<!-- fteval:report")
    report.encode("utf-8")
    return tokens
