package scanner

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// scannerOf returns a scanner of rules that a test writes.
func scannerOf(t *testing.T, opt Options, text string) *Scanner {
	t.Helper()
	set, err := rules.Read([]byte("provider: acme\nrules:\n"+text), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	tokenRule = "- {id: acme-token, title: Acme token, severity: high, anchors: [token], fold: true, assignment: token, priority: 10, " +
		"examples: {match: [a], clean: [b]}}\n"
	passwordRule = "- {id: acme-password, title: Acme password, severity: high, anchors: [pass], fold: true, assignment: password, priority: 10, " +
		"examples: {match: [a], clean: [b]}}\n"
	formRule = "- {id: acme-form, title: Acme deploy token, severity: high, anchors: [acmd_], pattern: '(acmd_[a-z0-9]{30})', " +
		"examples: {match: [a], clean: [b]}"
)

// TestPathIsKnownLater holds what a history finds, whose paths are known after the search, against a scan of files.
func TestPathIsKnownLater(t *testing.T) {
	s := scannerOf(t, Options{}, tokenRule+formRule+", checks: {not_paths: ['^vendor/']}}\n")
	text := "API_TOKEN=acmd_" + strings.ToLower(token(7)[4:34]) + "\n"
	for _, path := range []string{"src/a.env", "vendor/a.env"} {
		var want []string
		for _, known := range []bool{true, false} {
			at := Location{Path: path, Kind: KindFile}
			if !known {
				at = Location{Object: "abc", Kind: KindCommitContent}
			}
			res, err := s.Scan(t.Context(), attributing{chunks{{Data: []byte(text), Location: at}}, func(f *Finding) { f.Location.Path = path }}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range res.Findings {
				got = append(got, f.RuleID)
			}
			if known {
				want = got
			}
			if len(got) != 1 || !slices.Equal(got, want) {
				t.Errorf("%s, path known before the search %v: %q, want %q", path, known, got, want)
			}
		}
	}
}

func TestTokenThatIsTooShort(t *testing.T) {
	s := scannerOf(t, Options{MinConfidence: rules.LowConfidence}, tokenRule+formRule+"}\n")
	whole := strings.ToLower(token(7)[4:34])
	for value, want := range map[string]rules.Confidence{
		"acmd_" + whole[:22]: rules.LowConfidence, "acmx_" + whole[:22]: rules.HighConfidence, "acmd_" + whole: rules.HighConfidence,
	} {
		_, fs := scanText(t, s, "DEPLOY_TOKEN=\""+value+"\"")
		if len(fs) != 1 || fs[0].Confidence != want {
			t.Errorf("%d characters: %+v, want %s confidence", len(value), fs, want)
		}
	}
}

func TestValueInManyFiles(t *testing.T) {
	s := scannerOf(t, Options{}, passwordRule)
	files := func(n int) chunks {
		var cs chunks
		for i := range n {
			cs = append(cs, Chunk{Data: []byte("pass" + "word: qz7kf\n"), Location: Location{Path: strings.Repeat("a", i+1) + ".yml", Kind: KindFile}})
		}
		return cs
	}
	for n, want := range map[int]int{1: 1, manyFiles - 1: manyFiles - 1, manyFiles: 0} {
		res, err := s.Scan(t.Context(), files(n), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != want {
			t.Errorf("in %d files: %d findings, want %d", n, len(res.Findings), want)
		}
	}
}

func TestExamplesAreShownWhereAsked(t *testing.T) {
	const text = "password = \"changeme\"\nacmd_example" + "aaaabbbbccccddddeeee123\n"
	for _, c := range []struct {
		opt  Options
		want int
	}{{Options{}, 0}, {Options{IncludeExamples: true}, 2}} {
		s := scannerOf(t, c.opt, passwordRule+formRule+", checks: {entropy: 4.5}}\n")
		_, fs := scanText(t, s, text)
		if len(fs) != c.want {
			t.Errorf("examples asked for %v: %+v", c.opt.IncludeExamples, fs)
		}
		for _, f := range fs {
			if !f.Example || f.Confidence != rules.LowConfidence || len(f.Reasons) == 0 {
				t.Errorf("%s: example %v, %s, %q", f.RuleID, f.Example, f.Confidence, f.Reasons)
			}
		}
	}
}

func TestTestDataIsLoweredNotHidden(t *testing.T) {
	s := scannerOf(t, Options{}, formRule+"}\n")
	text := []byte("acmd_" + strings.ToLower(token(7)[4:34]))
	for path, want := range map[string]rules.Confidence{"src/a.go": rules.HighConfidence, "testdata/a.env": rules.MediumConfidence} {
		res, err := s.Scan(t.Context(), chunks{{Data: text, Location: Location{Path: path, Kind: KindFile}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != 1 || res.Findings[0].Confidence != want {
			t.Errorf("%s: %+v", path, res.Findings)
		}
	}
}

func TestExplain(t *testing.T) {
	s := scannerOf(t, Options{}, tokenRule+formRule+", checks: {forbid: ['^acmd_zz']}}\n")
	whole := strings.ToLower(token(7)[4:34])
	text := "x_token = \"" + whole + "\"\ntoken = other()\nacmd_short\nDEPLOY_TOKEN=acmd_" + whole + "\nacmd_zz" + whole[2:] + "\nnothing\n"
	for line, want := range map[int][]string{
		1: {"acme-token reported"}, 2: {"acme-token refused"}, 3: {"acme-form no match"},
		4: {"acme-token overruled", "acme-form reported"}, 5: {"acme-form refused"}, 6: nil,
	} {
		attempts, err := s.Explain(t.Context(), []byte(text), "a.go", line, line)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range attempts {
			got = append(got, a.RuleID+" "+string(a.Outcome))
			if len(a.Why) == 0 && a.Outcome != Reported || a.Line != line {
				t.Errorf("line %d: %+v", line, a)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("line %d: %q, want %q", line, got, want)
		}
	}
}

// TestAllOfWhatIsPacked finds two secrets in one packed stretch, which has one place in the content.
func TestAllOfWhatIsPacked(t *testing.T) {
	s := scannerOf(t, Options{}, formRule+"}\n")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for _, seed := range []uint64{7, 8} {
		if _, err := fmt.Fprintf(w, "KEY%d=acmd_%s\n%s\n", seed, strings.ToLower(token(seed)[4:34]), strings.Repeat("# nothing to see\n", 20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, fs := scanText(t, s, "data: "+base64.StdEncoding.EncodeToString(packed.Bytes())+"\n")
	if len(fs) != 2 || fs[0].Fingerprint == fs[1].Fingerprint || !slices.Equal(fs[0].Location.Decoded, []string{"base64", "gzip"}) {
		t.Errorf("%+v", fs)
	}
}
