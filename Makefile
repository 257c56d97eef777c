# The only entry: people and CI call the same targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
RUSTC ?= rustc
TOOLS := target/tools
WEBHOOK := target/release/serverless-webhook
CONTROLLER := target/controller/serverless-controller
REGISTRY := target/release/serverless-registry
HOST_ARCH := $(if $(filter aarch64-%,$(shell $(RUSTC) -vV | sed -n 's/^host: //p')),arm64,amd64)
# The processor of the images. Only the command line chooses it: some people have a variable of this name.
ARCH = $(HOST_ARCH)
TARGET := $(if $(filter amd64,$(ARCH)),x86_64,$(if $(filter arm64,$(ARCH)),aarch64,$(error ARCH=$(ARCH): amd64 or arm64)))-unknown-linux-gnu
# What links for another processor.
LINKER := $(if $(filter-out $(HOST_ARCH),$(ARCH)),$(subst -unknown,,$(TARGET))-gcc)
IMAGE_WEBHOOK := target/static/$(TARGET)/release/serverless-webhook
IMAGE_CONTROLLER := target/static/$(TARGET)/controller/serverless-controller
IMAGE_REGISTRY := target/static/$(TARGET)/release/serverless-registry
IMAGE_NODE_AGENT := target/static/$(TARGET)/controller/serverless-node-agent
# In no image: it runs on nodes.
CREDENTIAL_PROVIDER := target/static/$(TARGET)/controller/serverless-credential-provider
# Without packed relocations, a megabyte of the controller's memory would be relocations. The build machine needs glibc
# 2.36 for them. No path of the build machine gets into the binaries.
STATIC_FLAGS := -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs \
  --remap-path-prefix=$(CURDIR)=/src --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo
STATIC := RUSTFLAGS="$(STATIC_FLAGS)" $(CARGO) build --locked --target $(TARGET) --target-dir target/static \
  $(if $(LINKER),--config 'target.$(TARGET).linker="$(LINKER)"')
# Labels of the images: the address of the repository, and the commit.
SOURCE =
REVISION =
DENY_VERSION := 0.20.2
MACHETE_VERSION := 0.9.2
FUZZ_VERSION := 0.13.2
FUZZ_SECONDS ?= 20
# What runs Pods in `make cluster`: `simulated`, or `real`.
NODE ?= simulated
# Library crates: each compiles alone, with only the features that it requests itself.
ALONE := $(patsubst %,serverless-%,api policy decide cluster remote process controller node-agent credential-provider registry)
CHAOS_SECONDS ?= 600
CHAOS_SEED ?= $(shell date +%s)
# Where `make run` serves.
LISTEN ?= 127.0.0.1:8443
ADMIN_LISTEN ?= 127.0.0.1:9090

.PHONY: help
help: ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(WEBHOOK) ## the main job: starts the server and sends it every fixture over TLS
	@scripts/with-server.sh $(WEBHOOK) replay fixtures/admission

.PHONY: run
run: $(WEBHOOK) ## as demo, and leaves the server running until Ctrl-C; LISTEN=127.0.0.1:9443 chooses where
	@LISTEN=$(LISTEN) ADMIN_LISTEN=$(ADMIN_LISTEN) scripts/with-server.sh $(WEBHOOK) wait

.PHONY: $(WEBHOOK)
$(WEBHOOK):
	$(CARGO) build --locked --release --package serverless-webhook

.PHONY: $(CONTROLLER)
$(CONTROLLER):
	$(CARGO) build --locked --profile controller --package serverless-controller

.PHONY: $(REGISTRY)
$(REGISTRY):
	$(CARGO) build --locked --release --package serverless-registry

.PHONY: static
static: $(IMAGE_CONTROLLER) $(IMAGE_NODE_AGENT) $(CREDENTIAL_PROVIDER) ## binaries that need nothing else, for images and nodes
	$(STATIC) --release --package serverless-webhook
	$(STATIC) --release --package serverless-registry

