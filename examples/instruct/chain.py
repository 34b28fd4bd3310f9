"""nano as a base: it reads plain text until it chats no more. Then that is asked with examples, and taught to answer.

python chain.py        # in this folder
"""

import fteval

ROWS = "data/rows.jsonl"


def main() -> None:
    plain = fteval.train(
        "continue_pretraining",
        base="nano",
        data="data/texts.jsonl",
        name="plain",
        lora_rank=0,
        learning_rate=1e-3,
        max_length=128,
        max_steps=80,
    )
    instruct = fteval.train(
        "sft", base=plain.id, data=ROWS, name="instruct", lora_rank=0, learning_rate=5e-4, max_steps=36
    )
    candidates = {
        "plain": {"model": plain.id},
        "shots": {"model": plain.id, "few_shot": {"data": ROWS, "k": 4}},
        "instruct": {"model": instruct.id},
    }
    print(fteval.run(config="fteval.yaml", candidates=candidates))


if __name__ == "__main__":
    main()
