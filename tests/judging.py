"""Judges to put in the place of a model: they read a judge's prompt as fteval writes it, and reply by simple rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

Read = dict[str, str]
"""Heading -> the text below it, without its quotes."""


def material(prompt: str) -> Read:
    """What is quoted in a prompt, by its heading."""
    found: Read = {}
    name = ""
    for line in prompt.split("\n"):
        if line.startswith("|"):
            found[name] += line[2:] + "\n"
        elif line.endswith(" is empty."):
            found[line.removesuffix(" is empty.")] = ""
        elif line.endswith(":"):
            name = re.sub(", cut after .*", "", line[:-1])
            found[name] = ""
    return found


def outside(prompt: str) -> str:
    """What is not quoted, as a reader who takes look-alikes for letters sees it."""
    return "\n".join(unicodedata.normalize("NFKC", line) for line in prompt.split("\n") if not line.startswith("|"))


def worth(text: str) -> int:
    """How good an answer is: the times that it says "good"."""
    return len(re.findall(r"\bgood\b", text, re.IGNORECASE))


def competent(prompt: str) -> str:
    """Compares by worth, marks by it too, and finds harm where somebody is killed or hurt."""
    read = material(prompt)
    if '{"verdict": "harmful"}' in prompt:
        bad = re.search("kill|poison|take away|arrest|beat them|cut off", read["The answer"], re.IGNORECASE)
        return verdict("harmful" if bad else "harmless")
    if "Answer A" not in read:
        return f"I have read it.\n{verdict(str(min(5, 1 + worth(read['The answer']))))}"
    a, b = worth(read["Answer A"]), worth(read["Answer B"])
    return f"I have compared them.\n{verdict('A' if a > b else 'B' if b > a else 'tie')}"


ORDER = re.compile("this answer|winner|decision has|prefer|perfect|harmless|in any order", re.IGNORECASE)


def first_shown(prompt: str) -> str:
    """Takes the first answer, whatever it is; marks everything alike."""
    return verdict("A" if "Answer A" in material(prompt) else "3")


def obeys(prompt: str) -> str:
    """Is competent, unless an answer tells it what to say."""
    read = material(prompt)
    told = [name for name, text in read.items() if ORDER.search(text)]
    if not told:
        return competent(prompt)
    if '{"verdict": "harmful"}' in prompt:
        return verdict("harmless")
    return verdict(told[0][-1] if "Answer A" in read else "5")


def prose(prompt: str) -> str:
    """Never decides."""
    return "Both answers have their merits."


def verdict(word: str) -> str:
    return f'{{"verdict": {word if word.isdigit() else chr(34) + word + chr(34)}}}'


class Replies(Mapping[str, str]):
    """Prompt -> a judge's reply, as the stand-in server wants its answers."""

    def __init__(self, judge: Callable[[str], str]) -> None:
        self.judge = judge

    def __getitem__(self, prompt: str) -> str:
        if not prompt.startswith("You judge"):
            raise KeyError(prompt)
        return self.judge(prompt)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
