package suppress

import (
	"strings"
	"testing"
	"time"
)

func now() time.Time { return time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC) }

func policy(t testing.TB, opt Options) *Policy {
	t.Helper()
	opt.Now = now()
	p, err := Load(opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verdict is the answer as one string: "" for none, "refused: why", or the reason.
func verdict(p *Policy, line, above string) string {
	var l, a []byte
	if above != "" {
		a = []byte(above)
	} else {
		l = []byte(line)
	}
	s := p.Allow(l, a, "acme-token")
	switch {
	case s == nil:
		return ""
	case s.Refused != "":
		return "refused: " + s.Refused
	default:
		return s.Reason
	}
}

func TestInline(t *testing.T) {
	for _, c := range []struct{ name, line, above, want string }{
		{"hash", "key = \"\x00\" # skant:allow acme-token public test key", "", "public test key"},
		{"slashes", "x := \"\x00\" // skant:allow acme-token the docs show it", "", "the docs show it"},
		{"block", "x = \"\x00\" /* skant:allow acme-token the docs show it */ + y", "", "the docs show it"},
		{"before the secret", "/* skant:allow acme-token test key */ x = \"\x00\"", "", "test key"},
		{"before it without an end", "skant:allow acme-token test key \x00", "", "test key"},
		{"xml", "<a k=\"\x00\"/> <!-- skant:allow acme-token test key -->", "", "test key"},
		{"sql, lisp, percent", "\x00 -- skant:allow acme-token test key", "", "test key"},
		{"several rules", "\x00 # skant:allow other,acme-token test key", "", "test key"},
		{"date", "\x00 # skant:allow acme-token until=2026-12-01 test key", "", "test key"},
		{"last day", "\x00 # skant:allow acme-token until=2026-11-20 test key", "", "test key"},
		{"over", "\x00 # skant:allow acme-token until=2026-11-19 test key", "", "refused: it ended with 2026-11-19"},
		{"no date", "\x00 # skant:allow acme-token until=soon test key", "", "refused: its date is none: write until=2027-01-31"},
		{"no such day", "\x00 # skant:allow acme-token until=2026-13-01 test key", "", "refused: its date is none: write until=2027-01-31"},
		{"no reason", "\x00 # skant:allow acme-token", "", "refused: it gives no reason; write one after the rule"},
		{"no word", "\x00 # skant:allow acme-token ok -- !! 12345", "", "refused: it gives no reason; write one after the rule"},
		{"reason in another script", "\x00 # skant:allow acme-token тестовый ключ", "", "тестовый ключ"},
		{"the reason is the secret", "# skant:allow acme-token \x00", "", "refused: it gives no reason; write one after the rule"},
		{"no rule", "\x00 # skant:allow", "", "refused: it names no rule; write skant:allow acme-token and the reason"},
		{"no rule, block", "\x00 /* skant:allow*/", "", "refused: it names no rule; write skant:allow acme-token and the reason"},
		{"star", "\x00 # skant:allow * test key", "", "refused: it names no rule; write skant:allow acme-token and the reason"},
		{"words for a rule", "\x00 # skant:allow because it is a test", "", "refused: it is for because, and this is acme-token"},
		{"another rule", "\x00 # skant:allow other test key", "", "refused: it is for other, and this is acme-token"},
		{"two on a line", "\x00 \x00 # skant:allow other key one skant:allow acme-token key two", "", "key two"},
		{"first counts", "\x00 # skant:allow acme-token key one skant:allow other", "", "key one"},
		{"case", "\x00 # SKANT:ALLOW acme-token test key", "", ""},
		{"part of a word", "\x00 # askant:allow acme-token test key", "", ""},
		{"part of a longer word", "\x00 # skant:allowed acme-token test key", "", ""},
		{"nothing", "\x00 # a comment", "", ""},
		{"above", "", "# skant:allow acme-token test key", "test key"},
		{"above, indented", "", "\t  // skant:allow acme-token test key", "test key"},
		{"above, xml", "", "<!-- skant:allow acme-token test key -->", "test key"},
		{"above, rem", "", "@REM skant:allow acme-token test key", "test key"},
		{"above, dnl", "", "dnl skant:allow acme-token test key", "test key"},
		{"above, template", "", "{{/* skant:allow acme-token test key */}}", "test key"},
		{"above, code before", "", "x = 1 # skant:allow acme-token test key", ""},
		{"above, secret before", "", "\x00 # skant:allow acme-token test key", ""},
		{"above, no reason", "", "# skant:allow acme-token", "refused: it gives no reason; write one after the rule"},
		{"above, letters of another script", "", "ключ skant:allow acme-token test key", ""},
		{"others are not asked", "\x00 # gitleaks:allow", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(policy(t, Options{}), c.line, c.above); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := verdict(policy(t, Options{NoPolicy: true}), c.line, c.above); got != "" {
				t.Errorf("without a policy: %q", got)
			}
		})
	}
}

func TestInlineOfOthers(t *testing.T) {
	for _, c := range []struct{ name, line, above, want string }{
		{"gitleaks", "\x00 # gitleaks:allow", "", "gitleaks:allow"},
		{"trufflehog", "\x00 // trufflehog:ignore", "", "trufflehog:ignore"},
		{"ggshield", "\x00 # ggignore", "", "ggignore"},
		{"ggshield, part of a word", "\x00 bigggignored", "", ""},
		{"detect-secrets", "\x00 # pragma: allowlist secret", "", "pragma: allowlist secret"},
		{"detect-secrets, old", "\x00 # pragma: whitelist secret", "", "pragma: allowlist secret"},
		{"detect-secrets, next line", "", "# pragma: allowlist nextline secret", nextLineMark},
		{"detect-secrets, next line, here", "\x00 # pragma: allowlist nextline secret", "", ""},
		{"detect-secrets, above", "", "# pragma: allowlist secret", ""},
		{"gitleaks, above", "", "# gitleaks:allow", ""},
		{"code before the next line's", "", "x = 1 # pragma: allowlist nextline secret", ""},
		{"ours without a reason", "\x00 # skant:allow acme-token", "", "refused: it gives no reason; write one after the rule"},
		{"ours without a reason, theirs", "\x00 # skant:allow acme-token gitleaks:allow", "", "gitleaks:allow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(policy(t, Options{CompatAllow: true}), c.line, c.above); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// FuzzInline holds that nothing is allowed without the marker, the rule and a reason, and that what is said is bounded and
// has no secret's place in it.
func FuzzInline(f *testing.F) {
	f.Add([]byte("\x00 # skant:allow acme-token until=2027-01-01 test key */"), []byte("# skant:allow x"), true)
	f.Add([]byte("skant:allow"), []byte("<!--skant:allow acme-token,b reason-->"), false)
	f.Add([]byte("pragma: allowlist secret"), []byte("\xff\xfe# pragma: allowlist nextline secret"), true)
	f.Fuzz(func(t *testing.T, line, above []byte, compat bool) {
		p := policy(t, Options{CompatAllow: compat})
		for i, s := range []*struct{ text, reason, refused string }{ask(p, line, nil), ask(p, nil, above)} {
			if s == nil {
				continue
			}
			if len(s.reason) > maxReason || strings.Contains(s.reason, "\x00") {
				t.Fatalf("reason %q", s.reason)
			}
			if s.refused == "" && !compat && (!strings.Contains(s.text, Marker) || !strings.Contains(s.text, "acme-token") || !reasoned(s.reason)) {
				t.Fatalf("%d: %q is allowed", i, s.text)
			}
		}
	})
}

func ask(p *Policy, line, above []byte) *struct{ text, reason, refused string } {
	if line == nil && above == nil {
		return nil
	}
	s := p.Allow(line, above, "acme-token")
	if s == nil {
		return nil
	}
	return &struct{ text, reason, refused string }{string(line) + string(above), s.Reason, s.Refused}
}
