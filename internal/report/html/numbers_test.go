package html

import (
	"cmp"
	"fmt"
	"html"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// randomReport is a report of findings of few secrets, files, people and days, so that all of them meet.
func randomReport(t *testing.T, r *rand.Rand) *scanner.Report {
	rep := sample(t)
	key := rep.Findings[2]
	rep.Findings = nil
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for range r.IntN(60) {
		f := key
		f.Fingerprint, f.Example, f.Suppressed = fmt.Sprintf("v1:%032x", r.IntN(12)), r.IntN(6) == 0, nil
		f.RuleID = pick("acme-key", "other-rule", "third-rule")
		f.Severity = rules.Severity(pick("critical", "high", "medium", "low", "info"))
		f.Verdict = scanner.Verdict(pick("", "live", "restricted", "dead", "expired", "unknown", "uncheckable"))
		f.Verification = nil
		if r.IntN(8) == 0 {
			f.Suppressed = &scanner.Suppression{By: "baseline"}
		}
		at := day4(1).AddDate(0, 0, r.IntN(400))
		f.Location.Path, f.Location.StartLine = pick("a.env", "b.env", "ünï/c.env"), 1+r.IntN(3)
		f.Location.Kind = scanner.Kind(pick("file", "commit-content", "commit-message", "stash", "unreachable"))
		f.Location.Commit, f.Exposure = nil, nil
		if f.Location.Kind != scanner.KindFile {
			f.Location.Commit = &scanner.Commit{ID: fmt.Sprintf("%040x", r.IntN(9)), Author: pick("Ada", "Bo", ""), Email: pick("ada@example.org", ""), Date: at}
			f.Exposure = &scanner.Exposure{InHead: r.IntN(2) == 0, FirstSeen: at}
			if !f.Exposure.InHead && r.IntN(2) == 0 {
				f.Exposure.Removed = []scanner.Commit{{ID: strings.Repeat("d", 40), Author: "Bo", Date: at.AddDate(0, 0, r.IntN(90))}}
			}
		}
		rep.Findings = append(rep.Findings, f)
	}
	return rep
}

// leak is a secret as this test counts it, from the findings alone.
type leak struct {
	places []scanner.Finding
	use    string
	state  string
	worst  rules.Severity
}

// tally groups findings by fingerprint and state without any code of the page.
func tally(rep *scanner.Report, suppressed bool) map[string]*leak {
	out := map[string]*leak{}
	for _, f := range rep.Findings {
		if (f.Suppressed != nil) != suppressed {
			continue
		}
		l := out[f.Fingerprint]
		if l == nil {
			l = &leak{state: stateExample, use: useClone, worst: f.Severity}
			out[f.Fingerprint] = l
		}
		l.places = append(l.places, f)
		if !f.Example {
			l.state = stateOpen
		}
		if f.Severity.Rank() > l.worst.Rank() {
			l.worst = f.Severity
		}
		switch {
		case f.Location.Kind == scanner.KindFile || f.Location.Kind == scanner.KindCommitContent && f.Exposure.InHead:
			l.use = useNow
		case l.use != useNow && (f.Location.Kind == scanner.KindCommitContent || f.Location.Kind == scanner.KindCommitMessage):
			l.use = useHistory
		}
	}
	return out
}

// TestNumbersAgreeWithTheFindings counts everything that the page says in numbers again, from the findings of random reports.
func TestNumbersAgreeWithTheFindings(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 3))
	for range 200 {
		rep := randomReport(t, r)
		m, data := newModel(rep, sampleRules()), dataOf(t, render(t, rep))
		want, got := map[string]int{}, map[string]int{}
		brought, removed := 0, 0
		spread := map[string]map[string]int{"file": {}, "author": {}}
		for _, l := range tally(rep, false) {
			if l.state == stateExample {
				want["example"]++
				continue
			}
			want["open"]++
			want["places"] += len(l.places)
			want[l.use]++
			want["severity "+string(l.worst)]++
			seen := map[string]bool{}
			verdicts := map[scanner.Verdict]bool{}
			for _, f := range l.places {
				verdicts[f.Verdict] = true
				name := "commit message"
				if f.Location.Path != "" {
					name = f.Location.Path
				}
				if !seen["file"+name] {
					spread["file"][name]++
				}
				seen["file"+name] = true
				c := f.Location.Commit
				if c == nil {
					continue
				}
				brought++
				if who := cmp.Or(c.Author, c.Email); who != "" && !seen["author"+who] {
					spread["author"][who]++
					seen["author"+who] = true
				}
				if !f.Exposure.InHead && len(f.Exposure.Removed) > 0 {
					removed++
				}
			}
			switch {
			case verdicts[scanner.Live] || verdicts[scanner.Restricted]:
				want["alive"]++
			case verdicts[scanner.NotAsked] || verdicts[scanner.Unknown] || verdicts[scanner.Uncheckable]:
				want["not known"]++
			default:
				want["dead"]++
			}
		}
		if n := len(tally(rep, true)); n > 0 {
			want["suppressed"] = n
		}
		for _, s := range data.Secrets {
			switch s.State {
			case stateOpen:
				got["open"]++
				got["places"] += len(s.Places)
				got[s.Use]++
				got["severity "+s.Severity]++
				got[map[int]string{1: "alive", 0: "not known", -1: "dead"}[s.Alive]]++
			default:
				got[s.State]++
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("the list differs from the findings (-findings +list):\n%s", diff)
		}
		checkFigures(t, m, want)
		for _, f := range m.Facets {
			for _, row := range f.Rows {
				if n, ok := spread[f.Key]; ok && n[row.Name] != row.N {
					t.Errorf("by %s, %q has %d, not %d", f.Key, row.Name, row.N, n[row.Name])
				}
			}
		}
		if m.Chart == nil {
			continue
		}
		for _, b := range m.Chart.Bars {
			brought, removed = brought-b.In, removed-b.Out
		}
		if brought != 0 || removed != 0 {
			t.Errorf("the timeline lacks %d introductions and %d removals", brought, removed)
		}
	}
}

