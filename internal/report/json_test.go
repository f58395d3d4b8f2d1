package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/scanner"
)

const schemaFile = "../../docs/report.schema.json"

func schema(t *testing.T, ref string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemaFile + ref)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v in %s", err, text)
	}
}

func TestJSONGolden(t *testing.T) {
	rep := sampleReport(t)
	text := render(t, JSON, rep)
	golden(t, "report.json", []byte(text))
	golden(t, "report.jsonl", []byte(render(t, JSONL, rep)))
}

func TestJSONFollowsItsSchema(t *testing.T) {
	s, line := schema(t, ""), schema(t, "#/$defs/jsonl_line")
	for _, rep := range []*scanner.Report{sampleReport(t), stagedReport(t), cleanReport()} {
		validate(t, s, []byte(render(t, JSON, rep)))
		lines := strings.Split(strings.TrimSuffix(render(t, JSONL, rep), "\n"), "\n")
		for _, l := range lines {
			validate(t, line, []byte(l))
		}
		if want := len(rep.Findings) + 2; len(lines) != want || !strings.HasPrefix(lines[want-1], `{"type":"coverage"`) {
			t.Errorf("%d lines for %d findings, the last is %s", len(lines), len(rep.Findings), lines[len(lines)-1])
		}
	}
}

// TestFoundFollowsItsSchema: what is told while a scan runs is a line of the schema, in one write, and has no room for a text from the
// repository.
func TestFoundFollowsItsSchema(t *testing.T) {
	s := schema(t, "#/$defs/jsonl_line")
	key := sampleReport(t).Findings[0]
	full := scanner.Found{
		Fingerprint: key.Fingerprint, RuleID: key.RuleID, Title: key.Title, Severity: key.Severity, Confidence: key.Confidence,
		Redacted: key.Secret.Redacted(), Kind: scanner.KindCommitContent, Object: strings.Repeat("3f", 20), Example: true,
	}
	bare := full
	bare.Object, bare.Example = "", false
	for _, f := range []scanner.Found{full, bare} {
		var w writes
		if err := Found(&w, f); err != nil || len(w) != 1 || !strings.HasSuffix(w[0], "}\n") {
			t.Fatalf("%q, %v", w, err)
		}
		validate(t, s, []byte(w[0]))
		for _, extra := range []string{`"path":"a"`, `"excerpt":"a"`, `"secret":"a"`, `"preliminary":false`} {
			bad := strings.Replace(w[0], "}\n", ","+extra+"}", 1)
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
			if err != nil {
				t.Fatal(err)
			}
			if s.Validate(v) == nil {
				t.Errorf("accepted: %s", bad)
			}
		}
	}
}

// writes keeps what is written, each write on its own.
type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}

// TestSchemaRefusesWrongReports keeps the schema from being so loose that it proves nothing.
func TestSchemaRefusesWrongReports(t *testing.T) {
	s := schema(t, "")
	good := render(t, JSON, stagedReport(t))
	for _, c := range []struct{ old, with string }{
		{`"critical"`, `"terrible"`}, {`"complete": true`, `"complete": 1`}, {`"schema_version": "1.0"`, `"schema_version": "2.0"`},
		{`"kind": "staged"`, `"kind": "index"`}, {`"verdict": ""`, `"verdict": "alive"`}, {`"start_line": 3`, `"start_line": -3`},
		{`"findings"`, `"results"`}, {`"2026-04-01T12:00:00Z"`, `"yesterday"`},
	} {
		bad := strings.Replace(good, c.old, c.with, 1)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil || bad == good {
			t.Fatalf("replacing %s: %v", c.old, err)
		}
		if s.Validate(v) == nil {
			t.Errorf("%s instead of %s is accepted", c.with, c.old)
		}
	}
}

