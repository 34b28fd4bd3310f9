"""What a model that judges is shown of other people's text, and what counts of its reply; no probe stands here."""
