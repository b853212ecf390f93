# Works with GNU make 3.81 and newer. Targets have relative paths: make cannot handle a space in a path.

# The first Python 3.11 or later that can create virtual environments. To use another: make PYTHON=/path setup
PYTHON = $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
BIN = .venv/bin
SAM = SAM_CLI_TELEMETRY=0 .envs/sam/bin/sam
LOCK = UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url $(LOCK_OPTIONS)
ARCHITECTURE = x86_64
SOURCES = layers localstack functions tests requirements

# The two test commands run one after the other. Tests on clouds mostly wait, so two clouds run at a time.
TEST_IN_PROCESS = $(BIN)/python -m pytest --numprocesses logical --dist loadfile \
	tests/integration tests/unit localstack/lambda-processes/tests
TEST_ON_CLOUDS = $(BIN)/python -m pytest --numprocesses 2 --dist loadgroup \
	tests/e2e tests/smoke tests/chaos tests/kinesis
TEST_SERVERS = .envs/cloud/bin/python -m pytest -c localstack/cloud-servers/pyproject.toml localstack/cloud-servers/tests
TEST_ON_LOCALSTACK = $(BIN)/python -m pytest -k "not ministack" \
	tests/smoke tests/kinesis localstack/lambda-processes/tests

define INSTALL
python=$${PYTHON:-$(PYTHON)}; \
if [ -z "$$python" ]; then \
echo 'No Python 3.11 or later with the venv module is on PATH (on Debian: apt install python3-venv).'; \
exit 1; fi; \
"$$python" requirements/install.py
endef

# Lambda's python3.11 is Amazon Linux 2; the later runtimes are Amazon Linux 2023, with glibc 2.34.
define REFUSAL_OF_3_11
make build: the virtual environments have Python 3.11. Lambda's python3.11 has glibc 2.26, but Pillow needs
glibc 2.27 for WebP, so every WebP file would be refused as IMAGE_BROKEN. Build with a newer Python:
make clean, then make build PYTHON=/path/to/python3.13
endef
export REFUSAL_OF_3_11

.DEFAULT_GOAL := help
.PHONY: help setup setup-all demo test test-localstack chaos bench sam-local check format generate build \
	lock clean

help: ## List the targets
	@echo "Chat4All. Each target first sets up what it needs:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; \
	do printf '%-20s %s\n' "$$name" "$$text"; done

setup: ## Create the virtual environments from the locks
	@$(INSTALL)

setup-all: ## Create the environments of LocalStack and of the checks, too
	@$(INSTALL) --all

demo: setup ## Run the demo on a temporary local cloud, live in the terminal
	@$(BIN)/chat4all demo

test: setup-all ## Run every test, or a part: make test TESTS="tests/unit -k split"
	@if [ -n "$(TESTS)" ]; then $(BIN)/python -m pytest $(TESTS); else \
	$(TEST_IN_PROCESS) && $(TEST_SERVERS) && $(TEST_ON_CLOUDS); fi

test-localstack: setup-all ## Run the smoke tests, Kinesis tests and plugin tests on LocalStack
	@$(TEST_ON_LOCALSTACK)

chaos: setup ## Inject faults under load and trace every message; writes docs/chaos-report.md
	@$(BIN)/chat4all chaos --report docs

bench: setup-all ## Run every benchmark but load; tables and plots go to results/
	@$(BIN)/chat4all bench

sam-local: setup ## Run every function and the API in sam local; needs a Docker daemon
	@$(BIN)/chat4all sam-local

check: setup-all ## Check format, lint, types, generated files and templates
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/python -m chat4all_local.generate --check
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(SAM) validate --lint --region us-east-1
	@.envs/sam/bin/cfn-lint template.yaml infra/*.yaml
	@.envs/checkov/bin/checkov --config-file .checkov.yaml

generate: setup ## Write the blocks and files that are generated from the channels and routes
	@$(BIN)/python -m chat4all_local.generate

format: setup ## Format every file and apply the linter's fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

build: setup ## Build for Lambda into .aws-sam/build; ARCHITECTURE=arm64 builds for Arm
	@runtime=python$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	if [ "$$runtime" = python3.11 ]; then echo "$$REFUSAL_OF_3_11" >&2; exit 1; fi; \
	built="Runtime=$$runtime Architecture=$(ARCHITECTURE)"; \
	platform=$(patsubst arm64,aarch64,$(ARCHITECTURE))-manylinux_2_28; \
	export PATH="$(CURDIR)/.venv/bin:$$PATH" LAYER_PLATFORM="$${LAYER_PLATFORM-$$platform}"; \
	output=$$($(SAM) build --config-env aws --parameter-overrides $$built); code=$$?; \
	printf '%s\n' "$$output" | sed '/^Commands you can use next/,$$d'; [ $$code -eq 0 ] \
	&& echo "deploy with: .envs/sam/bin/sam deploy --config-env aws --parameter-overrides $$built"

lock: setup-all ## Resolve the locks again; LOCK_OPTIONS=--upgrade selects newer versions
	@$(LOCK) requirements/uv.in -o requirements/uv.txt
	@$(LOCK) layers/core/requirements.in -o layers/core/requirements.txt
	@$(LOCK) layers/media/requirements.in -o layers/media/requirements.txt
	@$(LOCK) requirements/dev.in -o requirements/dev.txt
	@$(LOCK) requirements/sam.in -o requirements/sam.txt
	@$(LOCK) requirements/cloud.in -o requirements/cloud.txt
	@$(LOCK) requirements/checkov.in -o requirements/checkov.txt
	@$(LOCK) requirements/lambda.in -o requirements/lambda.txt
	@$(LOCK) --exclude-newer 2025-10-28 requirements/localstack.in -o requirements/localstack.txt

clean: ## Remove all files that make can create again; keep the local cloud's data
	@rm -rf .venv .envs .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis
