//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// TestTells: what people write of an incident is taken, and what has a secret in it is not, whatever stands around it.
func TestTells(t *testing.T) {
	a := &app{env: func(string) string { return "" }, now: time.Now}
	s, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	password := newSecret(t, "<<alnum 5>>@<<alnum 4>>!", "password")
	file := &incident.File{Secrets: []incident.Secret{
		{Number: 1, RuleID: "database-url", Fingerprint: s.Fingerprint("database-url", scanner.NewSecret(password, 0))},
	}}
	told := func(file *incident.File, text string) (bool, error) {
		look, err := a.teller(file)
		if err != nil {
			return false, err
		}
		return look.tells(t.Context(), text)
	}
	for _, text := range []string{
		"Ada Example <ada@example.org>", "taken out of authorized_keys on web-1 and web-2: change 4711, commit " + strings.Repeat("3f9a1c04d2", 4),
		"password rotated with ALTER ROLE app, https://tickets.example.org/browse/OPS-4711?filter=all", "token deleted in the console; audit log event 8c1b2f6e-0000-4000-8000-0123456789ab",
		"Schlüssel am 4. März widerrufen, siehe Ticket #12", "SHA256:" + strings.Repeat("ab", 12) + " is in no ssh-keygen -l of any host", "webhook T000/B000 removed",
	} {
		if tells, err := told(file, text); tells || err != nil {
			t.Errorf("%q is refused: %v", text, err)
		}
	}
	for _, around := range []string{"%", "it was %", "it was '%'.", "(%)", "password=%;", "app:%@db", "%%"} {
		text := strings.ReplaceAll(around, "%", password)
		if tells, err := told(file, text); !tells || err != nil {
			t.Errorf("a secret of the incident is taken, in %q: %v", around, err)
		}
	}
	for _, redacted := range []string{"..." + password[len(password)-2:], "***"} {
		file.Secrets = append(file.Secrets, incident.Secret{Number: 2, RuleID: "database-url", Fingerprint: "x", Redacted: "...zz"})
		file.Secrets[0].Redacted = redacted
		if tells, err := told(file, "it was "+password+", they say"); !tells || err != nil {
			t.Errorf("shown as %s it is taken: %v", redacted, err)
		}
	}
	look, err := a.teller(file)
	if err != nil {
		t.Fatal(err)
	}
	look.left = 100
	if tells, err := look.tells(t.Context(), strings.Repeat("- ", 200)); !tells || err == nil {
		t.Errorf("what is too much is looked through: %v", err)
	}
	for _, template := range []string{githubForm, vercelForm, `<<anthropic "sk-ant-api03-">>`, `password = "<<alnum 14>>"`, "AWS_SECRET_ACCESS_KEY=<<b64 40>>"} {
		if tells, err := told(&incident.File{}, "rotated "+newSecret(t, template, "x")); !tells || err != nil {
			t.Errorf("%s is taken: %v", template, err)
		}
	}
}

func TestPiecesOf(t *testing.T) {
	all := piecesOf("was p@ss-w0rd, gone")
	for _, want := range []string{"p@ss-w0rd", "p@ss-w0rd,", "was p@ss-w0rd, gone", "gone"} {
		if !slices.Contains(all, want) {
			t.Errorf("%q is no piece", want)
		}
	}
	if n := len(piecesOf(strings.Repeat("-", 4*incident.MaxEvidence))); n > 4*incident.MaxEvidence*256 {
		t.Errorf("%d pieces", n)
	}
}
