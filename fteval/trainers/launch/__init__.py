"""A training in several processes, started by `accelerate launch`: config, processes, and what they tell."""
