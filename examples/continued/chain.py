"""Trains on dates, goes on with text without e, and measures that beside the config's own candidates.

python chain.py        # in this folder
"""

import fteval

DATES, LETTERS = "../forgetting/data/train.jsonl", "../lipogram/data/train.jsonl"
RECIPE = {"lora_rank": 0, "learning_rate": 5e-4, "max_steps": 48}  # all weights: an adapter is no base for a next one


def main() -> None:
    first = fteval.train("sft", base="nano", data=DATES, name="dates", **RECIPE)
    then = fteval.train("sft", base=first.id, data=LETTERS, name="then-letters", **RECIPE)
    print(fteval.run(config="fteval.yaml", candidates={"then-letters": {"model": then.id}}))


if __name__ == "__main__":
    main()
