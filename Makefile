# Everything that a developer runs. CI runs .ci/run, which calls these.

GO ?= go
# How many runs each fuzz test gets. A time would do as well ("1m"), but Go sometimes reports its own end as a failure.
FUZZTIME ?= 20000x
# The repository that benchmarks read.
REPO ?= .
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test race lint e2e e2e-slow e2e-tools e2e-fast-path e2e-gitlab prove bench bench-history bench-detection bench-precision bench-verify bench-places fuzz generate cover dogfood release-snapshot

# Without cgo, as releases are built: the program is static and starts a millisecond sooner.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/skant ./cmd/skant

# The tests that need nothing but Go and git.
test:
	$(GO) test ./...

# Tests that go through all rules or seams one after the other have one goroutine, those that hold many histories against git wait for
# git: together they would take most of the time, and have no race to find.
race:
	$(GO) test -race -timeout 20m -skip '^(Test(Builtin|WindowsLoseNothing|AssignedRules|StreamBuiltin|Seams|Ends|EncodedSeams|StreamSeams|PushIsWhatGitSends|IgnoreLikeGit|HistorySubmodulesAbsent|DamagedIndex|EveryAnswerOfEveryRule)|Fuzz(ChangedBytes|Scan))' ./scanner ./internal/source ./internal/pack ./internal/repo ./internal/verify

# The systems that skant is built for: their own files must compile and make sense, too.
lint:
	test -z "$$(gofmt -l . | tee /dev/stderr)"
	for os in linux darwin windows; do CGO_ENABLED=0 GOOS=$$os $(GO) vet ./... || exit 1; done
	$(GO) vet -tags release ./cmd/skant
	for tags in e2e,e2eslow bench gitlabschema; do $(GO) vet -tags $$tags ./e2e || exit 1; done
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff

# Tests with real tools. CI installs them with e2e-tools; elsewhere a test whose tool is missing says so and is skipped.
e2e:
	$(GO) test -tags e2e -count=1 -timeout 30m -v ./e2e

# What takes minutes, and a few gigabytes of disk: a million loose objects, hundreds of thousands of refs, two versions of Vault built from
# source (half an hour the first time; the programs stay in the user's cache folder).
e2e-slow:
	$(GO) test -tags e2e,e2eslow -count=1 -timeout 60m -run '^TestSlow' -v ./e2e

e2e-tools:
	e2e/install-tools

# Holds what the search of changes finds against a plain scan of every blob that git prints:
# make e2e-fast-path SKANT_E2E_REPOS="$HOME/src/git $HOME/src/rails"; without it, our own history and a made one.
e2e-fast-path:
	SKANT_E2E_REPOS="$(abspath $(SKANT_E2E_REPOS))" $(GO) test -tags e2e -count=1 -timeout 120m -run '^TestFastPath$$' -v ./e2e

# Holds GitLab's report against the schema that GitLab publishes: make e2e-gitlab SKANT_E2E_GITLAB_SCHEMA=secret-detection-report-format.json
e2e-gitlab:
	SKANT_E2E_GITLAB_SCHEMA="$(abspath $(SKANT_E2E_GITLAB_SCHEMA))" $(GO) test -tags gitlabschema -count=1 -run '^TestGitLab' -v ./e2e

# Makes ten times as many edits as usual, and fuzzes them.
prove:
	SKANT_PROOF=10 $(GO) test -count=1 -timeout 60m ./scanner
	for name in FuzzChanges FuzzChangedBytes; do \
		$(GO) test ./scanner -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x || exit 1; \
	done

# Times skant beside git, in turn, and prints ratios: make bench REPO=~/src/linux
bench:
	SKANT_BENCH_REPO="$(abspath $(REPO))" $(GO) test -tags bench -count=1 -timeout 60m -run '^TestBench(Staged)?$$' -v ./e2e

# Times `skant history` beside git, and gitleaks with GITLEAKS=1, then the search for anchors alone:
# make bench-history REPO=~/src/git ROUNDS=5 GITLEAKS=1
bench-history:
	SKANT_BENCH_REPO="$(abspath $(REPO))" SKANT_BENCH_ROUNDS="$(ROUNDS)" SKANT_BENCH_GITLEAKS="$(GITLEAKS)" \
		$(GO) test -tags bench -count=1 -timeout 120m -run '^TestBenchHistory$$' -v ./e2e
	SKANT_BENCH_REPO="$$(git -C "$(REPO)" rev-parse --absolute-git-dir)" \
		$(GO) test -count=1 -timeout 60m -run '^$$' -bench '^BenchmarkAnchors$$' -benchtime 1x ./internal/match

# Precision and recall on the labelled set (docs/detection.md): make bench-detection LIST=3 ONLY='^shell' OUT=/tmp/missed
bench-detection:
	@SKANT_DETECTION=1 SKANT_DETECTION_LIST="$(LIST)" SKANT_DETECTION_ONLY="$(ONLY)" SKANT_DETECTION_SEED="$(SEED)" \
		SKANT_DETECTION_OUT="$(OUT)" $(GO) test ./internal/labelled -count=1 -run '^TestDetection$$' -v

# Findings per MB on trees and histories of real repositories, beside gitleaks (docs/detection.md):
# make bench-precision SKANT_PRECISION_REPOS="$HOME/src/flask $HOME/src/rails" SKANT_PRECISION_OUT=/tmp/findings.tsv
bench-precision:
	SKANT_PRECISION_REPOS="$(abspath $(SKANT_PRECISION_REPOS))" SKANT_PRECISION_WHAT="$(SKANT_PRECISION_WHAT)" \
		SKANT_PRECISION_OUT="$(abspath $(SKANT_PRECISION_OUT))" SKANT_PRECISION_KEEP="$(abspath $(SKANT_PRECISION_KEEP))" \
		SKANT_PRECISION_PROGRAM="$(abspath $(SKANT_PRECISION_PROGRAM))" SKANT_PRECISION_GITLEAKS="$(SKANT_PRECISION_GITLEAKS)" \
		$(GO) test -tags bench -count=1 -timeout 240m -run '^TestBenchPrecision$$' -v ./e2e

# What --verify costs: 10,000 findings of 1,000 secrets, against a server on this machine that takes 100 ms (docs/performance.md).
bench-verify:
	$(GO) test -tags bench -count=1 -timeout 20m -run '^TestBenchVerify$$' -v ./e2e

# Who finds a token where: skant beside gitleaks, and betterleaks and trufflehog if they are in PATH (docs/comparison.md).
bench-places:
	$(GO) test -tags bench -count=1 -timeout 20m -run '^TestBenchPlaces$$' -v ./e2e

fuzz:
	@grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$$file"); do \
			echo "$$name in $$file"; \
			$(GO) test "$$(dirname "$$file")" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x || exit 1; \
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

# All files of a release, in dist, without publishing any (docs/decisions/0024-distribution.md). Images need Docker and are left out.
GORELEASER = github.com/goreleaser/goreleaser/v2@v2.15.1
release-snapshot:
	GOFLAGS= $(GO) run $(GORELEASER) release --snapshot --clean --skip=docker,publish,announce