var numberIn = regexp.MustCompile(`([0-9][0-9,]*) ([a-z ]+)`)

// checkFigures reads the figures as a person does: the large number with its label, and those of the note.
func checkFigures(t *testing.T, m *model, want map[string]int) {
	t.Helper()
	said := map[string]int{}
	for _, f := range m.Figures {
		text := strings.ReplaceAll(f.Value+" "+f.Label+", "+f.Note, "in the files today", "now")
		for _, hit := range numberIn.FindAllStringSubmatch(text, -1) {
			n, err := strconv.Atoi(strings.ReplaceAll(hit[1], ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			said[strings.TrimSuffix(hit[2], " in")] += n
		}
	}
	for words, key := range map[string]string{"secrets": "open", "secret": "open", "places": "places", "place": "places", "suppressed": "suppressed", "examples": "example", "alive": "alive",
		"dead": "dead", "not known": "not known", "now": useNow, "in the history only": useHistory, "in this clone only": useClone,
		"critical": "severity critical", "high": "severity high", "medium": "severity medium", "low": "severity low", "info": "severity info"} {
		if n, ok := said[words]; ok && n != want[key] {
			t.Errorf("the figures say %d %s of %d: %+v", n, words, want[key], m.Figures)
		}
	}
	if want["open"] > 0 && said["alive"] != want["alive"] {
		if !slices.ContainsFunc(m.Figures, func(f figure) bool { return f.Value == "?" }) {
			t.Errorf("the figures do not say that %d are alive: %+v", want["alive"], m.Figures)
		}
	}
}

// TestNextSaysWhatIsMissing: a page without findings says at its top what may be the reason, and one whose secrets are all dead claims nothing about others.
func TestNextSaysWhatIsMissing(t *testing.T) {
	rep := sample(t)
	rep.Findings, rep.Coverage.Skipped, rep.Coverage.Complete = nil, nil, true
	rep.Coverage.Policy = &scanner.Policy{Weaker: []scanner.WeakerSetting{{Setting: "rules.disable", Value: "all"}}, Omitted: 2}
	top := func() string { return html.UnescapeString(strings.Split(render(t, rep), "<section")[0]) }
	if !strings.Contains(top(), "3 settings weaken the search") {
		t.Errorf("weaker settings are not said at the top: %s", top()[len(top())-400:])
	}
	if !strings.Contains(top(), "<title>skant report: ") {
		t.Error("the title of a page without a secret speaks of leaked ones")
	}
	rep.Findings = sample(t).Findings[3:4]
	if !strings.Contains(top(), "1 secret that is suppressed or taken for an example is alive") {
		t.Error("a suppressed secret that is alive is not said")
	}
	rep.Findings = sample(t).Findings[2:3]
	rep.Findings[0].Verdict, rep.Coverage.Complete = scanner.Dead, false
	if strings.Contains(top(), "Nothing is left") || !strings.Contains(top(), "The search is incomplete") {
		t.Error("an incomplete search says that nothing is left to stop")
	}
	rep.Findings = slices.Concat(sample(t).Findings[:1], sample(t).Findings[5:])
	if !strings.Contains(top(), "1 leaked secret may be alive") {
		t.Error("a purged object hides a secret that may be alive")
	}
}

func TestReasonSetsCommands(t *testing.T) {
	for in, want := range map[string][]words{
		"plain":             {{"plain", false}},
		"run `git x` first": {{"run ", false}, {"git x", true}, {" first", false}},
		"a ` b":             {{"a ", false}, {"` b", false}},
		"":                  nil,
	} {
		if diff := gocmp.Diff(want, reason(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

// TestPlaceHasItsOwnUse: a place that is gone from its file is not said to be in the files of today because another place of the secret is.
func TestPlaceHasItsOwnUse(t *testing.T) {
	first := dataOf(t, render(t, sample(t))).Secrets[0]
	if first.Use != useNow || !first.Places[0].Now || first.Places[1].Now {
		t.Errorf("the secret is %s, its places %+v", first.Use, first.Places)
	}
}
