"""A run whose answers are made elsewhere: its plan as batch files in a folder, their outputs collected from there.

DIR/plan.json                   which runs, which files, by which command
DIR/base-00001.jsonl            requests in the OpenAI batch format; custom_id is the key of the answer
DIR/base-missing-00001.jsonl    what half-finished files left open
DIR/…                           outputs, whatever they are called, and in folders too
"""
