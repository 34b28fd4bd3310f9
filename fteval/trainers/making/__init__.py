"""What trainers share: plan, preflight, progress, candidate."""
