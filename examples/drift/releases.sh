#!/bin/sh
# Trains release after release, holds each against the last one accepted, and accepts it if the gate passes; then holds
# the last one against the model with which it began.
#   sh releases.sh         in this folder; writes evals/baseline, release-N.md, history.md, report.md and moved.md
set -e
rm -rf evals
fteval run -c fteval.yaml --model nano --allow-same
fteval baseline accept latest -c fteval.yaml
fteval baseline accept latest -c fteval.yaml --anchor first
n=0
for steps in 16 24 32 40 48; do
  n=$((n + 1))
  id=$(fteval train sft --base nano --data ../forgetting/data/train.jsonl --name "release-$n" \
    --set learning_rate=2e-3 --set "max_steps=$steps")
  fteval run -c fteval.yaml --model "$id" --against baseline -o "release-$n.md"
  fteval baseline accept latest -c fteval.yaml
done
fteval history -o history.md
fteval run -c fteval.yaml --model "$id" --against nano -o report.md || test $? -eq 1 # it is to fail
fteval run --model "$id" --against nano --probe drift -n 60 -o moved.md