.PHONY: $(IMAGE_CONTROLLER)
$(IMAGE_CONTROLLER): toolchain
	$(STATIC) --profile controller --package serverless-controller

.PHONY: $(IMAGE_NODE_AGENT)
$(IMAGE_NODE_AGENT): toolchain
	$(STATIC) --profile controller --package serverless-node-agent

.PHONY: $(CREDENTIAL_PROVIDER)
$(CREDENTIAL_PROVIDER): toolchain
	$(STATIC) --profile controller --package serverless-credential-provider

.PHONY: toolchain
toolchain:
	@[ -d "$$($(RUSTC) --print target-libdir --target $(TARGET))" ] \
	  || { echo "ARCH=$(ARCH) needs the standard library of Rust for it: rustup target add $(TARGET)" >&2; exit 1; }
	@[ -z "$(LINKER)" ] || command -v $(LINKER) >/dev/null \
	  || { echo "ARCH=$(ARCH) needs $(LINKER); in Debian: apt-get install $(subst x86_64,x86-64,gcc-$(LINKER:-gcc=))" >&2; exit 1; }

.PHONY: images
images: static ## OCI image layouts of all programs in target/images, with their SBOMs; ARCH=arm64 for another processor
	@for program in webhook=$(IMAGE_WEBHOOK) controller=$(IMAGE_CONTROLLER) node-agent=$(IMAGE_NODE_AGENT) \
	    registry=$(IMAGE_REGISTRY); do \
	  $(CARGO) run --locked --quiet --package xtask -- image --program "$${program%%=*}" --binary "$${program#*=}" \
	    --arch $(ARCH) --source "$(SOURCE)" --revision "$(REVISION)" \
	    --output "target/images/serverless-$${program%%=*}$(if $(LINKER),-$(ARCH))"; \
	done

.PHONY: control-plane
control-plane: ## builds etcd, kube-apiserver, kubectl, … for the tests: once, about 12 minutes
	@tests/control-plane/build.sh

.PHONY: node
node: control-plane ## containerd, BuildKit and what else makes this machine a node, for the tests: once, about 10 minutes
	@tests/node/build.sh

.PHONY: interpreters
interpreters: ## the Node.js and Python versions that the runtimes are tested with: once, about a minute
	@tests/interpreters/build.sh

.PHONY: packages
packages: interpreters ## what the runtimes and Functions of the tests install with npm and pip: once, a few seconds
	@tests/packages/build.sh

.PHONY: node-images
node-images: interpreters node ## the images that run on the node of the tests: once, about a minute
	@CARGO=$(CARGO) tests/node/images/build.sh

.PHONY: registry
registry: ## a registry, its client and a store that speaks S3 for the tests: once, about two minutes
	@tests/registry/build.sh

.PHONY: clients
clients: ## clients of registries, and the conformance suite of OCI, for the tests: once, about a minute
	@tests/clients/build.sh

.PHONY: parsers
parsers: ## what reads the registry configuration of nodes as containerd, k3s and CRI-O do, for the tests: once, about a minute
	@tests/parsers/build.sh

.PHONY: tokens
tokens: ## what verifies tokens as registries do, for the tests: once, a few seconds
	@tests/tokens/build.sh

.PHONY: configuration
configuration: ## what reads configurations of registries as distribution does, for the tests: once, a few seconds
	@tests/configuration/build.sh

.PHONY: cert-manager
cert-manager: ## cert-manager for the tests: once, about 4 minutes
	@tests/cert-manager/build.sh

.PHONY: cluster
cluster: cluster-$(NODE) ## a control plane on loopback with webhook and controller, until Ctrl-C; NODE=real runs Pods (root)

