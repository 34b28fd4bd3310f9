"""Is it still an answer? Refusals, abstentions, filler, disguises, loops, the topic; no probe stands here."""
