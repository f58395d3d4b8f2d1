package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"

	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	blobID   = "1111111111111111111111111111111111111111"
	commitID = "2222222222222222222222222222222222222222"
)

// gone is the input of an incident that is over but for what a test changes.
func gone() (*Input, []*Facts) {
	file := &incident.File{
		SchemaVersion: incident.SchemaVersion, ID: "one",
		Secrets: []incident.Secret{{Number: 1, Fingerprint: strings.Repeat("ab", 16), RuleID: "a-rule", Title: "A key", Redacted: "key-abc...wxyz"}},
		Objects: []incident.Object{{ID: blobID, Type: "blob", Secrets: []int{1}}, {ID: commitID, Type: "commit"}},
	}
	list := incident.NewPurged()
	list.Add(file)
	clone := &Clone{
		Path: ".", Report: &scanner.Report{Coverage: scanner.Coverage{Complete: true}}, Purged: list,
		Hooks:  []Hook{{Name: "pre-commit", Works: true}, {Name: "pre-push", Works: true}},
		Hiding: func(*incident.Secret) (string, string, bool) { return "", "", true },
	}
	remote := &RemoteAnswer{Name: "origin", From: ".", All: 2, Refs: map[int][]RemoteHolder{}, Served: map[string]repo.Served{
		blobID: repo.ServedNo, commitID: repo.ServedNo,
	}}
	in := &Input{
		File: file, Clones: []*Clone{clone}, Remotes: []*RemoteAnswer{remote}, AskRemotes: true, AskProviders: true,
		Words: map[string]Word{file.Secrets[0].Fingerprint: {Verdict: scanner.Dead, At: now}},
		Known: func(string) bool { return true }, Manual: func(string) string { return "revoke it" }, Incident: "incident.json", Now: now,
	}
	return in, []*Facts{{Clone: clone, Present: map[string]bool{}}}
}

func finding(s *incident.Secret, fingerprint string) scanner.Finding {
	f := scanner.NewFinding(s.RuleID, scanner.NewSecret("key-abc"+strings.Repeat("0123456789", 3)+"wxyz", 4), nil)
	f.Fingerprint = fingerprint
	f.Location = scanner.Location{Path: "config", Object: blobID, Kind: scanner.KindCommitContent}
	return f
}