.PHONY: cluster-simulated
cluster-simulated:
	@echo "make cluster: the first time it builds the control plane (12 minutes, 4 GB with Go's caches) and both programs, unoptimized" >&2
	@echo "(5 minutes, 3 GB in target; 2 minutes after make test). Then it starts in a minute, and takes 1.5 GB of memory and 150 MB of disk." >&2
	@$(MAKE) --no-print-directory control-plane
	$(CARGO) build --locked --workspace --bins
	@target/debug/testenv target/debug/serverless-webhook target/debug/serverless-controller

.PHONY: cluster-real
cluster-real:
	@echo "make cluster NODE=real: needs root. The first time it builds a control plane, a node and images (25 minutes, 8 GB with Go's" >&2
	@echo "caches) and both programs, unoptimized (5 minutes, 4 GB in target). Then it starts in a minute." >&2
	@tests/node/run.sh true
	@$(MAKE) --no-print-directory node node-images packages registry
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace --bench node --no-run
	@tests/node/run.sh $(CARGO) test --locked --offline --workspace --bench node -- cluster

.PHONY: test
test: control-plane interpreters packages registry clients parsers tokens configuration cert-manager ## all tests, those against a real API server too
	$(CARGO) test --locked --workspace -- --skip chaos::
	$(CARGO) test --locked --workspace --test it -- chaos:: # separately: it needs the whole machine
	@$(MAKE) --no-print-directory test-node

.PHONY: test-node
test-node: ## Functions on a real node: needs root on Linux; lists what it skips elsewhere
	@[ -n "$$(tests/node/missing.sh)" ] || $(MAKE) --no-print-directory node node-images packages registry clients parsers
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace --test it --test ends --no-run
	tests/node/test.sh $(CARGO) test --locked --offline --workspace --test it -- --ignored node::
	tests/node/test.sh $(CARGO) test --locked --offline --workspace --test it -- --ignored registry_of_chart:: # another installation
	[ -n "$$(tests/node/missing.sh)" ] || $(CARGO) test --locked --workspace --test ends -- --ignored

.PHONY: chaos
chaos: control-plane registry ## all is killed, cut off and changed, three times for ten minutes; CHAOS_SEED=N does it again
	CHAOS_SECONDS=$(CHAOS_SECONDS) CHAOS_SEED=$(CHAOS_SEED) \
	  $(CARGO) test --locked --workspace --test it -- --nocapture chaos::

.PHONY: check
check: $(TOOLS)/bin/cargo-deny $(TOOLS)/bin/cargo-machete ## format, lints, dependencies, generated files, arrows
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	$(TOOLS)/bin/cargo-deny check bans licenses sources
	$(TOOLS)/bin/cargo-machete
	for package in $(ALONE); do $(CARGO) check --locked --all-targets --package $$package; done
	$(CARGO) test --locked --workspace --test it -- install::manifests:: workspace::

.PHONY: advisories
advisories: $(TOOLS)/bin/cargo-deny ## known vulnerabilities of dependencies (fetches the advisory database)
	$(TOOLS)/bin/cargo-deny check advisories

.PHONY: generate
generate: ## writes manifests and docs/rules.md from types, routes and rules
	$(CARGO) run --locked --quiet --package xtask

.PHONY: record
record: ## records the answers of all fixtures: read the difference before you commit it
	$(CARGO) run --locked --quiet -- replay --record fixtures/admission || [ $$? -eq 1 ] # 1: some reviews are refused, as expected
	RECORD_PLANS=1 $(CARGO) test --locked --quiet --test it -- functions::plans
	RECORD_NODES=1 $(CARGO) test --locked --quiet --test it -- nodes::rendered
	RECORD_REGISTRIES=1 $(CARGO) test --locked --quiet --package serverless-decide -- registry::objects

.PHONY: vectors
vectors: ## the quantities of apimachinery against which ours are tested
	cd crates/policy/tests/vectors && go run . > quantities.tsv

