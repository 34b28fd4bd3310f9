"""Writes lm-eval's verdicts beside the answers of tests/data/ifeval.json, which test_instructions compares with ours.

    pip install lm-eval langdetect immutabledict nltk && python -m nltk.downloader punkt_tab
    python tests/evals/record_ifeval.py

The file has `sets` (an instruction id and its kwargs each), `responses`, and per response one character per set in
`strict` and `loose`: 1 followed, 0 not, - where lm-eval's checker raised.
"""

import json
import pathlib

FILE = pathlib.Path(__file__).parent.parent / "data" / "ifeval.json"


def verdict(judge, instruction: list, response: str) -> str:
    from lm_eval.tasks.ifeval.utils import InputExample

    name, kwargs = instruction
    asked = InputExample(0, [name], "Describe a dog.", [kwargs])
    try:
        return str(int(judge(asked, response).follow_all_instructions))
    except Exception:  # whatever it stumbles over
        return "-"


def main() -> None:
    import langdetect
    from lm_eval.tasks.ifeval.utils import test_instruction_following_loose as loose
    from lm_eval.tasks.ifeval.utils import test_instruction_following_strict as strict

    langdetect.DetectorFactory.seed = 0
    table = json.loads(FILE.read_text("ascii"))
    for how, judge in (("strict", strict), ("loose", loose)):
        table[how] = [
            "".join(verdict(judge, one, response) for one in table["sets"]) for response in table["responses"]
        ]
    FILE.write_text(json.dumps(table, indent=0, ensure_ascii=True) + "\n", "ascii")


if __name__ == "__main__":
    main()
