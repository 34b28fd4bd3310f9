"""From a config to a verdict, one step a file: describe, prepare, measure, judge."""
