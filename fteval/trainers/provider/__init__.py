"""A provider's fine-tuning job: ordered once, followed, taken over as a candidate."""
