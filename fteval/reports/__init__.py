"""What a comparison or a run looks like: one view of the records, and a file per way of showing it.

Renders records only, so that a saved run can be shown years later with no engine installed. Everything that a model,
a hold-out or a file name brought goes through `escape.py`.
"""
