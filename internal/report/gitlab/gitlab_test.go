package gitlab

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// constraints are what GitLab's schema 15.2.4 asks for, in our words and stricter: nothing but what we mean to write. The published
// schema itself is asked in e2e.
const constraints = `{
 "$defs": {"tool": {"required": ["id", "name", "version", "vendor"], "additionalProperties": false, "properties": {
   "id": {"minLength": 1}, "name": {"minLength": 1}, "version": {"minLength": 1}, "url": {"pattern": "^https://"},
   "vendor": {"required": ["name"], "properties": {"name": {"minLength": 1}}}}}},
 "type": "object", "required": ["version", "schema", "scan", "vulnerabilities"], "additionalProperties": false,
 "properties": {
  "version": {"pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"}, "schema": {"pattern": "^https://.+"},
  "scan": {"required": ["analyzer", "scanner", "start_time", "end_time", "status", "type"], "additionalProperties": false, "properties": {
    "analyzer": {"$ref": "#/$defs/tool"}, "scanner": {"$ref": "#/$defs/tool"}, "type": {"const": "secret_detection"},
    "start_time": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"},
    "end_time": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"},
    "status": {"enum": ["success", "failure"]},
    "messages": {"type": "array", "maxItems": 103, "items": {"required": ["level", "value"], "properties": {"level": {"enum": ["info", "warn", "fatal"]}, "value": {"type": "string", "minLength": 1}}}}}},
  "vulnerabilities": {"type": "array", "items": {
    "required": ["id", "name", "description", "severity", "identifiers", "location", "tracking"], "additionalProperties": false,
    "properties": {
     "id": {"pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
     "name": {"type": "string", "minLength": 1, "maxLength": 255}, "description": {"type": "string", "minLength": 1, "maxLength": 1048576},
     "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]}, "solution": {"type": "string", "maxLength": 7000},
     "identifiers": {"minItems": 1, "items": {"required": ["type", "name", "value"], "properties": {"type": {"minLength": 1}, "name": {"minLength": 1}, "value": {"minLength": 1}}}},
     "links": {"items": {"required": ["url"], "properties": {"url": {"pattern": "^https?://.+"}}}},
     "location": {"required": ["commit"], "properties": {"file": {"type": "string"}, "start_line": {"type": "number"}, "end_line": {"type": "number"},
       "commit": {"required": ["sha"], "additionalProperties": false, "properties": {"sha": {"type": "string", "minLength": 1}, "date": {"type": "string"}}}}},
     "tracking": {"required": ["type", "items"], "properties": {"type": {"const": "source"}, "items": {"items": {"required": ["signatures"], "properties": {
       "signatures": {"minItems": 1, "items": {"required": ["algorithm", "value"]}}}}}}},
     "flags": {"items": {"required": ["type", "origin", "description"], "properties": {"type": {"const": "flagged-as-likely-false-positive"}}}}}}}}}`

func sample(t *testing.T) *scanner.Report {
	t.Helper()
	f, err := os.Open("../testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	rep, err := report.Read(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return rep
}

func sampleRules() *rules.Set {
	return rules.NewSet([]rules.Rule{{ID: "anthropic-api-key", Provider: "anthropic", Title: "Anthropic API key", Severity: rules.Critical, Playbook: "k",
		Why: "Whoever holds it can call the API.", Docs: []string{"https://platform.claude.com/docs", "javascript:alert(1)"}}},
		map[string]rules.Playbook{"anthropic/k": {Name: "k", Steps: []rules.Step{{Phase: rules.Stop, Title: "Disable the key"}, {Phase: rules.Tell, Title: "Not here"}}}})
}

func render(t *testing.T, rep *scanner.Report) (string, *document) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, rep, sampleRules()); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	def, err := jsonschema.UnmarshalJSON(strings.NewReader(constraints))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("constraints.json", def); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("constraints.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	doc := new(document)
	if err := json.Unmarshal(b.Bytes(), doc); err != nil {
		t.Fatal(err)
	}
	return b.String(), doc
}

func TestGolden(t *testing.T) {
	got, _ := render(t, sample(t))
	name := filepath.Join("testdata", "history.json")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(name, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs (-want +got), -update rewrites it:\n%s", diff)
	}
}

func TestWhatIsSaid(t *testing.T) {
	rep := sample(t)
	text, doc := render(t, rep)
	if len(doc.Vulnerabilities) != 5 || doc.Scan.Status != "failure" || len(doc.Scan.Messages) != 4 {
		t.Errorf("%d vulnerabilities, %s, %v", len(doc.Vulnerabilities), doc.Scan.Status, doc.Scan.Messages)
	}
	for _, private := range []string{"Ann Example", "ann@example.org", "Add the deploy job", "javascript:", "raw_source_code_extract", "Not here"} {
		if strings.Contains(text, private) {
			t.Errorf("%q is in the file", private)
		}
	}
	if !strings.Contains(text, "Disable the key.") {
		t.Error("the first step is missing")
	}
	ids := map[string]bool{}
	for _, v := range doc.Vulnerabilities {
		ids[v.ID] = true
	}
	slices.Reverse(rep.Findings)
	_, again := render(t, rep)
	for _, v := range again.Vulnerabilities {
		if !ids[v.ID] {
			t.Errorf("%s is new in the same report", v.ID)
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d ids", len(ids))
	}
	rep.Findings, rep.Coverage = nil, scanner.Coverage{Complete: true}
	if _, clean := render(t, rep); clean.Scan.Status != "success" || len(clean.Vulnerabilities) != 0 {
		t.Error("a clean scan is none")
	}
	rep.Coverage = scanner.Coverage{}
	if _, stopped := render(t, rep); stopped.Scan.Status != "failure" {
		t.Error("an incomplete scan without reasons is a success")
	}
}

func TestCommits(t *testing.T) {
	rep := sample(t)
	rep.Findings = rep.Findings[:1]
	rep.Findings[0].Location.Commit = nil
	_, doc := render(t, rep)
	if got := doc.Vulnerabilities[0].Location.Commit.SHA; got != noCommit {
		t.Errorf("no commit is %s", got)
	}
	rep.Repository = &scanner.Repository{Revision: "abc"}
	if _, doc = render(t, rep); doc.Vulnerabilities[0].Location.Commit.SHA != "abc" {
		t.Error("HEAD is known and not said")
	}
}
