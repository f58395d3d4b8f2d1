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

// TestPasteable holds that a step which waits for somebody to type a value is one command from there to its end. A terminal without bracketed paste
// hands a block over line by line: what stands below the command would be taken for the value.
func TestPasteable(t *testing.T) {
	set, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	waiting := 0
	for key, p := range set.playbooks {
		for _, s := range p.Steps {
			switch line := swallowed(s.Run); {
			case line != "":
				t.Errorf("%s: %q waits for a value and gets the line %q", key, s.Title, line)
			case waits.MatchString(s.Run):
				waiting++
			}
		}
	}
	if waiting < 80 {
		t.Errorf("only %d steps wait for a value", waiting)
	}
	for run, want := range map[string]string{
		"read -rs X && export X\nprintf %s \"$X\" | curl -K -":      `printf %s "$X" | curl -K -`,
		"{ read -rs X; echo \"$X\"; } | cat\naws x":                 "aws x",
		"skant verify --rule a\naws x":                              "aws x",
		"echo '{'; read -rs X\naws x":                               "aws x",
		"aws x\nread -rs X && [ \"$X\" ] && {\n  aws y\n}; unset X": "",
		"skant verify --rule a &&\n  aws x":                         "",
		"{\n  read -rs X\n  aws x {id}\n}":                          "",
		"{\n  read -rs X\n}\naws x":                                 "aws x",
		"printf %s x | skant verify\naws x":                         "",
	} {
		if got := swallowed(run); got != want {
			t.Errorf("%q: %q, want %q", run, got, want)
		}
	}
}

var (
	// waits finds what reads from the terminal: read, and skant verify behind no pipe.
	waits = regexp.MustCompile(`(?m)(?:^|[;{&]|do|then)\s*(?:read -|skant verify\b)`)
	// opens and closes are words between which a shell reads on before it runs anything.
	opens  = []string{"{", "(", "do", "then", "case"}
	closes = []string{"}", ")", "done", "fi", "esac"}
	quoted = regexp.MustCompile(`'[^']*'|"(?:[^"\\]|\\.)*"`)
)

// swallowed returns the first line that a shell has not read yet when the commands wait for a value; empty if there is none.
func swallowed(run string) string {
	depth, waiting := 0, false
	lines := strings.Split(strings.TrimSpace(run), "\n")
	for i, line := range lines {
		if waiting && depth == 0 && !continues(lines[i-1]) {
			return strings.TrimSpace(line)
		}
		bare := quoted.ReplaceAllString(line, "x")
		waiting = waiting || waits.MatchString(bare)
		for _, w := range strings.FieldsFunc(bare, func(r rune) bool { return r == ' ' || r == ';' || r == '\t' }) {
			if slices.Contains(opens, w) {
				depth++
			} else if slices.Contains(closes, w) {
				depth--
			}
		}
	}
	return ""
}

// continues says that a command goes on in the next line.
func continues(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasSuffix(line, "&&") || strings.HasSuffix(line, "|") || strings.HasSuffix(line, "\\")
}