// TestNothingIsProvenByItself changes one thing at a time of an incident that is over.
func TestNothingIsProvenByItself(t *testing.T) {
	if in, facts := gone(); New(in, facts).State != incident.Proven {
		t.Fatalf("what is over is not: %+v", New(in, facts).Claims)
	}
	said := func(v scanner.Verdict) func(*Input, *Facts) {
		return func(in *Input, _ *Facts) { in.Words[in.File.Secrets[0].Fingerprint] = Word{Verdict: v, At: now} }
	}
	for _, c := range []struct {
		name   string
		change func(*Input, *Facts)
		kind   Kind
		want   incident.State
	}{
		{"live", said(scanner.Live), Dead, incident.Open},
		{"restricted", said(scanner.Restricted), Dead, incident.Open},
		{"unknown", said(scanner.Unknown), Dead, incident.Unknown},
		{"uncheckable", said(scanner.Uncheckable), Dead, incident.Unknown},
		{"the asking ended", said(scanner.NotAsked), Dead, incident.Unknown},
		{"expired", said(scanner.Expired), Dead, incident.Proven},
		{"nobody asked", func(in *Input, _ *Facts) { in.AskProviders, in.Words = false, nil }, Dead, incident.Unknown},
		{"dead once, and not asked now", func(in *Input, _ *Facts) {
			in.AskProviders, in.Words = false, nil
			in.File.Secrets[0].Verdict, in.File.Secrets[0].VerifiedAt = scanner.Dead, now
		}, Dead, incident.Unknown},
		{"no value", func(in *Input, _ *Facts) { in.Words = nil }, Dead, incident.Unknown},
		{"no value, alive once", func(in *Input, _ *Facts) {
			in.Words = nil
			in.File.Secrets[0].Verdict, in.File.Secrets[0].VerifiedAt = scanner.Live, now
		}, Dead, incident.Open},
		{"found", func(in *Input, f *Facts) {
			f.Clone.Report.Findings = []scanner.Finding{finding(&in.File.Secrets[0], in.File.Secrets[0].Fingerprint)}
		}, Objects, incident.Open},
		{"silenced", func(in *Input, f *Facts) {
			one := finding(&in.File.Secrets[0], in.File.Secrets[0].Fingerprint)
			one.Suppressed = &scanner.Suppression{By: scanner.ByInline, Where: "config:1"}
			f.Clone.Report.Findings = []scanner.Finding{one}
		}, Objects, incident.Open},
		{"found and silenced", func(in *Input, f *Facts) {
			one := finding(&in.File.Secrets[0], in.File.Secrets[0].Fingerprint)
			one.Suppressed = &scanner.Suppression{By: scanner.ByBaseline, Where: ".skant-baseline:3"}
			f.Clone.Report.Findings = []scanner.Finding{one}
		}, Hidden, incident.Open},
		{"another fingerprint of what looks the same", func(in *Input, f *Facts) {
			f.Clone.Report.Findings = []scanner.Finding{finding(&in.File.Secrets[0], strings.Repeat("cd", 16))}
		}, Objects, incident.Unknown},
		{"the same under another rule", func(in *Input, f *Facts) {
			one := finding(&in.File.Secrets[0], strings.Repeat("cd", 16))
			one.RuleID = "generic"
			f.Clone.Report.Findings = []scanner.Finding{one}
		}, Objects, incident.Unknown},
		{"another rule has found its value", func(in *Input, f *Facts) {
			in.Fingerprint = func(rule string, s scanner.Secret) string {
				if rule == in.File.Secrets[0].RuleID && s.Known() {
					return in.File.Secrets[0].Fingerprint
				}
				return ""
			}
			one := finding(&in.File.Secrets[0], strings.Repeat("cd", 16))
			one.RuleID, in.File.Secrets[0].Redacted = "generic", "..."
			f.Clone.Report.Findings = []scanner.Finding{one}
		}, Objects, incident.Open},
		{"nothing of it can be shown, and the key may be another", func(in *Input, f *Facts) {
			f.Clone.Report.Findings = []scanner.Finding{finding(&in.File.Secrets[0], strings.Repeat("cd", 16))}
			in.File.Secrets[0].Redacted = "..."
		}, Objects, incident.Unknown},
		{"nothing of it can be shown, and the key is right", func(in *Input, f *Facts) {
			f.Clone.Report.Findings = []scanner.Finding{finding(&in.File.Secrets[0], strings.Repeat("cd", 16))}
			in.File.Secrets[0].Redacted, in.KeyHolds = "...", true
		}, Objects, incident.Proven},
		{"submodules left out", func(_ *Input, f *Facts) {
			f.Clone.Report.Coverage.Skipped = []scanner.Skip{{What: "submodules", Count: 1}}
		}, Objects, incident.Unknown},
		{"another repository", func(_ *Input, f *Facts) { f.Strange = true }, Reach, incident.Unknown},
		{"dead on a day that has not come", func(in *Input, _ *Facts) {
			in.Words = nil
			in.File.Secrets[0].Verdict, in.File.Secrets[0].VerifiedAt = scanner.Dead, now.AddDate(4, 0, 0)
		}, Dead, incident.Unknown},
		{"a ref of the remote that nobody has searched", func(in *Input, _ *Facts) {
			in.Remotes[0].Listed = []RemoteHolder{{"refs/heads/a b", strings.Repeat("4", 40)}}
			in.Searched = func(string) bool { return false }
		}, Remote, incident.Unknown},
		{"not all was read", func(_ *Input, f *Facts) { f.Clone.Report.Coverage.Complete = false }, Objects, incident.Unknown},
		{"no such rule", func(in *Input, _ *Facts) { in.Known = func(string) bool { return false } }, Objects, incident.Unknown},
		{"an old object", func(_ *Input, f *Facts) { f.Present[commitID] = true }, Reach, incident.Open},
		{"a damaged pack", func(_ *Input, f *Facts) { f.Unsure = "a pack cannot be read" }, Reach, incident.Unknown},
		{"an unreadable store", func(_ *Input, f *Facts) { f.Err = errors.New("no store") }, Reach, incident.Unknown},
		{"no ids, here", func(in *Input, _ *Facts) { in.File.Objects = nil }, Reach, incident.Unknown},
		{"no ids, there", func(in *Input, _ *Facts) { in.File.Objects = nil }, Remote, incident.Unknown},
		{"no remote asked", func(in *Input, _ *Facts) { in.AskRemotes = false }, Remote, incident.Unknown},
		{"no remote", func(in *Input, _ *Facts) { in.Remotes = nil }, Remote, incident.Unknown},
		{"a silent remote", func(in *Input, _ *Facts) { in.Remotes[0].Err = errors.New("gone") }, Remote, incident.Unknown},
		{"its refs are not known", func(in *Input, _ *Facts) { in.Remotes[0].RefsErr = errors.New("gone") }, Remote, incident.Unknown},
		{"it serves the blob", func(in *Input, _ *Facts) { in.Remotes[0].Served[blobID] = repo.ServedYes }, Remote, incident.Open},
		{"it serves a commit", func(in *Input, _ *Facts) { in.Remotes[0].Served[commitID] = repo.ServedYes }, Remote, incident.Open},
		{"no answer about the blob", func(in *Input, _ *Facts) { in.Remotes[0].Served[blobID] = repo.ServedUnknown }, Remote, incident.Unknown},
		{"the blob was not asked for", func(in *Input, _ *Facts) { delete(in.Remotes[0].Served, blobID) }, Remote, incident.Unknown},
		{"a commit in between was not asked for", func(in *Input, _ *Facts) { delete(in.Remotes[0].Served, commitID) }, Remote, incident.Proven},
		{"a commit that holds it was not asked for", func(in *Input, _ *Facts) {
			in.File.Objects = in.File.Objects[1:]
			delete(in.Remotes[0].Served, commitID)
		}, Remote, incident.Unknown},
		{"a ref of the remote", func(in *Input, _ *Facts) { in.Remotes[0].Refs[1] = []RemoteHolder{{"refs/pull/1/head", commitID}} }, Remote, incident.Open},
		{"hidden", func(_ *Input, f *Facts) {
			f.Clone.Hiding = func(*incident.Secret) (string, string, bool) { return "the rule is off", "", true }
		}, Hidden, incident.Open},
		{"perhaps hidden", func(_ *Input, f *Facts) {
			f.Clone.Purged = nil
			f.Clone.Hiding = func(*incident.Secret) (string, string, bool) { return "patterns", "", false }
		}, Hidden, incident.Unknown},
		{"a hook is missing", func(_ *Input, f *Facts) { f.Clone.Hooks[1] = Hook{Name: "pre-push", Why: "not installed"} }, Hooks, incident.Open},
		{"a hook of somebody else, which nobody has tried", func(_ *Input, f *Facts) {
			f.Clone.Hooks[1] = Hook{Name: "pre-push", Why: "not tried", Untried: true}
		}, Hooks, incident.Unknown},
		{"hooks cannot be seen", func(_ *Input, f *Facts) { f.Clone.Hooks = nil }, Hooks, incident.Unknown},
		{"no list", func(_ *Input, f *Facts) { f.Clone.Purged = nil }, Guard, incident.Open},
		{"the list lacks something", func(in *Input, _ *Facts) {
			in.File.AddObjects([]incident.Object{{ID: strings.Repeat("3", 40), Type: "commit"}})
		}, Guard, incident.Open},
		{"the list is damaged", func(_ *Input, f *Facts) { f.Clone.PurgedErr = errors.New("line 3") }, Guard, incident.Unknown},
	} {
		in, facts := gone()
		c.change(in, facts[0])
		r := New(in, facts)
		i := slices.IndexFunc(r.Claims, func(claim Claim) bool { return claim.Kind == c.kind })
		if i < 0 || r.Claims[i].State != c.want {
			t.Errorf("%s: %+v, want %s", c.name, r.Claims[max(i, 0)], c.want)
			continue
		}
		if r.Claims[i].State != incident.Proven && (r.Claims[i].Remedy == "" || r.Claims[i].Detail == "") && c.name != "hidden" && c.name != "perhaps hidden" {
			t.Errorf("%s: no remedy or no reason: %+v", c.name, r.Claims[i])
		}
		if c.want != incident.Proven && r.State == incident.Proven {
			t.Errorf("%s: it is said to be over", c.name)
		}
	}
}

