"""From scores to evidence: intervals, paired differences, gates, verdicts. Pure functions of records and columns."""
