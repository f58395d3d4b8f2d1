package incident

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

var day = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// hexes makes ids and fingerprints that belong to nothing.
func hexes(digit string, n int) string { return strings.Repeat(digit, n) }

func finding(print, rule string, severity rules.Severity) scanner.Finding {
	return scanner.Finding{Fingerprint: hexes(print, 32), RuleID: rule, Title: "Key of " + rule, Severity: severity, Confidence: rules.Certain,
		Secret: scanner.NewSecret("key-"+strings.Repeat(print, 40), 4), Location: scanner.Location{Kind: scanner.KindFile, Path: "a"}}
}

// leaked is a report of two secrets, one of them in several places.
func leaked() *scanner.Report {
	low, high, again, message := finding("a", "low-key", rules.Low), finding("b", "high-key", rules.Critical), finding("b", "high-key", rules.Critical),
		finding("b", "high-key", rules.Critical)
	low.Location.Kind, low.Location.Object = scanner.KindTagMessage, hexes("1", 40)
	high.Location = scanner.Location{Kind: scanner.KindCommitContent, Path: "k.env", Object: hexes("2", 40),
		Commit: &scanner.Commit{ID: hexes("3", 40), Date: day}}
	high.Exposure = &scanner.Exposure{FirstSeen: day, LastSeen: day.Add(48 * time.Hour)}
	again.Location = scanner.Location{Kind: scanner.KindCommitContent, Path: "l.env", Object: hexes("2", 40),
		Commit: &scanner.Commit{ID: hexes("4", 40), Date: day.Add(-time.Hour)}}
	again.Facts = map[string]string{"account": "12\u202e34"}
	message.Location = scanner.Location{Kind: scanner.KindCommitMessage, Object: hexes("4", 40), Commit: &scanner.Commit{ID: hexes("4", 40), Date: day}}
	suppressed := finding("c", "other-key", rules.Critical)
	suppressed.Suppressed = &scanner.Suppression{By: scanner.ByInline}
	object := finding("d", scanner.PurgedObjectRule, rules.Critical)
	inner := finding("b", "high-key", rules.Critical)
	inner.Location.Object, inner.Location.Submodule = hexes("5", 40), "lib"
	return &scanner.Report{Findings: []scanner.Finding{low, high, again, message, suppressed, object, inner}}
}

func TestNew(t *testing.T) {
	f := New(leaked(), day.Add(time.Hour+time.Nanosecond))
	want := []Secret{
		{Number: 1, Fingerprint: hexes("b", 32), RuleID: "high-key", Title: "Key of high-key", Redacted: "key-bbb...bbbb",
			FirstSeen: day.Add(-time.Hour), LastSeen: day.Add(48 * time.Hour), Facts: map[string]string{"account": "12\\u202e34"}},
		{Number: 2, Fingerprint: hexes("a", 32), RuleID: "low-key", Title: "Key of low-key", Redacted: "key-aaa...aaaa"},
	}
	if got := f.Secrets[0].Facts["account"]; strings.Contains(got, "\u202e") {
		t.Errorf("the fact %q turns a terminal round", got)
	}
	want[0].Facts["account"] = f.Secrets[0].Facts["account"]
	if diff := cmp.Diff(want, f.Secrets); diff != "" {
		t.Error(diff)
	}
	objects := []Object{
		{hexes("2", 40), "blob", []int{1}}, {hexes("4", 40), "commit", []int{1}}, {hexes("1", 40), "tag", []int{2}},
	}
	if diff := cmp.Diff(objects, f.Objects); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(f.ID, "skant-20260304-0606-") || !f.OpenedAt.Equal(day.Add(time.Hour)) {
		t.Errorf("id %q, opened %s", f.ID, f.OpenedAt)
	}
}

