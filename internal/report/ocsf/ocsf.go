// Package ocsf renders a finished scan as events of the Open Cybersecurity Schema Framework, one JSON object a line: a Detection Finding
// (class 2004) for each secret, then one Scan Activity (class 6007) that says whether everything was read. A reader that has not seen
// the last event has not seen the whole report.
//
// A secret is one event whatever the number of its places: finding_info.uid is its fingerprint, count says how many places there are,
// and evidences has the first hundred of them. Left out: names and addresses of authors, commit messages, secrets in clear.
package ocsf

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strconv"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// schemaVersion is the version of the framework that the events follow.
const schemaVersion = "1.3.0"

const (
	maxEvidences = 100
	maxText      = 4000
	// maxCount is the greatest number that every reader of JSON takes as it is.
	maxCount = 1 << 53
)

type event struct {
	ActivityID   int            `json:"activity_id"`
	ActivityName string         `json:"activity_name"`
	CategoryUID  int            `json:"category_uid"`
	CategoryName string         `json:"category_name"`
	ClassUID     int            `json:"class_uid"`
	ClassName    string         `json:"class_name"`
	TypeUID      int            `json:"type_uid"`
	Time         int64          `json:"time"`
	SeverityID   int            `json:"severity_id"`
	Severity     string         `json:"severity"`
	StatusID     int            `json:"status_id"`
	Status       string         `json:"status"`
	StatusDetail string         `json:"status_detail,omitempty"`
	Message      string         `json:"message"`
	Metadata     metadata       `json:"metadata"`
	Count        int            `json:"count,omitempty"`
	IsAlert      bool           `json:"is_alert,omitempty"`
	ConfidenceID int            `json:"confidence_id,omitempty"`
	Confidence   string         `json:"confidence,omitempty"`
	FindingInfo  *findingInfo   `json:"finding_info,omitempty"`
	Evidences    []evidence     `json:"evidences,omitempty"`
	Resources    []resource     `json:"resources,omitempty"`
	Remediation  *remediation   `json:"remediation,omitempty"`
	Scan         *scan          `json:"scan,omitempty"`
	NumFound     *int           `json:"num_detections,omitempty"`
	NumFiles     int64          `json:"num_files,omitempty"`
	NumSkipped   int64          `json:"num_skipped_items,omitempty"`
	Unmapped     map[string]any `json:"unmapped,omitempty"`
}

type metadata struct {
	Version string  `json:"version"`
	Product product `json:"product"`
}

type product struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version"`
}

type findingInfo struct {
	UID       string   `json:"uid"`
	Title     string   `json:"title"`
	Desc      string   `json:"desc"`
	Types     []string `json:"types"`
	Analytic  analytic `json:"analytic"`
	FirstSeen int64    `json:"first_seen_time,omitempty"`
	LastSeen  int64    `json:"last_seen_time,omitempty"`
}

type analytic struct {
	UID    string `json:"uid"`
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type evidence struct {
	Data map[string]any `json:"data"`
	File *file          `json:"file,omitempty"`
}

type file struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	TypeID int    `json:"type_id"`
}

type resource struct {
	Name string `json:"name"`
	Type string `json:"type"`
	UID  string `json:"uid,omitempty"`
}

type remediation struct {
	Desc string `json:"desc"`
}

type scan struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

// Write writes the report as OCSF events. It returns the first error of w.
func Write(w io.Writer, rep *scanner.Report, set *rules.Set) error {
	if set == nil {
		set = rules.NewSet(nil, nil)
	}
	out := bufio.NewWriter(w)
	e := json.NewEncoder(out)
	groups, hidden := report.Groups(rep), report.SuppressedGroups(rep)
	for _, g := range groups {
		if err := e.Encode(detection(rep, g, set)); err != nil {
			return fmt.Errorf("write ocsf: %w", err)
		}
	}
	for _, g := range hidden {
		ev := detection(rep, g, set)
		ev.StatusID, ev.Status, ev.IsAlert = 3, "Suppressed", false
		ev.StatusDetail = report.Shorten(report.SuppressedWords(g.First().Suppressed), maxText)
		if err := e.Encode(ev); err != nil {
			return fmt.Errorf("write ocsf: %w", err)
		}
	}
	if err := e.Encode(activity(rep, len(groups))); err != nil {
		return fmt.Errorf("write ocsf: %w", err)
	}
	return out.Flush()
}

// base is what both classes have.
func base(rep *scanner.Report, class int, className string, category int, categoryName string, does int, doing string) *event {
	made := visible.Text(rep.Tool.Version)
	return &event{ActivityID: does, ActivityName: doing, CategoryUID: category, CategoryName: categoryName, ClassUID: class, ClassName: className,
		TypeUID: class*100 + does, Time: millis(rep.StartedAt),
		Metadata: metadata{schemaVersion, product{"skant", "skant", made}}}
}

