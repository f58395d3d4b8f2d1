//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/scanner"
)

// TestRevokeRecord: what the providers said is in the file of the incident, whose numbers count, and nowhere if none is named.
func TestRevokeRecord(t *testing.T) {
	r := newIncident(t, map[string]string{"vercel": vercelForm, "github": githubForm})
	e := startEnder(t, r.values["vercel"], r.values["github"])
	report, prints := r.saved()
	path := filepath.Join(r.dir, "incident.json")
	load := func() *incident.File {
		t.Helper()
		f, err := incident.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	absent := func(what string) {
		t.Helper()
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s writes the file of the incident", what)
		}
		if _, err := os.Stat(filepath.Join(r.work, incident.DefaultName)); err == nil {
			t.Errorf("%s writes a file of the incident that nobody named", what)
		}
	}
	vercel, github := prints["vercel-personal-token"], prints["github-personal-token"]
	at := []string{"--report", report, "--incident", path}
	got := r.revoke(e, nil, nil, at...)
	r.expect("dry run", got, exitFindings, " --report "+report+" --incident "+path+" --verify-endpoint")
	absent("a dry run")
	got = r.revoke(e, nil, nil, append(at, "--yes", "--only", "1")...)
	r.expect("a number", got, exitUsage, "may be the number of another secret elsewhere", "give fingerprints")
	absent("a refusal")
	got = r.revoke(e, nil, nil, "--report", report, "--incident", filepath.Join(r.dir, "nowhere", "incident.json"), "--yes", "--only", vercel)
	r.expect("no folder", got, exitIncomplete, "nothing was sent")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = r.revoke(e, nil, nil, append(at, "--yes", "--only", vercel)...)
	r.expect("another file", got, exitUsage, "is it the file of an incident?")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if len(e.told) > 0 {
		t.Fatalf("told %v", e.told)
	}

	// An incident that has numbers of its own: that of the report would be another secret.
	begun := incident.File{SchemaVersion: incident.SchemaVersion, ID: "one", OpenedAt: time.Now(), Secrets: []incident.Secret{
		{Number: 7, Fingerprint: vercel, RuleID: "vercel-personal-token"}, {Number: 9, Fingerprint: strings.Repeat("ab", 16), RuleID: "gone"},
	}}
	if err := begun.Write(path); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-2 * time.Second)
	got = r.revoke(e, nil, nil, append(at, "--yes", "--only", vercel)...)
	r.expect("the first", got, exitClean, "7 Vercel", "Proven: it is dead.", path+" has what the providers said", "next: skant recover check --verify --verify-endpoint 'vercel="+e.URL+"'", "--incident "+path+" "+r.work)
	f := load()
	s := f.Secret(vercel)
	if s == nil || s.Number != 7 || s.Verdict != scanner.Dead || s.VerifiedAt.Before(before) || len(f.Secrets) != 3 || len(f.Objects) == 0 {
		t.Errorf("the file has %+v", f)
	}
	if other := f.Secret(github); other == nil || other.Number != 10 || other.Verdict != scanner.NotAsked {
		t.Errorf("of what was left alone it has %+v", other)
	}
	if !strings.HasSuffix(strings.TrimSpace(got.errors), r.work) || !strings.Contains(lastLine(got.errors), "next: ") {
		t.Errorf("the last line is %q", lastLine(got.errors))
	}
	if data := string(readAll(t, path)); strings.Contains(data, r.values["vercel"][8:20]) {
		t.Error("the secret is in the file")
	}

	// Who is asked and says no has learnt something, too; and what is alive contradicts who said that it is not.
	if err := f.Attest(incident.Attestation{Claim: incident.OfProvider, Secret: 10, By: "Ada", Evidence: "deleted", Date: before, At: before}); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	got = r.revoke(e, strings.NewReader("no\n"), nil, append(at, "--ask", "--only", "10")...)
	r.expect("no", got, exitFindings, "Revoke secret 10, ", "Left alone")
	if f = load(); f.Secret(github).Verdict != scanner.Live || f.Attestation(incident.OfProvider, 10).Holds() {
		t.Errorf("the file has %+v", f)
	}

	// Without the flag nothing is written.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	got = r.revoke(e, nil, nil, "--report", report, "--yes", "--only", github)
	r.expect("without", got, exitClean, "next: skant recover check --verify ", "--report "+report+" "+r.work)
	absent("a run that was not asked to")
	got = r.revoke(e, nil, nil, "--yes", "--only", vercel)
	r.expect("without a report", got, exitClean, "next: skant history -o json=audit.json "+r.work+" ; skant recover check --verify ", "--report audit.json "+r.work)
	absent("a run that was not asked to")
	// It is begun if it is not there.
	got = r.revoke(e, nil, nil, "--incident", path, "--yes", "--only", vercel)
	r.expect("begun", got, exitClean, "It is dead already")
	if f = load(); len(f.Secrets) != 2 || f.Secret(vercel).Verdict != scanner.Dead {
		t.Errorf("the file has %+v", f)
	}
}

func lastLine(text string) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return all[len(all)-1]
}
