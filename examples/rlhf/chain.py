"""The last link: answers that the reward model likes, trained on top of the demonstrations; and all of it measured.

python chain.py        # in this folder
"""

import fteval

DATA = "../lipogram/data"


def main() -> None:
    sft = fteval.train(
        "sft", base="nano", data=f"{DATA}/train.jsonl", name="sft", lora_rank=0, learning_rate=2e-4, max_steps=30
    )
    liked = fteval.train("reward_model", base="nano", data=f"{DATA}/pairs.jsonl", name="liked", max_steps=30)
    chain = fteval.train(
        "rloo",
        base=sft.id,
        data=f"{DATA}/prompts.jsonl",
        name="chain",
        rewards=[{"reward_model": liked.id}],
        lora_rank=0,
        learning_rate=2e-4,
        max_steps=16,
        max_tokens=48,
        schedule="constant",
        warmup=4,
    )
    print(fteval.run(config="fteval.yaml", candidates={"chain": {"model": chain.id}}))


if __name__ == "__main__":
    main()