// TestRemoteWord: a remote that is called like an option is none in a command.
func TestRemoteWord(t *testing.T) {
	in, facts := gone()
	in.Remotes[0].Name = "--upload-pack=touch x"
	in.Remotes[0].Listed = []RemoteHolder{{"refs/heads/main", commitID}}
	in.Searched = func(string) bool { return false }
	for _, claim := range New(in, facts).Claims {
		if claim.Kind == Remote && !strings.Contains(claim.Remedy, " -- '--upload-pack=touch x' refs/heads/main ") {
			t.Errorf("it acts: %s", claim.Remedy)
		}
	}
	in.Remotes[0].Refs[1] = []RemoteHolder{{"refs/heads/main", commitID}}
	for _, to := range []string{"", blobID} {
		in.File.Rewritten = []incident.Rewrite{{Ref: "refs/heads/main", Old: commitID, New: to}}
		for _, claim := range New(in, facts).Claims {
			if claim.Kind == Remote && !strings.Contains(claim.Remedy, " -- '--upload-pack=touch x' ") {
				t.Errorf("it acts: %s", claim.Remedy)
			}
		}
	}
}

// TestWritten holds that names from a repository mean nothing in any format.
func TestWritten(t *testing.T) {
	in, facts := gone()
	evil := "x`](http://evil.example)<script>\x1b[31m\n```\n# over"
	facts[0].Clone.Path = evil
	one := finding(&in.File.Secrets[0], in.File.Secrets[0].Fingerprint)
	one.Location.Path = evil
	facts[0].Clone.Report.Findings = []scanner.Finding{one}
	in.File.Backup = &incident.Backup{Path: evil, At: now}
	r := New(in, facts)
	var text, markdown, encoded bytes.Buffer
	if err := errors.Join(r.Text(&text), r.Markdown(&markdown), r.JSON(&encoded)); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), markdown.String(), encoded.String()} {
		if strings.Contains(out, "\x1b") || strings.Contains(out, "\n# over") {
			t.Errorf("a name acts:\n%s", out)
		}
	}
	for line := range strings.Lines(markdown.String()) { // commands stand in fences and spans, which nothing in them can close
		if strings.Contains(line, "<script>") && !strings.HasPrefix(line, "  ") && !strings.Contains(line, "````rm -- ") && !strings.Contains(line, "```` rm -- ") && !strings.Contains(line, "```` skant ") {
			t.Errorf("a name is markup: %s", line)
		}
	}
	var back Result
	if err := json.Unmarshal(encoded.Bytes(), &back); err != nil || len(back.Claims) != len(r.Claims) || back.State != incident.Open {
		t.Errorf("read back: %v, %d claims", err, len(back.Claims))
	}
	if !strings.HasPrefix(text.String(), "NOT OVER: ") || !strings.Contains(text.String(), "The backup of ") {
		t.Errorf("the text is\n%s", text.String())
	}
}