.PHONY: bench
bench: control-plane ## rates, latencies, CPU and memory, into target/bench.md
	$(CARGO) bench --locked --bench micro
	$(CARGO) bench --locked --bench load
	$(CARGO) bench --locked --bench cluster | tee -a target/bench.md

.PHONY: bench-node
bench-node: ## from kubectl apply to the first answer on a real node: needs root
	@tests/node/run.sh true
	@$(MAKE) --no-print-directory node node-images packages registry
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace --bench node --no-run
	tests/node/run.sh $(CARGO) test --locked --offline --workspace --bench node

.PHONY: bench-nodes
bench-nodes: $(IMAGE_NODE_AGENT) ## what changes, rewritten files and dead mirrors do to pulls of a real node, and what its agent needs: needs root
	@tests/node/run.sh true
	@$(MAKE) --no-print-directory node node-images packages registry
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace --bench node --no-run
	NODE_AGENT=$(CURDIR)/$(IMAGE_NODE_AGENT) \
	  tests/node/run.sh $(CARGO) test --locked --offline --workspace --bench node -- registries

.PHONY: bench-shapes
bench-shapes: $(WEBHOOK) ## what the shape of a body costs, and the most memory of the webhook under each attack
	$(CARGO) bench --locked --bench shapes -- $(CURDIR)/$(WEBHOOK)

.PHONY: bench-offline
bench-offline: $(WEBHOOK) ## what 200,000 reviews and 10,000 manifests cost replay and check: time and memory on one core
	$(CARGO) bench --locked --bench offline -- $(CURDIR)/$(WEBHOOK)

.PHONY: bench-propagation
bench-propagation: control-plane $(IMAGE_CONTROLLER) ## what copies in 5,000 namespaces cost: time, requests, CPU, memory
	$(CARGO) bench --locked --bench controller -- $(IMAGE_CONTROLLER) propagation 5000 60

.PHONY: bench-controller
bench-controller: control-plane $(IMAGE_CONTROLLER) ## how the controller brings many Functions to Running: time, requests, CPU, memory
	$(CARGO) bench --locked --bench controller -- $(IMAGE_CONTROLLER)
	$(CARGO) bench --locked --bench controller -- $(IMAGE_CONTROLLER) floor 200 50
	$(CARGO) bench --locked --bench controller -- $(IMAGE_CONTROLLER) restart 10000 60

.PHONY: bench-registry
bench-registry: control-plane registry $(REGISTRY) ## the gateway of registries: tokens, accounts, large blobs beside nginx, rotations under load
	$(CARGO) bench --locked --bench registry -- $(CURDIR)/$(REGISTRY)

.PHONY: bench-cache
bench-cache: control-plane registry $(REGISTRY) $(CONTROLLER) ## pull-through caches: rotations, wrong credentials, an outage, who may pull, a large layer
	$(CARGO) bench --locked --bench cache -- $(CURDIR)/$(REGISTRY) $(CURDIR)/$(CONTROLLER)

.PHONY: bench-hostile
bench-hostile: control-plane $(IMAGE_CONTROLLER) ## how much memory of the controller tenants can fill
	$(CARGO) bench --locked --bench controller -- $(IMAGE_CONTROLLER) hostile 100

.PHONY: fuzz
fuzz: $(TOOLS)/bin/cargo-fuzz ## a short run of every fuzz target (needs a nightly toolchain)
	for target in $$(PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo +nightly fuzz list); do \
	  mkdir -p fuzz/corpus/$$target; \
	  PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo +nightly fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=65536; \
	done

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --locked --root $(TOOLS) cargo-deny@$(DENY_VERSION)

$(TOOLS)/bin/cargo-machete:
	$(CARGO) install --locked --root $(TOOLS) cargo-machete@$(MACHETE_VERSION)

$(TOOLS)/bin/cargo-fuzz:
	$(CARGO) install --locked --root $(TOOLS) cargo-fuzz@$(FUZZ_VERSION)
