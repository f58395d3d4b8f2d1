# Everything that a developer runs. CI runs .ci/run, which calls these.

GO ?= go
FUZZTIME ?= 5s
# The repository that benchmarks read.
REPO ?= .
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test race lint e2e e2e-tools bench fuzz generate cover dogfood

# Without cgo, as releases are built: the program is static and starts a millisecond sooner.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/skant ./cmd/skant

# The tests that need nothing but Go and git.
test:
	$(GO) test ./...

race:
	$(GO) test -race ./scanner ./internal/source ./internal/pack ./internal/repo

# The systems that skant is built for: their own files must compile and make sense, too.
lint:
	test -z "$$(gofmt -l . | tee /dev/stderr)"
	for os in linux darwin windows; do CGO_ENABLED=0 GOOS=$$os $(GO) vet ./... || exit 1; done
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff

# Tests with real tools. CI installs them with e2e-tools; elsewhere a test whose tool is missing says so and is skipped.
e2e:
	$(GO) test -tags e2e -count=1 -timeout 20m -v ./e2e

e2e-tools:
	e2e/install-tools

# Times skant beside git, in turn, and prints ratios: make bench REPO=~/src/linux
bench:
	SKANT_BENCH_REPO="$(abspath $(REPO))" $(GO) test -tags bench -count=1 -timeout 60m -run TestBench -v ./e2e

fuzz:
	@grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$$file"); do \
			echo "$$name in $$file"; \
			$(GO) test "$$(dirname "$$file")" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; \
	done

generate:
	$(GO) generate ./...

cover:
	$(GO) test -coverprofile=/tmp/skant.cover ./... && $(GO) tool cover -func=/tmp/skant.cover | tail -1

# Our own history holds no secret and nothing that looks like one.
dogfood:
	$(GO) run ./cmd/skant history .
	$(GO) run ./cmd/skant rules test
	$(GO) run ./cmd/skant rules lint
