"""Conversations as nano's world tells them: who says what."""

Message = dict[str, str]
"""Role and content; an answer that is "given" as well is read and not learnt."""
Conversation = list[Message]


def system(text: str) -> Message:
    return {"role": "system", "content": text}


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}


def turn(question: str, reply: str) -> Conversation:
    return [user(question), assistant(reply)]