// TestLookAgainstGit makes histories by chance and compares what leads to a commit with what git says.
func TestLookAgainstGit(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		git := func(args ...string) string {
			t.Helper()
			cmd := exec.Command("git", args...)
			cmd.Dir = dir
			cmd.Env = []string{
				"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
				"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("git %q: %v\n%s", args, err, out)
			}
			return strings.TrimSpace(string(out))
		}
		git("init", "-q", "-b", "main")
		tree := git("write-tree")
		var ids []string
		for i := range 14 {
			args := []string{"commit-tree", "-m", fmt.Sprint(i), tree}
			for range min(len(ids), random.IntN(3)) {
				if p := ids[random.IntN(len(ids))]; !slices.Contains(args, p) {
					args = append(args, "-p", p)
				}
			}
			ids = append(ids, git(args...))
			if random.IntN(4) == 0 {
				git("update-ref", fmt.Sprintf("refs/heads/b%d", i), ids[i])
			}
		}
		bad := ids[random.IntN(6)]
		r, err := repo.Open(dir, repo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		file := &incident.File{Secrets: []incident.Secret{{Number: 1, Fingerprint: "x"}}, Objects: []incident.Object{{ID: bad, Type: "commit"}}}
		f := Look(context.Background(), &Clone{Path: dir, Repo: r}, file)
		if f.Err != nil || !f.Present[bad] {
			t.Fatalf("%v, %v", f.Err, f.Present)
		}
		var got []string
		for _, h := range f.Holders[1] {
			if h.Kind == exposure.Branch {
				got = append(got, h.Name)
			}
		}
		want := strings.Fields(git("for-each-ref", "--contains", bad, "--format=%(refname)", "refs/heads"))
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: %q lead to it, git says %q", seed, got, want)
		}
		stray := slices.ContainsFunc(f.Holders[1], func(h exposure.Holder) bool { return h.Kind == exposure.Unreachable })
		if logged := slices.ContainsFunc(f.Holders[1], func(h exposure.Holder) bool { return h.Kind == exposure.Reflog }); logged != (len(want) > 0) {
			t.Errorf("seed %d: reflogs %v, with %d branches", seed, logged, len(want))
		}
		if stray != (len(want) == 0) {
			t.Errorf("seed %d: stray %v, with %d branches", seed, stray, len(want))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBadIDs(t *testing.T) {
	f := &incident.File{Objects: []incident.Object{{ID: "zz"}, {ID: blobID, Secrets: []int{2}}, {ID: commitID}}, Rewritten: []incident.Rewrite{
		{Ref: "refs/heads/a", Old: blobID, New: blobID}, {Ref: "refs/heads/b", Old: strings.Repeat("4", 40)}, {Ref: "refs/heads/c", Old: strings.Repeat("5", 40), New: commitID},
	}}
	var got []string
	for _, o := range oldOf(f, 1) {
		got = append(got, o.hex[:1])
	}
	if strings.Join(got, "") != "25" {
		t.Errorf("old objects %q", got)
	}
	var none pack.ID
	if (&commits{numbers: map[pack.ID]int32{}}).in(nil, none) {
		t.Error("no id is in a set")
	}
}