// TestSchemaNamesEveryKey checks that the keys of the schema are those of the Go types, neither more nor less.
func TestSchemaNamesEveryKey(t *testing.T) {
	s := schema(t, "")
	defs := map[string]reflect.Type{
		"report": reflect.TypeFor[scanner.Report](), "coverage": reflect.TypeFor[scanner.Coverage](),
		"skip": reflect.TypeFor[scanner.Skip](), "finding": reflect.TypeFor[scanner.Finding](),
		"location": reflect.TypeFor[scanner.Location](), "commit": reflect.TypeFor[scanner.Commit](),
		"exposure": reflect.TypeFor[scanner.Exposure](), "suppression": reflect.TypeFor[scanner.Suppression](),
		"tool": reflect.TypeFor[scanner.Tool](), "policy": reflect.TypeFor[scanner.Policy](), "weaker_setting": reflect.TypeFor[scanner.WeakerSetting](),
		"repository": reflect.TypeFor[scanner.Repository](), "verification": reflect.TypeFor[scanner.Verification](),
	}
	if s == nil {
		t.Fatal("no schema")
	}
	for name, typ := range defs {
		def := schema(t, "#/$defs/"+name)
		var keys, required []string
		for field := range typ.Fields() {
			key, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
			if key == "" || key == "-" {
				continue
			}
			keys = append(keys, key)
			if !strings.Contains(rest, "omit") {
				required = append(required, key)
			}
		}
		if name == "location" { // written by its own method
			keys = append(keys, "path_bytes", "member_bytes")
		}
		slices.Sort(keys)
		slices.Sort(required)
		slices.Sort(def.Required)
		if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(def.Properties))); diff != "" {
			t.Errorf("keys of %s (-Go +schema):\n%s", name, diff)
		}
		if diff := cmp.Diff(required, def.Required); diff != "" {
			t.Errorf("required keys of %s (-Go +schema):\n%s", name, diff)
		}
	}
}

func TestJSONListsAreNeverNull(t *testing.T) {
	rep := cleanReport()
	rep.Findings, rep.Coverage.Skipped = nil, nil
	for name, write := range map[string]format{"json": JSON, "jsonl": JSONL} {
		if text := render(t, write, rep); strings.Contains(text, "null") {
			t.Errorf("%s says null: %s", name, text)
		}
	}
	if rep.Findings != nil {
		t.Error("the caller's report was changed")
	}
}

func TestJSONIsSafeInATerminalAndLosesNothing(t *testing.T) {
	rep := cleanReport()
	rep.Target = "a\x1bb\x7fc\u009bd\u202ee\u2028f\U000e0041g日本<&>"
	text := render(t, JSON, rep)
	for _, r := range text {
		if r != '\n' && !unicode.IsGraphic(r) {
			t.Errorf("%U is printed", r)
		}
	}
	var back scanner.Report
	if err := json.Unmarshal([]byte(text), &back); err != nil || back.Target != rep.Target {
		t.Errorf("read back as %q, %v", back.Target, err)
	}
}

func TestReadReturnsWhatJSONWrote(t *testing.T) {
	rep := sampleReport(t)
	rep.Findings[0].Revealed = "in clear"
	first := render(t, JSON, rep)
	back, err := Read(strings.NewReader("\ufeff" + first))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, render(t, JSON, back)); diff != "" {
		t.Errorf("a second writing differs:\n%s", diff)
	}
	for i := range back.Findings {
		if back.Findings[i].Secret.Known() {
			t.Errorf("finding %d came back with a secret", i)
		}
	}
	if got := render(t, JSONL, back); strings.Contains(got, "in clear") {
		t.Error("a revealed secret that was read back is shown by another format")
	}
}

func TestReadToleratesNewerMinors(t *testing.T) {
	text := strings.Replace(render(t, JSON, sampleReport(t)), `"schema_version": "1.0"`,
		`"schema_version": "1.27", "new_key": {"deep": [1, 2]}`, 1)
	rep, err := Read(strings.NewReader(text))
	if err != nil || len(rep.Findings) != 6 || !Newer(rep) || Newer(sampleReport(t)) {
		t.Errorf("newer minor: %v", err)
	}
	if again := render(t, JSON, rep); again != render(t, JSON, sampleReport(t)) {
		t.Error("what is written claims keys that were left out")
	}
}

