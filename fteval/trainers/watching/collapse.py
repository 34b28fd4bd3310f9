"""When answers fall apart in a way that no loss shows, said in words: short, all alike, endless, nothing to learn from.

These are signs and no verdict: a training that makes long answers short on purpose is told so too. `stop_if` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fteval.records import Look

SHORT, LONG = 0.5, 3.0
"""Words of an answer against the base's."""
FEWEST_WORDS = 3.0
"""Of the base's answers; where these are single words, shorter ones are none."""
ALIKE = 0.5
"""Share of different answers against the base's: the published collapse gave one word to every prompt."""
ENDLESS = 0.5
"""Share of the answers that the limit ended, where at most half as many of the base's are."""
EQUAL = 0.9
"""Share of groups without a difference in reward: their advantage is 0."""


def signs(looks: Sequence[Look]) -> Iterator[tuple[str, str]]:
    """(kind, sentence) for what is wrong with the last of these looks; the first one is the base's."""
    base, now = looks[0], looks[-1]
    gamed = _while_the_reward_rose(looks)
    if base.words is not None and now.words is not None and base.words >= FEWEST_WORDS:
        if now.words <= SHORT * base.words:
            yield "short", f"answers fell from {base.words:.1f} to {now.words:.1f} words{gamed}"
        if now.words >= LONG * base.words:
            yield "long", f"answers grew from {base.words:.1f} to {now.words:.1f} words{gamed}"
    if base.distinct is not None and now.distinct is not None and now.distinct <= ALIKE * base.distinct:
        shares = f"{now.distinct:.0%} of the answers are different ones, of the base's {base.distinct:.0%}"
        yield "alike", f"{shares}: many prompts get the same answer{gamed}"
    if base.clipped is not None and now.clipped is not None and now.clipped >= max(ENDLESS, 2 * base.clipped):
        shares = f"{now.clipped:.0%} of the answers do not end before the limit, of the base's {base.clipped:.0%}"
        yield "endless", shares
    if now.cut is not None and now.cut >= ENDLESS:
        yield "cut", f"in training {now.cut:.0%} of the answers do not end before the limit: their rewards are of parts"
    if now.equal is not None and now.equal >= EQUAL:
        yield "equal", f"all answers get the same reward in {now.equal:.0%} of the groups: nothing is learnt from these"


def _while_the_reward_rose(looks: Sequence[Look]) -> str:
    rewards = [look.reward for look in looks if look.reward is not None]
    rose = len(rewards) > 1 and rewards[-1] > rewards[0]
    return " while the reward rose: the reward is being gamed" if rose else ""
