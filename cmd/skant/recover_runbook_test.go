package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// everyRule is a report with one secret of each rule, in a commit of a repository, and in all other kinds of place.
func everyRule(set *rules.Set) *scanner.Report {
	rep := &scanner.Report{Target: "app", Command: "history", StartedAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Coverage: scanner.Coverage{Complete: true}}
	add := func(id string, kind scanner.Kind) {
		n := len(rep.Findings)
		rep.Findings = append(rep.Findings, scanner.Finding{RuleID: id, Fingerprint: fmt.Sprintf("%032x", n), Title: id, Exposure: &scanner.Exposure{},
			Facts: map[string]string{"number": "1"}, Location: scanner.Location{Kind: kind, Path: ".github/workflows/a.yml", StartLine: 1, Object: fmt.Sprintf("%040x", n),
				Commit: &scanner.Commit{ID: fmt.Sprintf("%040x", n), Date: rep.StartedAt.Add(-time.Hour)}}})
	}
	for _, r := range set.All() {
		add(r.ID, scanner.KindCommitContent)
	}
	add("hunt", scanner.KindCommitContent)
	add("nobody-knows", scanner.KindCommitContent)
	for _, kind := range []scanner.Kind{scanner.KindStaged, scanner.KindCommitMessage, scanner.KindTagMessage, scanner.KindNote, scanner.KindRefName, scanner.KindAuthor,
		scanner.KindStash, scanner.KindReflog, scanner.KindUnreachable, scanner.KindGitConfig, scanner.KindFile} {
		add("nobody-knows", kind)
	}
	return rep
}

// TestRunbookCommands holds every command line of this program that any runbook can have against the command tree: a runbook whose
// commands are refused is found out in the worst hour.
func TestRunbookCommands(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	gap := regexp.MustCompile(`<[a-z_-]+>`)
	for _, opt := range []recovery.Options{
		{Repository: "/srv/clone", Report: "/srv/audit.json", Exposure: &exposure.Exposure{}},
		{Repository: "/srv/it's a clone", Remote: "up stream", Report: "/srv/a b.json"},
		{},
	} {
		plan := recovery.New(everyRule(set), set, opt)
		var texts []string
		for _, steps := range allSteps(plan) {
			for _, s := range steps {
				texts = append(texts, s.Run)
			}
		}
		for _, spans := range plan.Unknown {
			for _, s := range spans {
				if s.Kind == recovery.Value {
					texts = append(texts, s.Text)
				}
			}
		}
		for _, text := range texts {
			for _, words := range skantCalls(gap.ReplaceAllString(text, "gap")) {
				line := strings.Join(words, " ")
				seen[line] = true
				if err := understood(words[1:]); err != nil {
					t.Errorf("%s: %v, in\n%s", line, err, text)
				}
			}
		}
	}
	for _, want := range []string{
		"skant recover check --report audit.json --incident $HOME/skant-incident.json --remote --verify --secret-file - /srv/clone",
		"skant recover guard --incident $HOME/skant-incident.json /srv/it's a clone",
		"skant recover purge --remote up stream --incident $HOME/skant-incident.json --yes /srv/it's a clone",
		"skant verify --rule anthropic-api-key", "skant hunt --secret-file gap .", "skant ci", "skant hooks install all",
		"skant recover revoke --report /srv/audit.json --only 1 --ask /srv/clone",
		"skant recover --report FILE REPO", "skant recover --verify",
	} {
		found := seen[want]
		for line := range seen { // the number of a secret depends on the order of all
			found = found || regexp.MustCompile(`--only \d+`).ReplaceAllString(line, "--only 1") == want
		}
		if !found {
			t.Errorf("no runbook has %q", want)
		}
	}
	if len(seen) < 500 {
		t.Errorf("only %d commands were looked at", len(seen))
	}
	t.Logf("%d commands", len(seen))
}

func allSteps(p *recovery.Plan) [][]recovery.Step {
	out := [][]recovery.Step{p.Stores.Steps, p.Tell.Steps}
	for i := range p.Git {
		out = append(out, p.Git[i].Steps)
	}
	for i := range p.Leaks {
		out = append(out, p.Leaks[i].Program)
		for _, s := range p.Leaks[i].Phases {
			out = append(out, s.Steps)
		}
	}
	return out
}

// skantCalls returns the calls of this program among commands for a shell, as words without their quotes.
func skantCalls(script string) [][]string {
	var out [][]string
	var call []string
	var word strings.Builder
	begun, quote := false, byte(0)
	end := func(command bool) {
		if begun {
			call = append(call, word.String())
			word.Reset()
			begun = false
		}
		if command {
			for len(call) > 0 && (call[0] == "{" || call[0] == "do" || call[0] == "then") {
				call = call[1:]
			}
			if len(call) > 0 && call[0] == "skant" {
				out = append(out, call)
			}
			call = nil
		}
	}
	for i := 0; i < len(script); i++ {
		c := script[i]
		switch {
		case quote == 0 && c == '\\' && i+1 < len(script):
			i++
			word.WriteByte(script[i])
			begun = true
		case quote == 0 && (c == '\'' || c == '"'):
			quote, begun = c, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 || !strings.ContainsRune(" \n|;&", rune(c)):
			word.WriteByte(c)
			begun = true
		default:
			end(c != ' ')
		}
	}
	end(true)
	return out
}
