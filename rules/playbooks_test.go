package rules

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fullDepth are the providers whose playbooks go through every phase.
var fullDepth = []string{"anthropic", "aws", "google", "azure", "vault", "doppler", "github", "gitlab", "vercel", "docker", "kubernetes"}

// TestEveryRuleCanBeEnded holds that each rule says how its credential is ended, made anew, and what to look at; and that the families people lose
// most go through all phases.
func TestEveryRuleCanBeEnded(t *testing.T) {
	set, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.All() {
		p, ok := set.PlaybookOf(&r)
		if !ok {
			t.Errorf("%s has no playbook", r.ID)
			continue
		}
		needed := []Phase{Stop, Reissue, Review}
		if slices.Contains(fullDepth, r.Provider) {
			needed = Phases()
		}
		for _, phase := range needed {
			if !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Phase == phase }) {
				t.Errorf("%s: playbook %s has no step of phase %s", r.ID, p.Name, phase)
			}
		}
	}
}

// TestProofsAreCommands holds that a step which says that something is proven says how, and that skant is asked with the value on standard input.
func TestProofsAreCommands(t *testing.T) {
	set, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	verify := regexp.MustCompile(`skant verify\b([^\n|;&]*)`)
	proofs := 0
	for key, p := range set.playbooks {
		for _, s := range p.Steps {
			if strings.HasPrefix(s.Title, "Prove ") {
				proofs++
				if s.Run == "" {
					t.Errorf("%s: %q does not say how", key, s.Title)
				}
			}
			for _, m := range verify.FindAllStringSubmatch(s.Run, -1) {
				words := strings.Fields(m[1])
				for i, w := range words {
					value := i > 0 && strings.HasPrefix(words[i-1], "--") || w == "<" || i > 0 && words[i-1] == "<"
					if !strings.HasPrefix(w, "--") && !value {
						t.Errorf("%s: %q gives skant verify the argument %q", key, s.Title, w)
					}
					if i > 0 && words[i-1] == "--rule" && w != "{rule_id}" && set.Lookup(w) == nil {
						t.Errorf("%s: %q names rule %q, which is not there", key, s.Title, w)
					}
				}
			}
		}
	}
	if proofs < 30 {
		t.Errorf("only %d steps prove something", proofs)
	}
}

// TestProvableIsProven holds that where a provider of the full-depth families can be asked, its playbook says so.
func TestProvableIsProven(t *testing.T) {
	set, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.All() {
		l, ok := set.LivenessOf(&r)
		if !ok || l.Uncheckable != "" || !slices.Contains(fullDepth, r.Provider) {
			continue
		}
		p, _ := set.PlaybookOf(&r)
		if !slices.ContainsFunc(p.Steps, func(s Step) bool {
			return strings.HasPrefix(s.Title, "Prove ") && strings.Contains(s.Run, "skant verify")
		}) {
			t.Errorf("%s can be asked about, and playbook %s does not ask", r.ID, p.Name)
		}
	}
}
