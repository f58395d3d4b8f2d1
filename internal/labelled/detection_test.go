package labelled

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// levels are the confidences at which figures are printed; medium is what a scan reports if nobody asks for another.
var levels = []rules.Confidence{rules.MediumConfidence, rules.HighConfidence, rules.LowConfidence}

// TestDetection prints what the built-in rules find in the set, and what they should not have. It never fails because of a
// figure. `make bench-detection` runs it, with
//
//	SKANT_DETECTION       anything: without it the test is skipped
//	SKANT_DETECTION_LIST  print so many misses and so many false findings of each category, of the tuning half
//	SKANT_DETECTION_ONLY  a regular expression: the categories to look at
//	SKANT_DETECTION_SEED  other values in the same shapes, to see what is chance
//	SKANT_DETECTION_OUT   a folder to which misses and false findings of the tuning half are written, to be explained
func TestDetection(t *testing.T) {
	if os.Getenv("SKANT_DETECTION") == "" {
		t.Skip("make bench-detection runs this")
	}
	set := makeSet(t, seed+os.Getenv("SKANT_DETECTION_SEED"))
	if only := os.Getenv("SKANT_DETECTION_ONLY"); only != "" {
		wanted, err := regexp.Compile(only)
		if err != nil {
			t.Fatal(err)
		}
		kept := set[:0]
		for _, s := range set {
			if wanted.MatchString(s.category) {
				kept = append(kept, s)
			}
		}
		set = kept
	}
	start := time.Now()
	outcomes := judgeAll(t, set)
	took := time.Since(start)
	r := newTally(set, outcomes)
	t.Logf("%d samples in %.1f s\n\n%s\n%s\n%s\n%s", len(set), took.Seconds(), r.summary(), r.categories(true), r.categories(false),
		r.fileTypes())
	if text := os.Getenv("SKANT_DETECTION_LIST"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("SKANT_DETECTION_LIST: %q is no number", text)
		}
		t.Log("\n" + list(set, outcomes, n))
	}
	if dir := os.Getenv("SKANT_DETECTION_OUT"); dir != "" {
		writeOut(t, dir, set, outcomes)
	}
}

// outcome is what a scan found in one sample.
type outcome struct {
	met   rules.Confidence // the best of a finding that has the value; empty if there is none
	whole bool             // the finding is the value and nothing else
	stray rules.Confidence // the best of a finding elsewhere
	rules []string         // the rules of all findings, for the list
}

// at reports whether a confidence is at least so high.
func at(have, least rules.Confidence) bool { return have != "" && have.Rank() >= least.Rank() }

func judgeAll(t *testing.T, set []sample) []outcome {
	s, err := scanner.New(rules.Builtin(), scanner.Options{MinConfidence: rules.LowConfidence})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]outcome, len(set))
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(set); i += workers {
				res, err := s.Scan(context.Background(), one{&set[i]}, nil)
				if err != nil {
					t.Errorf("%s: %v", set[i].id, err)
					return
				}
				out[i] = judge(&set[i], res.Findings)
			}
		})
	}
	group.Wait()
	return out
}

// one is a source of one sample: each is scanned for itself, as nothing of one may change what is found in another.
type one struct{ s *sample }

func (o one) Walk(_ context.Context, _ *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return visit(&scanner.Chunk{Data: []byte(o.s.text), Location: scanner.Location{Path: o.s.path, Kind: scanner.KindFile}})
}

// judge holds findings against the label. A finding has the value if it has at least half of its bytes; one that had to
// be decoded, if it is on the value's lines.
func judge(s *sample, found []scanner.Finding) (out outcome) {
	for i := range found {
		f := &found[i]
		out.rules = append(out.rules, fmt.Sprintf("%s (%s, %s)", f.RuleID, f.Confidence, f.Secret.Redacted()))
		met, whole := false, false
		from := int(f.Location.Offset)
		to := from + len(f.Secret.Reveal())
		for _, v := range s.values {
			if len(f.Location.Decoded) > 0 {
				first := 1 + strings.Count(s.text[:v[0]], "\n")
				last := first + strings.Count(s.text[v[0]:v[1]], "\n")
				met = met || f.Location.StartLine <= last && f.Location.EndLine >= first
				continue
			}
			met = met || 2*(min(to, v[1])-max(from, v[0])) >= v[1]-v[0]
			whole = whole || from == v[0] && to == v[1]
		}
		switch {
		case !met && (out.stray == "" || f.Confidence.Rank() > out.stray.Rank()):
			out.stray = f.Confidence
		case met && (out.met == "" || f.Confidence.Rank() > out.met.Rank()):
			out.met = f.Confidence
		}
		out.whole = out.whole || whole
	}
	return out
}

// list prints misses and false findings at medium confidence, of the tuning half alone.
func list(set []sample, outcomes []outcome, most int) string {
	var b strings.Builder
	printed := map[string]int{}
	for i := range set {
		s, what := &set[i], wrong(&set[i], &outcomes[i])
		if what == "" || printed[s.category+what] >= most {
			continue
		}
		printed[s.category+what]++
		fmt.Fprintf(&b, "== %s: %s, %s\n   %s\n", what, s.id, s.path, strings.Join(outcomes[i].rules, "; "))
		for line := range strings.Lines(s.text) {
			b.WriteString("   | " + line)
		}
	}
	return b.String()
}

// wrong names what is wrong with a sample's outcome; nothing is ever said of the held-back half.
func wrong(s *sample, o *outcome) string {
	switch {
	case s.half == heldBack:
		return ""
	case s.positive && !at(o.met, rules.MediumConfidence):
		return "missed"
	case at(o.stray, rules.MediumConfidence) && s.positive:
		return "stray"
	case at(o.stray, rules.MediumConfidence):
		return "false"
	default:
		return ""
	}
}

// writeOut writes what list prints as files.
func writeOut(t *testing.T, dir string, set []sample, outcomes []outcome) {
	for i := range set {
		s, what := &set[i], wrong(&set[i], &outcomes[i])
		if what == "" {
			continue
		}
		name := filepath.Join(dir, what, s.category, strconv.Itoa(i), filepath.FromSlash(s.path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(s.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
