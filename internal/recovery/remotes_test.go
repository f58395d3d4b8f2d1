package recovery

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// commandsOf are all commands for git of a plan.
func commandsOf(p *Plan) string {
	var all []string
	for _, s := range p.Git {
		for _, step := range s.Steps {
			all = append(all, step.Run)
		}
	}
	return strings.Join(all, "\n")
}

// TestRemoteIsTheClones checks that commands name a remote that there is, and the repository itself where there is none.
func TestRemoteIsTheClones(t *testing.T) {
	rep := sample(t)
	named := New(rep, sampleRules(), Options{Repository: "/srv/clone", Remote: "up stream", Others: []string{"mirror"}})
	if run := commandsOf(named); strings.Contains(run, "origin") || !strings.Contains(run, "remote get-url 'up stream'") || !strings.Contains(run, "recover purge --remote 'up stream'") {
		t.Errorf("not of the remote:\n%s", run)
	}
	if i := slices.IndexFunc(named.Git, func(s Section) bool { return slices.Contains(s.Intro, Span{"mirror", Value}) }); i < 0 {
		t.Error("the other remote is not named")
	}
	alone := commandsOf(New(rep, sampleRules(), Options{Repository: "/srv/app.git", Alone: true}))
	for _, bad := range []string{"origin", "get-url", "git fetch --prune", "plan --remote", "ls-remote ''", "ls-remote -- ''"} {
		if strings.Contains(alone, bad) {
			t.Errorf("%q without a remote:\n%s", bad, alone)
		}
	}
	if !strings.Contains(alone, `git clone --mirror --no-local -- "$REPO" purge.git`) || !strings.Contains(alone, "skant recover plan /srv/app.git") {
		t.Errorf("not of the repository itself:\n%s", alone)
	}
}

// TestUnstaging checks that a staged file is taken out before the first commit, too, and no other with it.
func TestUnstaging(t *testing.T) {
	home := t.TempDir()
	bash(t, home, "git init -q clone && cd clone && echo a > ':(top)*' && echo b > '*' && echo c > c && git add .")
	for _, path := range []string{":(top)*", "*"} {
		rep := &scanner.Report{StartedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Coverage: scanner.Coverage{Complete: true},
			Findings: []scanner.Finding{{RuleID: "x", Fingerprint: "f", Location: scanner.Location{Kind: scanner.KindStaged, Path: path, StartLine: 1}}}}
		bash(t, home, firstRun(New(rep, nil, Options{Repository: filepath.Join(home, "clone")})))
	}
	if left := bash(t, home, "cd clone && git diff --cached --name-only"); left != "c\n" {
		t.Errorf("left in the index: %q", left)
	}
	if _, err := os.Stat(filepath.Join(home, "clone", "*")); err != nil {
		t.Error(err)
	}
}

func firstRun(p *Plan) string { return p.Git[0].Steps[0].Run }

// TestBeginningInTheFuture checks that no query is asked for a time that has not come yet.
func TestBeginningInTheFuture(t *testing.T) {
	rep := sample(t)
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if f.Location.Commit != nil {
			c := *f.Location.Commit
			c.Date = rep.StartedAt.AddDate(70, 0, 0)
			f.Location.Commit = &c
		}
		if f.Exposure != nil {
			e := *f.Exposure
			e.FirstSeen, e.LastSeen = rep.StartedAt.AddDate(70, 0, 0), rep.StartedAt.AddDate(70, 0, 0)
			f.Exposure = &e
		}
	}
	ahead := 0
	for _, l := range New(rep, sampleRules(), Options{}).Leaks {
		if !l.Since.IsZero() {
			t.Errorf("%s since %v", l.RuleID, l.Since)
		}
		if l.Ahead {
			ahead++
		}
		for _, s := range l.Phases {
			for _, step := range s.Steps {
				if year := rep.StartedAt.AddDate(70, 0, 0).Format("2006-"); strings.Contains(step.Run, year) {
					t.Errorf("%s: %s", l.RuleID, step.Run)
				}
			}
		}
	}
	if ahead == 0 {
		t.Error("nothing lies in the future")
	}
}

// TestServerIsAskedInItsFormat checks that the question for old commits can be answered with yes: by a server whose ids are SHA-256, and by one
// whose address is relative.
func TestServerIsAskedInItsFormat(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		home := t.TempDir()
		clone := filepath.Join(home, "clone")
		id := strings.TrimSpace(bash(t, home, "git init -q --bare -b main --object-format="+format+" host.git && git init -q -b main --object-format="+format+
			" clone && cd clone && git remote add origin ../host.git && echo a > a && git add a && git commit -qm a && git push -q origin main && git rev-parse HEAD"))
		rep := &scanner.Report{StartedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Coverage: scanner.Coverage{Complete: true},
			Findings: []scanner.Finding{{RuleID: "x", Fingerprint: "f", Location: scanner.Location{Kind: scanner.KindCommitContent, Path: "a", StartLine: 1, Commit: &scanner.Commit{ID: id}}}}}
		p := New(rep, nil, Options{Repository: clone, RemotePath: filepath.Join(home, "host.git")})
		asked := 0
		for _, s := range p.Git {
			for _, step := range s.Steps {
				if strings.Contains(step.Run, "ask.git") {
					asked++
					if out := bash(t, home, "mkdir -p skant-incident\n"+step.Run); !strings.Contains(out, "STILL SERVED "+id) {
						t.Errorf("%s: the server has it, and it says:\n%s", format, out)
					}
				}
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	}
}