func TestReadRefuses(t *testing.T) {
	good := render(t, JSON, sampleReport(t))
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"newer major":       {replace(`"1.0"`, `"2.0"`), "use the version of skant that wrote it"},
		"no version":        {replace(`"schema_version": "1.0",`, ``), "no schema_version"},
		"odd version":       {replace(`"1.0"`, `"1"`), "not MAJOR.MINOR"},
		"spaced version":    {replace(`"1.0"`, `" 1.0"`), "not MAJOR.MINOR"},
		"empty":             {"", "byte 0"},
		"cut off":           {good[:len(good)/2], "no valid JSON"},
		"trailing":          {good + "{}", "no valid JSON"},
		"another format":    {render(t, JSONL, sampleReport(t)), "no valid JSON"},
		"no findings":       {replace(`"findings"`, `"found"`), "findings or coverage is missing"},
		"findings twice":    {replace(`"findings"`, `"findings": [], "findings"`), "stands there twice"},
		"findings again":    {strings.TrimSuffix(strings.TrimSpace(good), "}") + `, "Findings": []}`, "stands there twice"},
		"coverage twice":    {replace(`"coverage"`, `"coverage": {"complete": true}, "coverage"`), "stands there twice"},
		"version no text":   {replace(`"1.0"`, `1.0`), "is not of type string"},
		"huge number":       {replace(`"blobs": 1204`, `"blobs": 1e999`), "is not of type"},
		"null findings":     {`{"schema_version":"1.0","coverage":{"complete":true},"findings":null}`, "missing"},
		"no coverage":       {replace(`"coverage"`, `"covered"`), "findings or coverage is missing"},
		"wrong type":        {replace(`"blobs": 1204`, `"blobs": "many"`), "is not of type"},
		"wrong time":        {replace(`"2026-04-01T12:00:00Z"`, `"yesterday"`), "malformed"},
		"nameless finding":  {replace(`"rule_id": "acme-token"`, `"rule_id": ""`), "no fingerprint or no rule_id"},
		"UTF-16":            {"\xff\xfe{\x00", "UTF-16"},
		"deeply nested":     {strings.Repeat("[", 20000), "no valid JSON"},
		"array":             {"[]", "is not of type"},
		"larger than limit": {good + strings.Repeat(" ", 1<<20), "larger than 1 MiB"},
	} {
		rep, err := readBounded(strings.NewReader(c.text), 1<<20)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: report %v, error %v; want one with %q", name, rep != nil, err, c.want)
		}
	}
}

func TestReadDoesNotTrustAContradiction(t *testing.T) {
	text := `{"schema_version":"1.0","findings":[],"coverage":{"complete":true,"skipped":[{"what":"blobs","reason":"r","count":1,"unread":true}]}}`
	rep, err := Read(strings.NewReader(text))
	if err != nil || rep.Coverage.Complete {
		t.Errorf("complete with unread blobs: %v", err)
	}
}

// FuzzRead checks that no input panics, and that what is accepted is written and read again alike.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema_version":"1.0","findings":[],"coverage":{"complete":true,"skipped":[]}}`))
	f.Add([]byte(`{"schema_version":"1.9","findings":[{"fingerprint":"f","rule_id":"r","secret_redacted":"x..."}],"coverage":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		rep, err := readBounded(bytes.NewReader(text), 1<<16)
		if err != nil {
			return
		}
		first := render(t, JSON, rep)
		again, err := Read(strings.NewReader(first))
		if err != nil {
			t.Fatalf("own report is refused: %v\n%s", err, first)
		}
		if second := render(t, JSON, again); first != second {
			t.Fatalf("changes when read again:\n%s\n%s", first, second)
		}
		_ = render(t, formats(rep)["text"], rep)
	})
}