func detection(rep *scanner.Report, g *report.Group, set *rules.Set) *event {
	f := g.First()
	ev := base(rep, 2004, "Detection Finding", 2, "Findings", 1, "Create")
	ev.SeverityID, ev.Severity = severity(g.Severity)
	ev.ConfidenceID, ev.Confidence = confidence(g.Confidence)
	ev.StatusID, ev.Status, ev.IsAlert = 1, "New", true
	ev.Message = report.Shorten(report.Describe(f), maxText)
	ev.Count = len(g.Places)
	ev.FindingInfo = &findingInfo{UID: visible.Text(f.Fingerprint), Title: report.Title(f), Desc: ev.Message, Types: []string{"Leaked credential"},
		Analytic: analytic{visible.Text(f.RuleID), report.Title(f), 1, "Rule"}}
	for i, p := range g.Places {
		if e := p.Exposure; e != nil {
			ev.FindingInfo.FirstSeen = earlier(ev.FindingInfo.FirstSeen, millis(e.FirstSeen))
			ev.FindingInfo.LastSeen = max(ev.FindingInfo.LastSeen, millis(e.LastSeen))
		}
		if i < maxEvidences {
			ev.Evidences = append(ev.Evidences, evidenceOf(p))
		}
	}
	name := visible.Text(rep.Target)
	if name == "" {
		name = "repository"
	}
	ev.Resources = []resource{{Name: name, Type: "Code Repository"}}
	if at := rep.Repository; at != nil {
		ev.Resources[0].UID = visible.Text(at.URI)
	}
	ev.Unmapped = map[string]any{"verdict": visible.Text(string(g.Verdict)), "secret_redacted": visible.Text(f.Secret.Redacted())}
	if more := len(g.Places) - maxEvidences; more > 0 {
		ev.Unmapped["evidences_left_out"] = more
	}
	if r := set.Lookup(f.RuleID); r != nil && r.Why != "" {
		ev.Remediation = &remediation{report.Shorten("Revoke it first, then re-issue it into a secret manager. "+visible.Text(r.Why), maxText)}
	}
	return ev
}

func evidenceOf(f *scanner.Finding) evidence {
	l := &f.Location
	data := map[string]any{"kind": visible.Text(string(l.Kind)), "start_line": l.StartLine, "start_column": l.StartColumn,
		"end_line": l.EndLine, "end_column": l.EndColumn, "in_head": f.Exposure != nil && f.Exposure.InHead}
	for key, value := range map[string]string{"object": l.Object, "member": l.Member, "submodule": l.Submodule, "excerpt": f.Excerpt} {
		if value != "" {
			data[key] = report.Shorten(visible.Text(value), maxText)
		}
	}
	if l.Commit != nil {
		data["commit"] = visible.Text(l.Commit.ID)
		if !l.Commit.Date.IsZero() {
			data["commit_time"] = l.Commit.Date.UTC().Format(time.RFC3339)
		}
	}
	ev := evidence{Data: data}
	if l.Path != "" {
		ev.File = &file{visible.Text(path.Base(l.Path)), visible.Text(l.Path), 1}
	}
	return ev
}

// activity is the event that ends the report: whether the scan was complete.
func activity(rep *scanner.Report, found int) *event {
	ev := base(rep, 6007, "Scan Activity", 6, "Application Activity", 2, "Completed")
	ev.SeverityID, ev.Severity, ev.StatusID, ev.Status = 1, "Informational", 1, "Success"
	ev.Message = report.Summary(rep)
	unread := report.Unread(&rep.Coverage)
	if len(unread) > 0 {
		ev.ActivityID, ev.ActivityName, ev.TypeUID = 6, "Error", 600706
		ev.SeverityID, ev.Severity, ev.StatusID, ev.Status = 4, "High", 2, "Failure"
		ev.StatusDetail = report.Shorten(unread[0], maxText)
		if more := len(unread) - 1; more > 0 {
			ev.StatusDetail += "; and " + strconv.Itoa(more) + " more"
		}
	}
	ev.Scan = &scan{"skant " + visible.Text(rep.Command), 1, "Manual"}
	ev.NumFound = &found
	ev.NumFiles = rep.Coverage.Files + rep.Coverage.Blobs
	for _, s := range rep.Coverage.Skipped {
		ev.NumSkipped = min(maxCount, ev.NumSkipped+min(maxCount, max(0, s.Count)))
	}
	ev.Unmapped = map[string]any{"complete": rep.Coverage.Complete, "hidden": max(0, rep.Hidden)}
	return ev
}

func severity(s rules.Severity) (int, string) {
	switch s {
	case rules.Critical:
		return 5, "Critical"
	case rules.High:
		return 4, "High"
	case rules.Medium:
		return 3, "Medium"
	case rules.Low:
		return 2, "Low"
	case rules.Info:
		return 1, "Informational"
	default:
		return 0, "Unknown"
	}
}

func confidence(c rules.Confidence) (int, string) {
	switch c {
	case rules.Certain, rules.HighConfidence:
		return 3, "High"
	case rules.MediumConfidence:
		return 2, "Medium"
	case rules.LowConfidence:
		return 1, "Low"
	default:
		return 0, "Unknown"
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
