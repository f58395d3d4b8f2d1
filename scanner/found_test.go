package scanner

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// foundSamples are what built-in rules find, whole lines each, and assignments that weigh more or less by their path.
func foundSamples(t *testing.T) []string {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	// The first one is of medium confidence in a file for settings alone.
	samples := []string{"secret = " + "kq83nf", `password = "` + `changeme"`, "pwd: " + "Sommer" + "2019"}
	for _, r := range set.All() {
		for _, tmpl := range r.Examples.Match {
			if strings.Contains(tmpl, "pem ") {
				continue // takes long to make
			}
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			samples = append(samples, text)
		}
	}
	return samples
}

// TestFoundTellsWhatIsReported: every secret of a report was told by then, once, and nothing that is told holds a piece of any.
func TestFoundTellsWhatIsReported(t *testing.T) {
	samples := foundSamples(t)
	paths := []string{"app/config.env", "tests/fixtures/a.py", "README.md", "src/main.go", ".env.example", "deploy/secrets.yaml", ""}
	r := rand.New(rand.NewPCG(1, 2))
	early := 0
	for round := range 24 {
		late := map[string]string{}
		src := attributing{decorate: func(f *Finding) { f.Location.Path = late[f.Location.Object] }} // as a history does
		weighed := samples[:3]
		for i := range 12 {
			id, path := fmt.Sprintf("%040x", i), paths[r.IntN(len(paths))]
			c := Chunk{Data: []byte(weighed[r.IntN(len(weighed))] + "\n" + samples[r.IntN(len(samples))]), Location: Location{Object: id, Kind: KindCommitContent}}
			if round%2 == 0 {
				c.Location.Path = path
			}
			late[id] = path
			src.chunks = append(src.chunks, c)
		}
		opt := Options{IncludeExamples: round%3 == 0, MinConfidence: []rules.Confidence{"low", "medium", "high", "certain"}[r.IntN(4)]}
		told, inside := map[string]int{}, atomic.Int32{}
		var all []Found
		opt.Found = func(f Found) {
			if inside.Add(1) != 1 {
				t.Error("told two at a time")
			}
			told[f.Fingerprint]++
			all = append(all, f)
			inside.Add(-1)
		}
		s, err := New(rules.Builtin(), opt)
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Scan(t.Context(), src, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Findings {
			if told[f.Fingerprint] != 1 {
				t.Errorf("round %d: %s at %q, %s, was told %d times", round, f.RuleID, f.Location.Path, f.Confidence, told[f.Fingerprint])
			}
			text, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), f.Secret.Reveal()) && len(f.Secret.Reveal()) > 6 {
				t.Errorf("a secret of %s was told in clear", f.RuleID)
			}
		}
		for _, f := range all {
			if f.Confidence.Rank() < opt.MinConfidence.Rank() && !(opt.IncludeExamples && f.Example) {
				t.Errorf("%s of %s confidence was told, %s was asked for", f.RuleID, f.Confidence, opt.MinConfidence)
			}
		}
		early += len(all)

		// Being told changes nothing.
		opt.Found = nil
		quiet, err := New(rules.Builtin(), opt)
		if err != nil {
			t.Fatal(err)
		}
		again, err := quiet.Scan(t.Context(), src, nil)
		if err != nil {
			t.Fatal(err)
		}
		with, errWith := json.Marshal(res.Findings)
		without, errWithout := json.Marshal(again.Findings)
		if errWith != nil || errWithout != nil || string(with) != string(without) {
			t.Errorf("round %d: the findings differ:\n%s\n%s", round, with, without)
		}
	}
	if early < 100 {
		t.Errorf("only %d were told: the test proves little", early)
	}
}

// before is a source whose last chunk is given only after something has happened.
type before struct {
	first, last Chunk
	happened    <-chan struct{}
}

func (b before) Walk(_ context.Context, _ *Recorder, visit func(*Chunk) error) error {
	if err := visit(&b.first); err != nil {
		return err
	}
	<-b.happened
	return visit(&b.last)
}

func TestFoundTellsBeforeTheEnd(t *testing.T) {
	told := make(chan struct{})
	count := 0
	s := testScanner(t, Options{Found: func(f Found) {
		if count++; count == 1 {
			close(told)
		}
	}})
	chunk := func(n uint64) Chunk { return Chunk{Data: []byte(token(n) + "\n" + token(n))} }
	if _, err := s.Scan(t.Context(), before{chunk(1), chunk(2), told}, nil); err != nil || count != 2 {
		t.Errorf("%d were told, %v", count, err)
	}
}

// TestFoundTellsPurged: what was purged is told whatever its confidence, and no object that stands for none.
func TestFoundTellsPurged(t *testing.T) {
	var told []Found
	opt := Options{MinConfidence: rules.Certain, Found: func(f Found) { told = append(told, f) }}
	opt.Purged = func(string) bool { return true }
	opt.Further = func() []Finding {
		return []Finding{{RuleID: PurgedObjectRule, Fingerprint: "0", Confidence: rules.Certain}}
	}
	res, err := testScanner(t, opt).Scan(t.Context(), chunks{{Data: []byte(token(1))}}, nil)
	if err != nil || len(res.Findings) != 2 || len(told) != 1 || told[0].RuleID == PurgedObjectRule {
		t.Errorf("told %+v of %d findings, %v", told, len(res.Findings), err)
	}
}