// TestObjectsOfTexts: what a text is of says what sort of object has it, although a report describes a tag as it does a commit.
func TestObjectsOfTexts(t *testing.T) {
	for _, c := range []struct {
		kind      scanner.Kind
		described bool
		want      string
	}{
		{scanner.KindTagMessage, true, "tag"},
		{scanner.KindTagMessage, false, "tag"},
		{scanner.KindCommitMessage, true, "commit"},
		{scanner.KindCommitMessage, false, "commit"},
		{scanner.KindAuthor, true, "commit"},
		{scanner.KindCommitContent, false, "blob"},
		{scanner.KindRefName, false, ""},
	} {
		found := finding("a", "low-key", rules.Low)
		found.Location = scanner.Location{Kind: c.kind, Object: hexes("1", 40)}
		if c.described {
			found.Location.Commit = &scanner.Commit{ID: hexes("1", 40), Date: day}
		}
		f := New(&scanner.Report{Findings: []scanner.Finding{found}}, day)
		got := ""
		if len(f.Objects) == 1 {
			got = f.Objects[0].Type
		}
		if got != c.want {
			t.Errorf("%s, described %t: %q, want %q", c.kind, c.described, got, c.want)
		}
	}
}

// TestMerge: numbers stay, nothing is forgotten, and the last word of a provider holds.
func TestMerge(t *testing.T) {
	f := New(leaked(), day)
	dead, alive := finding("a", "low-key", rules.Low), finding("a", "low-key", rules.Low)
	dead.Verdict, dead.Verification = scanner.Dead, &scanner.Verification{At: day}
	alive.Verdict, alive.Verification = scanner.Live, &scanner.Verification{At: day}
	fresh := finding("e", "new-key", rules.Critical)
	f.Merge(&scanner.Report{Findings: []scanner.Finding{dead, fresh, alive}})
	if len(f.Secrets) != 3 || len(f.Objects) != 3 {
		t.Fatalf("%d secrets and %d objects", len(f.Secrets), len(f.Objects))
	}
	if diff := cmp.Diff(map[string]int{hexes("b", 32): 1, hexes("a", 32): 2, hexes("e", 32): 3}, f.Numbers()); diff != "" {
		t.Error(diff)
	}
	if s := f.Secret(hexes("a", 32)); s.Verdict != scanner.Live {
		t.Errorf("of two words of one time %q is believed", s.Verdict)
	}
	dead.Verification = &scanner.Verification{At: day.Add(time.Minute)}
	f.Merge(&scanner.Report{Findings: []scanner.Finding{dead}})
	f.Merge(&scanner.Report{Findings: []scanner.Finding{alive, finding("a", "low-key", rules.Low)}})
	if s := f.Secret(hexes("a", 32)); s.Verdict != scanner.Dead || !s.VerifiedAt.Equal(day.Add(time.Minute)) {
		t.Errorf("the word of an earlier report is believed: %q at %s", s.Verdict, s.VerifiedAt)
	}
}

func whole(t testing.TB) *File {
	t.Helper()
	f := New(leaked(), day)
	f.Repository = "https://git.example.org/team/app"
	f.Rewritten = []Rewrite{{"refs/heads/main", hexes("6", 40), hexes("7", 40)}, {"refs/heads/gone", hexes("8", 40), ""}, {"refs/heads/same", hexes("9", 40), hexes("9", 40)}}
	f.Backup = &Backup{"backup.bundle", hexes("a", 64), day}
	f.Proofs = []Proof{{At: day, Secret: 1, Claim: "dead", State: Proven}, {At: day, Claim: "hooks", State: Open, Detail: "none", Remedy: "install"}, {At: day, Secret: 2, Claim: "dead", State: Attested}}
	f.Attestations = []Attestation{
		{Claim: OfProvider, Secret: 2, By: "Ada", Evidence: "change 4711", Date: day, At: day.Add(time.Hour)},
		{Claim: OfForks, By: "Ada", Evidence: "ticket 4712", Date: day, At: day, Contradicted: "it is there", ContradictedAt: day.Add(time.Hour)},
	}
	return f
}

func TestFileFollowsItsSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("../../docs/incident.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), DefaultName)
	if err := whole(t).Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return err
		}
		return schema.Validate(v)
	}
	if err := valid(string(text)); err != nil {
		t.Errorf("%v in %s", err, text)
	}
	for _, c := range [][2]string{
		{`"state": "proven"`, `"state": "believed"`}, {`"number": 1`, `"number": 0`}, {`"type": "blob"`, `"type": "tree"`}, {hexes("2", 40), "22"},
		{`"schema_version": "1.0"`, `"schema_version": "2.0"`}, {`"claim": "dead"`, `"claim": ""`},
		{`"claim": "provider"`, `"claim": "reach"`}, {`"claim": "forks"`, `"claim": "provider"`}, {`"claim": "provider"`, `"claim": "use"`}, {`"by": "Ada"`, `"by": ""`},
		{`"evidence": "change`, `"evidence": "\u001b`}, {`"evidence": "change`, `"evidence": "` + strings.Repeat("x", MaxEvidence)}, {`"by": "Ada"`, `"by": "` + strings.Repeat("x", MaxName+1) + `"`},
		{`"contradicted": "it is there",`, ``}, {`"date": "2026`, `"date": "soon`},
	} {
		bad := strings.Replace(string(text), c[0], c[1], 1)
		if bad == string(text) {
			t.Fatalf("%s is not in the file", c[0])
		}
		if valid(bad) == nil {
			t.Errorf("the schema takes %s", c[1])
		}
		if _, err := Parse([]byte(bad)); err == nil && c[1] != `"claim": ""` {
			t.Errorf("Parse takes %s", c[1])
		}
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(t), got); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.Symlink("/dev/null", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(filepath.Join(dir, "link")); err == nil {
		t.Error("a link is read")
	}
	if err := whole(t).Write(filepath.Join(dir, "link")); err == nil {
		t.Error("a link is written")
	}
	good, err := json.Marshal(whole(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing": "", "null": "null", "a list": "[]", "no incident": "{}", "a report": `{"schema_version":"1.0","findings":[]}`, "two": string(good) + "{}",
		"cut": string(good[:len(good)-9]), "one number twice": strings.Replace(string(good), `"number":2`, `"number":1`, 1),
		"one secret twice":          strings.Replace(string(good), hexes("a", 32), hexes("b", 32), 1),
		"a proof of nothing":        strings.Replace(string(good), `"secret":1,"claim"`, `"secret":7,"claim"`, 1),
		"an attestation of nothing": strings.Replace(string(good), `"claim":"provider","secret":2`, `"claim":"provider","secret":7`, 1),
		"the same twice":            strings.Replace(string(good), `"attestations":[{`, `"attestations":[{"claim":"forks","by":"B","evidence":"e","date":"2026-01-01T00:00:00Z","at":"2026-01-01T00:00:00Z"},{`, 1),
		"a date to come":            strings.Replace(string(good), `"evidence":"change 4711","date":"2026-`, `"evidence":"change 4711","date":"2027-`, 1),
		"a date of long ago":        strings.Replace(string(good), `"evidence":"change 4711","date":"2026-`, `"evidence":"change 4711","date":"0001-`, 1),
		"a line too many":           strings.Replace(string(good), `change 4711`, `change\n4711`, 1),
		"nothing but space":         strings.Replace(string(good), `change 4711`, `  `, 1),
		"a text turned round":       strings.Replace(string(good), `it is there`, `it is\u202e`+hexes("s", 30), 1),
		"a reason without a date":   strings.Replace(string(good), `,"contradicted_at":"2026-03-04T06:06:07Z"`, ``, 1),
		"a type that is no types":   strings.Replace(string(good), `"number":2`, `"number":"`+hexes("s", 30)+`"`, 1),
	} {
		f, err := Parse([]byte(text))
		if err == nil {
			t.Errorf("%s is taken: %+v", name, f)
		} else if strings.Contains(err.Error(), hexes("s", 12)) {
			t.Errorf("%s: the error quotes: %v", name, err)
		}
	}
}

// TestWriteIsWhole: what cannot be replaced stays as it was, and nothing is left beside it.
func TestWriteIsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "incident.json")
	for range 2 {
		if err := whole(t).Write(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := whole(t).Write(filepath.Join(dir, "folder")); err == nil {
		t.Error("a folder is replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
}

func TestPurged(t *testing.T) {
	text := "\xef\xbb\xbf# a comment\r\n\n  object " + strings.ToUpper(hexes("a", 40)) + " \r\nobject " + hexes("b", 64) + "\nsecret " + hexes("c", 32) + " some-rule\n"
	p, err := ReadPurged(strings.NewReader(text), "list")
	if err != nil {
		t.Fatal(err)
	}
	if !p.Object(hexes("a", 40)) || !p.Object(hexes("b", 64)) || p.Object(hexes("c", 40)) || p.Object("a") || p.Object("") {
		t.Error("objects are mistaken")
	}
	if !p.Secret(hexes("c", 32)) || p.Secret(hexes("a", 32)) || p.Secret("") {
		t.Error("secrets are mistaken")
	}
	if got := p.Rules(); len(got) != 1 || got[0] != "some-rule" {
		t.Errorf("rules %q", got)
	}
	var none *Purged
	if none.Object(hexes("a", 40)) || none.Secret("") || !none.Empty() || none.Objects() != nil || none.Secrets() != nil || none.Rules() != nil || none.ObjectID(pack.ID{}) {
		t.Error("a list that is not there holds something")
	}
}

func TestReadPurgedRefuses(t *testing.T) {
	word := "hunter" + hexes("2", 9)
	for _, c := range []struct{ text, want string }{
		{"object " + hexes("a", 39), "list:1: an object"}, {"object", "list:1: an object"}, {"object " + hexes("a", 40) + " x", "list:1: an object"},
		{"object " + hexes("0", 40), "list:1: an object"}, {"object " + hexes("g", 40), "list:1: an object"}, {"\n\nobjects " + hexes("a", 40), "list:3: a line"},
		{"secret " + hexes("a", 32), "list:1: a secret"}, {"secret " + hexes("A", 32) + " r", "list:1: a secret"}, {"secret " + word + " r", "list:1: a secret"},
		{"secret " + hexes("a", 32) + " r;rm", "list:1: a secret"}, {"secret " + hexes("a", 32) + " r s", "list:1: a secret"},
		{"#\n" + word, "list:2: a line"}, {" # indented", "list:1: a line"}, {"# " + strings.Repeat("x", maxPurgedLine), "list:1: the line has more than"},
		{"<<<<<<< ours\n", "list:1: a line"},
	} {
		_, err := ReadPurged(strings.NewReader(c.text), "list")
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, not %s", c.text, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), word) {
			t.Errorf("the error quotes: %v", err)
		}
	}
}

func TestAdd(t *testing.T) {
	p := NewPurged()
	f := whole(t)
	f.Secrets = append(f.Secrets, Secret{Number: 9, Fingerprint: "no fingerprint", RuleID: "r"})
	f.Objects = append(f.Objects, Object{ID: "none", Type: "blob"})
	p.Add(f)
	for _, id := range []string{hexes("1", 40), hexes("2", 40), hexes("4", 40), hexes("6", 40)} {
		if !p.Object(id) {
			t.Errorf("%s may come back", id)
		}
	}
	for what, id := range map[string]string{"the new history": hexes("7", 40), "what a deleted ref named": hexes("8", 40), "what was not moved": hexes("9", 40)} {
		if p.Object(id) {
			t.Errorf("%s may not be pushed", what)
		}
	}
	if len(p.Objects()) != 4 || len(p.Secrets()) != 2 {
		t.Errorf("%d objects, %d secrets", len(p.Objects()), len(p.Secrets()))
	}
}

func TestRemember(t *testing.T) {
	dir := t.TempDir()
	if p, err := ReadLocal(dir); err != nil || p != nil {
		t.Fatalf("%v %v", p, err)
	}
	one, two := NewPurged(), NewPurged()
	one.Add(&File{Objects: []Object{{ID: hexes("1", 40)}}})
	two.Add(&File{Objects: []Object{{ID: hexes("2", 40)}}, Secrets: []Secret{{Fingerprint: hexes("3", 32), RuleID: "r"}}})
	for _, p := range []*Purged{one, two, two} {
		if err := Remember(dir, p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadLocal(dir)
	if err != nil || !got.Object(hexes("1", 40)) || !got.Object(hexes("2", 40)) || !got.Secret(hexes("3", 32)) {
		t.Fatalf("%v %v", got, err)
	}
	path := filepath.Join(dir, "skant", "purged")
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Remember(dir, one); err == nil {
		t.Error("a list that cannot be read is written over")
	}
	if err := errors.Join(os.Remove(path), os.Symlink("/dev/zero", path)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadLocal(dir); err == nil {
		t.Error("a link is read")
	}
	if err := errors.Join(os.RemoveAll(filepath.Dir(path)), os.WriteFile(filepath.Dir(path), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadLocal(dir); err != nil || p != nil {
		t.Errorf("a file in the folder's place: %v %v", p, err)
	}
}

// FuzzReadPurged: what is read is written so that it is read again as the same, and no error quotes a line.
func FuzzReadPurged(f *testing.F) {
	for _, seed := range []string{
		"", "# x\n", "object " + hexes("a", 40), "secret " + hexes("b", 32) + " r\nobject " + hexes("c", 64) + "\n", "object \x00", "\xef\xbb\xbf#", "secret a b c", "\r\n\r",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ReadPurged(bytes.NewReader(text), "list")
		if err != nil {
			if len(err.Error()) > 200 {
				t.Errorf("the error quotes: %v", err)
			}
			return
		}
		var b, again bytes.Buffer
		if _, err := p.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		q, err := ReadPurged(&b, "list")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(&b); err != nil || b.String() != again.String() {
			t.Errorf("%q became %q", b.String(), again.String())
		}
	})
}

// FuzzParse: whatever is taken can be written, and is taken again as the same.
func FuzzParse(f *testing.F) {
	good, err := json.Marshal(New(leaked(), day))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	if said, err := json.Marshal(whole(f)); err != nil {
		f.Fatal(err)
	} else {
		f.Add(said)
	}
	for _, seed := range []string{"", "{}", "null", `{"schema_version":"1.7","id":"x","secrets":[{"number":1,"fingerprint":"f","rule_id":"r"}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		one, err := Parse(text)
		if err != nil {
			return
		}
		encoded, err := json.Marshal(one)
		if err != nil {
			return // a date of a year that RFC 3339 has no form for
		}
		two, err := Parse(encoded)
		if err != nil {
			t.Fatalf("%v in %s", err, encoded)
		}
		p, q := NewPurged(), NewPurged()
		p.Add(one)
		q.Add(two)
		if diff := cmp.Diff(p.Objects(), q.Objects(), cmp.Comparer(func(a, b pack.ID) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(one.Attestations, two.Attestations, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Error(diff)
		}
		for _, a := range one.Attestations { // what was taken could have been entered
			if err := (&File{}).Attest(a); err != nil {
				t.Errorf("%v in %s", err, encoded)
			}
			if a.By != visible.Text(a.By) || a.Evidence != visible.Text(a.Evidence) || len(a.By)+len(a.Evidence) > 4*(MaxName+MaxEvidence) || a.Date.After(a.At) {
				t.Errorf("%+v is taken", a)
			}
		}
		two.Heard(&Secret{Number: 1}, scanner.Live, day)
		if encoded, err = json.Marshal(two); err == nil {
			if _, err := Parse(encoded); err != nil {
				t.Errorf("contradicted: %v in %s", err, encoded)
			}
		}
	})
}
