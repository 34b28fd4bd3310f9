"""What was measured, kept so that nothing acknowledged is ever lost and nothing known is computed twice.

identity    what makes two generations, two scores, two runs the same
journal     append-only files of checked lines; files: the one way a whole file is written
store       the folder of runs and comparisons; lock: one writer per run
suite       the probes and samples that a run uses
execute     a suite through an engine into a run; reuse, scoring, interrupt: its parts
results     a run read back: scores, texts, flips
"""
