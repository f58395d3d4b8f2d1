package scanner

import (
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// TestRulesThatAreOffShowNothing holds that a value of a rule that is switched off stands in no text of a finding of another
// rule: beside it on the line, cut off at the end of the excerpt, encoded, in the path, in a commit message.
func TestRulesThatAreOffShowNothing(t *testing.T) {
	on, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, "on")
	if err != nil {
		t.Fatal(err)
	}
	off, err := rules.Expand(`<<github "ghp_">>`, "off")
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := rules.Expand(`<<base64 (cat "token=" (github "ghp_"))>>`, "off")
	if err != nil {
		t.Fatal(err)
	}
	isOff := func(r *rules.Rule) bool {
		return strings.HasPrefix(r.ID, "github-") || strings.HasPrefix(r.ID, "generic-")
	}
	some := rules.Builtin().Filter(func(r *rules.Rule) bool { return !isOff(r) })
	wide := strings.Repeat("filler ", 600_000) // more than is searched at once
	for name, text := range map[string]string{
		"beside": "A=" + on + " B=" + off + "\n", "before": off + " A=" + on + "\n", "near the end": "A=" + on + strings.Repeat(" ", 30) + off + "\n",
		"encoded": "A=" + on + " " + encoded + "\n", "two lines": off + "\nA=" + on + "\n", "streamed": wide + "\nA=" + on + " B=" + off + "\n" + wide,
	} {
		for _, veiled := range []bool{true, false} {
			opt := Options{Veil: func() *rules.Set { return rules.Builtin().Filter(isOff) }}
			if !veiled {
				opt.Veil = nil
			}
			s, err := New(some, opt)
			if err != nil {
				t.Fatal(err)
			}
			at := Location{Kind: KindFile, Path: "dir-" + off + "/x", Commit: &Commit{ID: "1", Author: "A", Summary: "use " + off}}
			chunk := oneChunk{Data: []byte(text), Location: at}
			if name == "streamed" {
				chunk.Data, chunk.Stream = nil, strings.NewReader(text)
			}
			res, err := s.Scan(t.Context(), chunk, &Recorder{})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Findings) != 1 || res.Findings[0].RuleID != "anthropic-api-key" {
				t.Fatalf("%s: %d findings: %+v", name, len(res.Findings), res.Findings)
			}
			f := res.Findings[0]
			shown := strings.Join(append(f.Reasons, f.Excerpt, f.Location.Path, f.Location.Commit.Summary, s.Scrub("x "+off)), "\n")
			leaks := false
			for _, secret := range []string{off, encoded} {
				for i := 4; i+gramLength <= len(secret); i++ {
					leaks = leaks || strings.Contains(shown, secret[i:i+gramLength])
				}
			}
			if leaks == veiled {
				t.Errorf("%s: veiled %v, shows a piece %v:\n%s", name, veiled, leaks, shown)
			}
		}
	}
}
