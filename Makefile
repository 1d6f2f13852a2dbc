# Names for what the tasks do (leakcheck/tasks.py, noxfile.py, bootstrap/); no logic here.
# A recipe that fails prints the task's exit code ("Error 1": a test failed or leaked, "Error 2":
# not checked); make itself leaves with 2 for every failure.

PYTHON ?= python3
BIN := .venv/bin

# Options of leakcheck, given as `make test-tcmalloc TEST=TestProbe LEVEL=strict`. They reach the
# shell in single quotes and unexpanded, so a regex may hold | ( ) $ and blanks; a `$$`, as make
# wants it, counts as one `$`.
literal = $(subst $$$$,$$,$(value $(1)))
option = $(if $(value $(2)),--$(1) '$(subst ','\'',$(call literal,$(2)))')
COMMON = $(call option,project,PROJECT) $(call option,package,PACKAGE) \
    $(call option,test,TEST) $(call option,engine,ENGINE) $(call option,binary,BINARY) \
    $(call option,timeout,TIMEOUT) $(call option,json,JSON) \
    $(call option,shard,SHARD) $(call option,durations,DURATIONS) \
    $(call option,suppressions,SUPPRESSIONS) $(call option,baseline,BASELINE) \
    $(call option,repeat,REPEAT) \
    $(call option,junit,JUNIT) $(call option,sarif,SARIF) $(call option,html,HTML) \
    $(if $(filter-out 0,$(value ISOLATE)),--isolate)
SHOW = $(call option,profile,PROFILE) $(call option,base,BASE) $(call option,sample,SAMPLE) \
    $(call option,project,PROJECT) $(call option,binary,BINARY)
# Arguments of the program itself; the shell splits them.
PROGRAM_ARGS = $(if $(value ARGS),-- $(call literal,ARGS))

# The tested program's environment is not to hold make's own.
unexport JUNIT SARIF HTML
unexport BASELINE REPEAT
unexport PROJECT PACKAGE TEST LEVEL ENGINE BINARY TIMEOUT JSON SHARD DURATIONS SUPPRESSIONS ISOLATE ARGS \
    PROFILE BASE SAMPLE PEEK OUTPUT PORT INTERVAL INUSE_STEP MAKEFLAGS MFLAGS

.DEFAULT_GOAL := help
.PHONY: help setup ready doctor demo test-tcmalloc test-tcmalloc-strict test-tcmalloc-draconian \
    profile pprof-text pprof-pdf pprof-http test lint lock clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 26
	@printf '\nOptions: PROJECT PACKAGE TEST LEVEL ENGINE BINARY TIMEOUT JSON SHARD DURATIONS SUPPRESSIONS ISOLATE=1, ARGS for the program itself\n'
	@printf 'Of known leaks: SUPPRESSIONS BASELINE; of runs: REPEAT\n'
	@printf 'Of reports: JSON JUNIT SARIF HTML\n'
	@printf 'Of profiles: INTERVAL INUSE_STEP PROFILE BASE SAMPLE PEEK OUTPUT PORT\n'
	@printf "Example: make test-tcmalloc TEST='^TestProbe' LEVEL=strict\n"

setup: ## make .venv and install what is missing (called by all others)
	@$(PYTHON) -m bootstrap

ready:
	@$(PYTHON) -m bootstrap --quiet

demo: ready ## find the planted leaks of the bundled example
	@$(BIN)/leakcheck demo

test-tcmalloc: ready ## check tests for leaks (level: LEVEL, else HEAPCHECK, else normal)
	@$(BIN)/leakcheck leak $(call option,level,LEVEL) $(COMMON) $(PROGRAM_ARGS)

test-tcmalloc-strict: ready ## check tests for leaks, level strict
	@$(BIN)/leakcheck strict $(COMMON) $(PROGRAM_ARGS)

test-tcmalloc-draconian: ready ## check tests for leaks, level draconian
	@$(BIN)/leakcheck draconian $(COMMON) $(PROGRAM_ARGS)

profile: ready ## check, and write all that was allocated into HEAPPROFILE.NNNN.pb.gz
	@$(BIN)/leakcheck profile $(call option,level,LEVEL) $(COMMON) $(call option,interval,INTERVAL) \
	    $(call option,inuse-step,INUSE_STEP) $(PROGRAM_ARGS)

pprof-text: ready ## print where a profile's memory was allocated (PEEK=REGEX: who called)
	@$(BIN)/leakcheck pprof-text $(SHOW) $(call option,peek,PEEK)

pprof-pdf: ready ## draw who called whom, as a PDF (OUTPUT)
	@$(BIN)/leakcheck pprof-pdf $(SHOW) $(call option,output,OUTPUT)

pprof-http: ready ## show a profile as a web page (PORT, default 8080)
	@$(BIN)/leakcheck pprof-http $(SHOW) $(call option,port,PORT)

doctor: ## show what is needed, what was found, and how to mend the rest
	@$(PYTHON) -m bootstrap --quiet --keep-going
	@$(BIN)/leakcheck doctor

test: ## run the unit and end-to-end tests of leakcheck (ARGS: for pytest)
	@$(PYTHON) -m bootstrap --quiet --tests
	@$(BIN)/nox -s tests $(PROGRAM_ARGS)

lint: ## check style and types of leakcheck's own source
	@$(PYTHON) -m bootstrap --quiet --keep-going
	@$(BIN)/nox -s lint typecheck

lock: ready ## renew the lock files in requirements/
	@$(BIN)/nox -s lock

clean: ## remove .venv and everything else that was made here
	rm -rf .venv .nox .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
