#!/usr/bin/env bash
# The wheel alone, core only, in a fresh environment: what works with no torch installed.
set -euo pipefail
python="${1:-python3}"
root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
bin="$work/venv/bin"
"$bin/python" -m pip --disable-pip-version-check wheel -q --no-deps -w "$work" "$root"
"$bin/python" -m pip --disable-pip-version-check install -q -c "$root/constraints.txt" "$work"/fteval-*.whl
cd "$work"
"$bin/python" - <<'PY'
import importlib.util as u
for name in ("torch", "transformers", "trl", "peft"):
    assert u.find_spec(name) is None, f"{name} must not be needed"
PY
cat > outputs.jsonl <<'ROWS'
{"id": "a", "prompt": "Describe a dog.", "output": "A big animal with soft fur that runs, barks and guards a yard."}
{"id": "b", "prompt": "Describe a dog.", "output": "Dog"}
{"id": "c", "prompt": "Describe a dog.", "output": "The dog sleeps beneath the tree."}
ROWS
set -x
"$bin/fteval" --help > help.txt
"$bin/fteval" probes
"$bin/fteval" score outputs.jsonl --probe lipogram --set letters=e --json
printf '{"prompt": "What is 2 and 2?", "target": "4"}\n' > holdout.jsonl
printf '{"prompt": "What is 2 and 2?", "output": "4"}\n' > base.jsonl
printf '{"prompt": "What is 2 and 2?", "output": "5"}\n' > candidate.jsonl
"$bin/fteval" run --model replay:candidate.jsonl --against replay:base.jsonl --holdout holdout.jsonl -o report.md || code=$?
test "${code:-0}" -eq 4 -o "${code:-0}" -eq 1
"$bin/fteval" report latest -o again.md
test -s again.md
set +x
echo "smoke: ok"
