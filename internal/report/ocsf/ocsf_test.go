package ocsf

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

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

func render(t *testing.T, rep *scanner.Report) (string, []map[string]any) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, rep, nil); err != nil {
		t.Fatal(err)
	}
	var events []map[string]any
	for line := range strings.Lines(b.String()) {
		var ev map[string]any
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			t.Fatal(err)
		}
		// What the base event and the two classes require.
		for _, key := range []string{"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"} {
			if ev[key] == nil {
				t.Errorf("no %s in %s", key, line)
			}
		}
		if ev["type_uid"] != ev["class_uid"].(float64)*100+ev["activity_id"].(float64) {
			t.Errorf("type_uid %v in %s", ev["type_uid"], line)
		}
		events = append(events, ev)
	}
	return b.String(), events
}

func TestEvents(t *testing.T) {
	text, events := render(t, sample(t))
	if len(events) != 5 {
		t.Fatalf("%d events, want 3 secrets, a suppressed one and the scan", len(events))
	}
	first := events[0]
	info := first["finding_info"].(map[string]any)
	if first["class_uid"] != 2004.0 || first["count"] != 3.0 || info["uid"] == "" || info["analytic"].(map[string]any)["type_id"] == nil || first["severity_id"] != 5.0 {
		t.Errorf("%v", first)
	}
	for _, e := range first["evidences"].([]any) {
		if e.(map[string]any)["data"] == nil {
			t.Error("an evidence without any of what is asked for")
		}
	}
	if events[3]["status_id"] != 3.0 || events[3]["is_alert"] != nil {
		t.Errorf("suppressed: %v", events[3])
	}
	last := events[4]
	if last["class_uid"] != 6007.0 || last["status_id"] != 2.0 || last["activity_id"] != 6.0 || last["num_detections"] != 3.0 || last["scan"] == nil {
		t.Errorf("the scan: %v", last)
	}
	for _, private := range []string{"Ann Example", "ann@example.org", "Add the deploy job"} {
		if strings.Contains(text, private) {
			t.Errorf("%q is in the file", private)
		}
	}
}

func TestCleanIsNotIncomplete(t *testing.T) {
	rep := sample(t)
	rep.Findings, rep.Coverage = nil, scanner.Coverage{Complete: true, Files: 1}
	if _, events := render(t, rep); len(events) != 1 || events[0]["status_id"] != 1.0 || events[0]["activity_id"] != 2.0 {
		t.Errorf("%v", events)
	}
	rep.Coverage.Complete = false
	if _, events := render(t, rep); events[0]["status_id"] != 2.0 {
		t.Errorf("%v", events)
	}
}

func TestEvidencesAreBounded(t *testing.T) {
	rep := sample(t)
	f := rep.Findings[0]
	rep.Findings = nil
	for i := range 250 {
		f.Location.StartLine = i + 1
		rep.Findings = append(rep.Findings, f)
	}
	_, events := render(t, rep)
	if n := len(events[0]["evidences"].([]any)); n != maxEvidences || events[0]["count"] != 250.0 || events[0]["unmapped"].(map[string]any)["evidences_left_out"] != 150.0 {
		t.Errorf("%d evidences", n)
	}
}
