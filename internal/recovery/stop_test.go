package recovery

import (
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// stopped is a report with one secret of a built-in rule, in a commit.
func stopped(rule string) *scanner.Report {
	return &scanner.Report{Target: "app", Coverage: scanner.Coverage{Complete: true}, Findings: []scanner.Finding{{RuleID: rule, Fingerprint: strings.Repeat("f1", 16),
		Location: scanner.Location{Kind: scanner.KindCommitContent, Path: "a.env", StartLine: 1, Object: strings.Repeat("ab", 20),
			Commit: &scanner.Commit{ID: strings.Repeat("cd", 20)}}, Exposure: &scanner.Exposure{}}}}
}

func runs(steps []Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Run)
	}
	return strings.Join(out, "\n")
}

// TestRevocationComesFirst checks what page one has for a secret that the program can revoke, and when it would refuse.
func TestRevocationComesFirst(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Repository: "/srv/it's", Report: "/tmp/a b.json"}
	first, behind := New(stopped("github-personal-token"), set, opt).Leaks[0].stops()
	want := `skant recover revoke --report '/tmp/a b.json' --only 1 '/srv/it'\''s'` + "\n" + `skant recover revoke --report '/tmp/a b.json' --only 1 --ask '/srv/it'\''s'`
	if got := runs(first); got != want || !strings.Contains(runs(behind), "credentials/revoke") {
		t.Errorf("page one: %s\nbehind: %s", got, runs(behind))
	}
	if text, err := New(stopped("github-personal-token"), set, opt).JSON(); err != nil || !strings.Contains(string(text), "--only 1 --ask") || !strings.Contains(string(text), "credentials/revoke") {
		t.Errorf("the JSON plan lacks one of the two ways (%v)", err)
	}
	if last := first[len(first)-1]; last.Link != "https://github.com/settings/tokens" || !last.Other {
		t.Errorf("the provider's page is not named: %+v", last)
	}
	if first, _ := New(stopped("github-personal-token"), set, Options{}).Leaks[0].stops(); strings.Contains(runs(first), "--report") || strings.Contains(runs(first), "<") {
		t.Errorf("a report or a path that nobody knows: %s", runs(first))
	}
	if first, _ := New(stopped("vault-service-token"), set, opt).Leaks[0].stops(); !strings.Contains(runs(first), "--verify-endpoint vault=<server>") || len(first[0].Missing) != 1 {
		t.Errorf("no server is asked for: %s", runs(first))
	}
	for name, change := range map[string]func(*scanner.Finding){
		"an example":            func(f *scanner.Finding) { f.Example = true },
		"a canary":              func(f *scanner.Finding) { f.Facts = map[string]string{"canary": "somebody's"} },
		"dead":                  func(f *scanner.Finding) { f.Verdict = scanner.Dead },
		"of a rule without one": func(f *scanner.Finding) { f.RuleID = "aws-access-key" },
		"of no rule":            func(f *scanner.Finding) { f.RuleID = "nobody-knows" },
	} {
		rep := stopped("github-personal-token")
		change(&rep.Findings[0])
		if l := New(rep, set, opt).Leaks[0]; len(l.Program) > 0 {
			t.Errorf("%s: %s", name, runs(l.Program))
		}
	}
	rep := stopped("github-personal-token")
	rep.Findings[0].Verdict = scanner.Expired
	if first, behind := New(rep, set, opt).Leaks[0].stops(); len(first) > 0 || len(behind) == 0 {
		t.Error("what is dead is to be stopped first")
	}
}

// TestWhoeverCanBeAskedIsAsked checks that every rule whose provider can be asked has a proof, and that it fits the rule.
func TestWhoeverCanBeAskedIsAsked(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, r := range set.All() {
		rep := stopped(r.ID)
		l := New(rep, set, Options{Repository: "/srv/clone"}).Leaks[0]
		var all []Step
		for _, s := range l.Phases {
			all = append(all, s.Steps...)
		}
		i := slices.IndexFunc(all, func(s Step) bool { return strings.Contains(s.Run, "skant verify") })
		can := slices.ContainsFunc(set.ChecksOf(&r), func(c rules.Liveness) bool { return c.Uncheckable == "" })
		switch {
		case can && i < 0:
			t.Errorf("%s can be asked about and is not", r.ID)
		case !can && i >= 0 && plain(all[i].Title) == "Prove that it is dead":
			t.Errorf("%s cannot be asked about: %s", r.ID, all[i].Run)
		case i < 0 || plain(all[i].Title) != "Prove that it is dead":
			counts["own or none"]++
		default:
			self := slices.ContainsFunc(set.ChecksOf(&r), func(c rules.Liveness) bool { return c.SelfHosted })
			if self != strings.Contains(all[i].Run, "--verify-endpoint "+r.Provider+"=<server>") || !strings.Contains(all[i].Run, "skant verify --rule "+r.ID) {
				t.Errorf("%s: %s", r.ID, all[i].Run)
			}
			counts["generic"]++
			if strings.Contains(all[i].Run, "cat-file") {
				counts["from the file"]++
			}
		}
	}
	if counts["generic"] < 300 || counts["from the file"] < 10 {
		t.Errorf("%v", counts)
	}
	t.Log(counts)
}

// TestStrangersHaveAWayOut checks rules without steps: what somebody hunted for, and a rule of the user's own.
func TestStrangersHaveAWayOut(t *testing.T) {
	for rule, wants := range map[string][]string{
		"hunt": {"Revoke secret `2` at its issuer", "Hunt again", "skant hunt --secret-file <secret_file> .", "skant verify\n", "Issue a new one",
			"skant hunt --secret-file <secret_file> /srv/clone -o json=audit.json", "proof.git && skant hunt --secret-file <secret_file> ."},
		"own-token": {"Have its issuer refuse it", "Issue a new one", "has no recovery steps of its own", "recover purge --remote"},
	} {
		rep := stopped(rule)
		rep.Findings[0].Facts = map[string]string{"number": "2", "variant": "base64"}
		text := renderAll(t, rep, Options{Repository: "/srv/clone"})["markdown"]
		for _, want := range append(wants, "git filter-repo", "recover check") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing", rule, want)
			}
		}
	}
}

// TestSplitCommands checks that a command is never torn: a shell would read on there.
func TestSplitCommands(t *testing.T) {
	for run, want := range map[string][]string{
		"a\nb":                               {"a", "b"},
		"# why\na\n# then\n# so\nb":          {"# why\na", "# then\n# so\nb"},
		"a &&\n  b\nc |\n d":                 {"a &&\n  b", "c |\n d"},
		"for x in a \\\n b\ndo\n c\ndone":    {"for x in a \\\n b\ndo\n c\ndone"},
		"if a\n then b\n else c\nfi\nd":      {"if a\n then b\n else c\nfi", "d"},
		"read -rs X && {\n a\n}; unset X\nb": {"read -rs X && {\n a\n}; unset X", "b"},
		"echo 'a\nb'\nc":                     {"echo 'a\nb'", "c"},
		"echo '{'\nb":                        {"echo '{'", "b"},
		"a\n# the end":                       {"a", "# the end"},
		"":                                   {""},
	} {
		if got := splitCommands(run); !slices.Equal(got, want) {
			t.Errorf("%q: %q", run, got)
		}
	}
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.All() {
		p, _ := set.PlaybookOf(&r)
		for _, s := range p.Steps {
			run := strings.TrimSpace(s.Run)
			if got := strings.Join(splitCommands(run), "\n"); got != run {
				t.Errorf("%s: %q became %q", r.ID, run, got)
			}
		}
	}
}
