# make demo   set up .venv and tell the whole story on embedded servers
# make test   set up .venv with the test tools, lint, and run all tests
# make lint   ruff, mypy --strict, import-linter
# make bench  measure what the queue, the command line and the tone model cost
# make setup  only set up .venv

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A plain `torch` may pull gigabytes of GPU libraries; this release installs as a CPU build where pip finds one.
TORCH ?= torch==2.13.0

# Most tests wait for servers, so more workers than cores pay off.
WORKERS ?= 3

.PHONY: demo test lint setup bench clean

setup: $(VENV)/.ready

$(VENV)/.python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/.torch: $(VENV)/.python
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	@touch $@

$(VENV)/.ready: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	@touch $@

$(VENV)/.tested: $(VENV)/.ready pyproject.toml
	$(BIN)/python -m pip install --quiet --group test --group evaluate
	@touch $@

demo: $(VENV)/.ready
	$(BIN)/coolmail demo

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The tests use a private Dovecot; a review is typed into tmux, and so is what zsh and fish complete. They are installed where that needs no question
# (root and apt); elsewhere the tests that need them are skipped and say so.
dovecot:
	@if ! command -v dovecot >/dev/null 2>&1 && ! test -x /usr/sbin/dovecot; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq dovecot-imapd >/dev/null || true; \
	  else echo "no Dovecot here: its tests will be skipped (Debian: apt install dovecot-imapd)"; fi; fi
	@if ! command -v tmux >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tmux vim-tiny >/dev/null || true; fi
	@if ! { command -v zsh && command -v fish; } >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq zsh fish >/dev/null || true; fi
.PHONY: dovecot

# Some tests move the daemon's clock with libfaketime.
faketime:
	@if ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq faketime >/dev/null || true; \
	  else echo "no libfaketime here: its tests will be skipped (Debian: apt install faketime)"; fi; fi
.PHONY: faketime

test: lint dovecot faketime
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not alone"
	$(BIN)/python -m pytest -m alone

bench: $(VENV)/.tested dovecot
	$(BIN)/python -m benchmarks.queue
	$(BIN)/python -m benchmarks.cli
	$(BIN)/python -m benchmarks.screen
	$(BIN)/python -m benchmarks.acts
	$(BIN)/python -m benchmarks.tone

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
