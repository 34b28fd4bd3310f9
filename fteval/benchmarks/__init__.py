"""Standard benchmarks: the tasks of lm-eval, asked of any engine, journalled, paired and gated like a probe."""
