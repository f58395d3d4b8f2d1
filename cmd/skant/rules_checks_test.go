package main

import (
	"context"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func builtinChecks(t *testing.T) (*rules.Set, *checks) {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	return set, allChecks(set)
}

// TestLivenessChecks holds docs/liveness-checks.md against the rules. -update rewrites it.
func TestLivenessChecks(t *testing.T) {
	const path = root + "/docs/liveness-checks.md"
	set, all := builtinChecks(t)
	asked, _ := count(all.asked)
	named, _ := count(all.named, all.asked)
	refused, _ := count(all.refused, all.asked, all.named)
	if sum := asked + named + refused + all.public + all.unwritten; sum != set.Len() {
		t.Errorf("%d of %d rules are counted", sum, set.Len())
	}
	want := all.page()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.ReplaceAll(string(have), "\r\n", "\n"), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("docs/liveness-checks.md is not what the rules say; `go test ./cmd/skant -run LivenessChecks -update` renews it (-page +rules):\n%s", diff)
	}
}

// TestLivenessChecksCounted holds every "N rules can be asked about" of the manual against the rules. -update rewrites it.
func TestLivenessChecksCounted(t *testing.T) {
	_, all := builtinChecks(t)
	asked, _ := count(all.asked)
	named, _ := count(all.named, all.asked)
	total := asked + named
	phrase := regexp.MustCompile(`([0-9][0-9,]*) rules can be asked about`)
	seen := 0
	for page, text := range documents(t) {
		for _, m := range phrase.FindAllStringSubmatch(text, -1) {
			seen++
			if n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", "")); (err != nil || n != total) && !*update {
				t.Errorf("%s: %q, and it is %d; `go test ./cmd/skant -run LivenessChecks -update` renews it", page, m[0], total)
			}
		}
		if now := phrase.ReplaceAllString(text, report.Count(int64(total))+" rules can be asked about"); *update && now != text {
			if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(page)), []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if seen < 2 {
		t.Errorf("%d pages say how many rules can be asked about", seen)
	}
}

// TestSignedRequestsAreAsTold: what is said of the requests that code makes is what it would send, for the examples of the rules.
func TestSignedRequestsAreAsTold(t *testing.T) {
	set, _ := builtinChecks(t)
	var last verify.Asked
	v, err := verify.New(set, verify.Options{DryRun: func(a verify.Asked) { last = a }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{MinConfidence: rules.LowConfidence, IncludeExamples: true})
	if err != nil {
		t.Fatal(err)
	}
	told, hidden := map[string]bool{}, regexp.MustCompile(`<[a-z]+>`)
	for i := range set.All() {
		r := &set.All()[i]
		l, ok := set.LivenessOf(r)
		if !ok || l.Signed == "" {
			continue
		}
		words, ok := signedRequests()[l.Signed]
		if !ok {
			t.Errorf("nothing is said of %s", l.Signed)
			continue
		}
		want := regexp.MustCompile("^" + hidden.ReplaceAllString(regexp.QuoteMeta(withoutQuery(words.address)), `[^/?]+`) + "$")
		for k, example := range r.Examples.Match {
			text, err := rules.Expand(example, "told"+strconv.Itoa(k))
			if err != nil {
				t.Fatal(err)
			}
			found, err := find(context.Background(), s, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			for j := range found {
				if found[j].RuleID != r.ID {
					continue
				}
				last = verify.Asked{}
				if _, err := v.Ask(context.Background(), &found[j]); err != nil || last.Method != words.method {
					continue
				}
				sent, err := url.Parse(last.URL)
				told[l.Signed] = told[l.Signed] || want.MatchString(withoutQuery(last.URL)) || err == nil && strings.Contains(words.how, sent.Host+" ")
			}
		}
	}
	told["azure-sas"] = true     // its address is the secret
	told["bedrock-short"] = true // the examples have expired
	told["oci-user"] = true      // no rule finds all that it needs
	for _, name := range slices.Sorted(maps.Keys(signedRequests())) {
		if !told[name] {
			t.Errorf("%s: no example leads to %s", name, signedRequests()[name].address)
		}
	}
}

func withoutQuery(address string) string {
	before, _, _ := strings.Cut(address, "?")
	if plain, err := url.PathUnescape(before); err == nil {
		return plain
	}
	return before
}

// TestChecksOfRules: each way of being asked has its word in the list and its reason where one rule is shown.
func TestChecksOfRules(t *testing.T) {
	set, _ := builtinChecks(t)
	for id, c := range map[string]struct {
		how   string
		shows []string
	}{
		"anthropic-api-key":             {checkedHere, []string{"GET https://api.anthropic.com/v1/models?limit=1", "X-Api-Key: {{.secret}}", "live        HTTP 200", "dead        HTTP 401"}},
		"aws-access-key":                {checkedHere, []string{"POST https://sts.us-east-1.amazonaws.com/", "(if these are found with it: aws_access_key_id)"}},
		"vault-service-token":           {checkedThere, []string{"--verify-endpoint vault=URL", "{{.endpoint}}/v1/auth/token/lookup-self"}},
		"anthropic-oauth-refresh-token": {checkedNowhere, []string{"Nobody is asked (uncheckable): ", "exchanges it"}},
		"aws-access-key-id":             {checkedNowhere, []string{checkPublic}},
	} {
		r := set.Lookup(id)
		if r == nil {
			t.Errorf("there is no rule %s", id)
			continue
		}
		if got := howChecked(set, r); got != c.how {
			t.Errorf("%s: %q, not %q", id, got, c.how)
		}
		var b strings.Builder
		if err := showRule(&b, set, r); err != nil {
			t.Fatal(err)
		}
		for _, want := range append(c.shows, labelCheck) {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %q is not in\n%s", id, want, b.String())
			}
		}
	}
	var b strings.Builder
	bare := &rules.Rule{ID: "acme", Provider: "acme"}
	if writeCheck(&b, rules.NewSet([]rules.Rule{*bare}, nil), bare); !strings.Contains(b.String(), checkUnwritten) {
		t.Errorf("of a rule without a check: %s", b.String())
	}
}
