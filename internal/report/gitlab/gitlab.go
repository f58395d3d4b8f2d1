// Package gitlab renders a finished scan as a secret_detection report of GitLab, for `artifacts:reports:secret_detection`.
//
// A finding is a vulnerability. Its first identifier is the rule, since GitLab tells findings by that, the file and the tracking
// signature; the signature is the finding's fingerprint, which stays when lines move. The id is a UUID made of the fingerprint and the
// place, the same in every run. A scan that could not read everything has the status "failure", and a message for each reason.
//
// Left out on purpose, because everybody who may see the pipeline may read it: names and addresses of authors, commit messages, and
// the source itself, which GitLab's raw_source_code_extract asks for unmasked. Suppressed findings are left out, too, and counted in a
// message: GitLab has no word for a finding that does not count.
package gitlab

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

const (
	// version is that of the schema; schemaURI is where GitLab publishes it.
	version   = "15.2.4"
	schemaURI = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v" + version + "/dist/secret-detection-report-format.json"
	homeURI   = "https://github.com/skant-dev/skant"
	// noCommit stands for a commit where none is known, as GitLab's own analyzer has it.
	noCommit = "0000000"
)

// Bounds of the schema, in code points, and on what is listed.
const (
	maxName     = 255
	maxSolution = 7000
	maxMessages = 100
	maxText     = 4000
	maxFile     = 4096
)

type document struct {
	Version         string          `json:"version"`
	Schema          string          `json:"schema"`
	Scan            scan            `json:"scan"`
	Vulnerabilities []vulnerability `json:"vulnerabilities"`
}

type scan struct {
	Analyzer  tool      `json:"analyzer"`
	Scanner   tool      `json:"scanner"`
	Type      string    `json:"type"`
	StartTime string    `json:"start_time"`
	EndTime   string    `json:"end_time"`
	Status    string    `json:"status"`
	Messages  []message `json:"messages,omitempty"`
}

type tool struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	URL     string `json:"url"`
	Version string `json:"version"`
	Vendor  vendor `json:"vendor"`
}

type vendor struct {
	Name string `json:"name"`
}

type message struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

type vulnerability struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Severity    string       `json:"severity"`
	Solution    string       `json:"solution,omitempty"`
	Identifiers []identifier `json:"identifiers"`
	Links       []link       `json:"links,omitempty"`
	Location    location     `json:"location"`
	Tracking    tracking     `json:"tracking"`
	Flags       []note       `json:"flags,omitempty"`
}

type identifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type link struct {
	URL string `json:"url"`
}

type location struct {
	File      string `json:"file,omitempty"`
	StartLine int    `json:"start_line,omitempty"`
	EndLine   int    `json:"end_line,omitempty"`
	Commit    commit `json:"commit"`
}

type commit struct {
	SHA  string `json:"sha"`
	Date string `json:"date,omitempty"`
}

type tracking struct {
	Type  string `json:"type"`
	Items []item `json:"items"`
}

type item struct {
	File       string      `json:"file"`
	StartLine  int         `json:"start_line"`
	EndLine    int         `json:"end_line"`
	Signatures []signature `json:"signatures"`
}

type signature struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

type note struct {
	Type        string `json:"type"`
	Origin      string `json:"origin"`
	Description string `json:"description"`
}

// Write writes the report for GitLab. It returns the first error of w.
func Write(w io.Writer, rep *scanner.Report, set *rules.Set) error {
	if set == nil {
		set = rules.NewSet(nil, nil)
	}
	doc := document{Version: version, Schema: schemaURI, Scan: newScan(rep), Vulnerabilities: []vulnerability{}}
	counted := make([]*scanner.Finding, 0, len(rep.Findings))
	for i := range rep.Findings {
		if rep.Findings[i].Suppressed == nil {
			counted = append(counted, &rep.Findings[i])
		}
	}
	if n := len(rep.Findings) - len(counted); n > 0 {
		doc.Scan.Messages = append(doc.Scan.Messages, message{"info", report.Number(int64(n), "finding") + " suppressed."})
	}
	around, err := json.MarshalIndent(&doc, "", "  ")
	if err != nil {
		return fmt.Errorf("write gitlab: %w", err)
	}
	const end = "]\n}"
	out := bufio.NewWriter(w)
	_, _ = out.Write(bytes.TrimSuffix(around, []byte(end))) // a buffered writer keeps its error until it is flushed
	next := "\n    "
	for _, f := range counted { // one at a time: the whole is several times as large as the report
		text, err := json.MarshalIndent(newVulnerability(f, rep.Repository, set), "    ", "  ")
		if err != nil {
			return fmt.Errorf("write gitlab: %w", err)
		}
		_, _ = out.WriteString(next)
		_, _ = out.Write(text)
		next = ",\n    "
	}
	if len(counted) > 0 {
		_, _ = out.WriteString("\n  ")
	}
	_, _ = out.WriteString(end + "\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write gitlab: %w", err)
	}
	return nil
}

func newScan(rep *scanner.Report) scan {
	made := visible.Text(rep.Tool.Version)
	if made == "" {
		made = "0.0.0"
	}
	self := tool{"skant", "skant", homeURI, made, vendor{"skant"}}
	// A report does not say when it was finished, so the end is the beginning: GitLab shows both and goes by neither.
	at := rep.StartedAt.UTC().Format("2006-01-02T15:04:05")
	s := scan{Analyzer: self, Scanner: self, Type: "secret_detection", StartTime: at, EndTime: at, Status: "success"}
	unread := report.Unread(&rep.Coverage)
	if len(unread) > 0 {
		s.Status = "failure"
	}
	for i, reason := range unread {
		if i == maxMessages {
			s.Messages = append(s.Messages, message{"warn", "and " + report.Number(int64(len(unread)-i), "more reason")})
			break
		}
		s.Messages = append(s.Messages, message{"warn", report.Shorten(reason, maxText)})
	}
	if words := report.HiddenWords(rep); words != "" {
		s.Messages = append(s.Messages, message{"info", words})
	}
	return s
}

func newVulnerability(f *scanner.Finding, at *scanner.Repository, set *rules.Set) vulnerability {
	l := &f.Location
	rule := visible.Text(f.RuleID)
	v := vulnerability{
		ID:          uuid(f),
		Name:        report.Shorten(report.Title(f), maxName),
		Description: report.Shorten(report.Markdown(report.Describe(f)), maxText),
		Severity:    severity(f.Severity),
		Identifiers: []identifier{{"skant_rule_id", "skant rule " + rule, rule}, {"cwe", "CWE-798", "798"}},
		Location: location{File: report.Shorten(visible.Text(l.Path), maxFile), StartLine: max(0, l.StartLine), EndLine: max(0, l.StartLine, l.EndLine),
			Commit: commit{SHA: noCommit}},
	}
	if f.RuleID == "" {
		v.Identifiers = v.Identifiers[1:]
	}
	switch {
	case l.Commit != nil && l.Commit.ID != "":
		v.Location.Commit.SHA = visible.Text(l.Commit.ID)
		if !l.Commit.Date.IsZero() {
			v.Location.Commit.Date = l.Commit.Date.UTC().Format(time.RFC3339)
		}
	case at != nil && at.Revision != "":
		v.Location.Commit.SHA = visible.Text(at.Revision)
	}
	v.Tracking = tracking{"source", []item{{v.Location.File, v.Location.StartLine, v.Location.EndLine,
		[]signature{{"skant_fingerprint_v1", visible.Text(f.Fingerprint)}}}}}
	if r := set.Lookup(f.RuleID); r != nil {
		v.Solution = solution(r, set)
		for _, page := range r.Docs {
			if webPage(page) {
				v.Links = append(v.Links, link{page})
			}
		}
	}
	if f.Example {
		v.Flags = []note{{"flagged-as-likely-false-positive", "skant", "The value stands for a secret that it is not: a placeholder, or a published example."}}
	}
	return v
}

// solution is why it matters, and the first steps of the rule's playbook.
func solution(r *rules.Rule, set *rules.Set) string {
	words := []string{"Revoke it first: taking it out of the file does not take it out of the history."}
	if r.Why != "" {
		words = append(words, visible.Text(r.Why))
	}
	if playbook, ok := set.PlaybookOf(r); ok {
		for i := range playbook.Steps {
			if s := &playbook.Steps[i]; s.Phase == rules.Stop || s.Phase == rules.Reissue {
				words = append(words, strings.TrimSuffix(visible.Text(s.Title), ".")+".")
			}
		}
	}
	words = append(words, "The whole way out: skant recover --report report.json")
	return report.Shorten(strings.Join(words, " "), maxSolution)
}

func webPage(s string) bool {
	return strings.HasPrefix(s, "https://") && len(s) < 2048 && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r > unicode.MaxASCII || strings.ContainsRune("\"<>\\^`{|}()[]", r)
	}) < 0
}

func severity(s rules.Severity) string {
	switch s {
	case rules.Critical:
		return "Critical"
	case rules.High:
		return "High"
	case rules.Medium:
		return "Medium"
	case rules.Low:
		return "Low"
	case rules.Info:
		return "Info"
	default:
		return "Unknown"
	}
}

// uuid names a finding in every run alike. Its form is that of version 8 of RFC 9562, which leaves the bits to us.
func uuid(f *scanner.Finding) string {
	l := &f.Location
	parts := []string{f.Fingerprint, f.RuleID, string(l.Kind), scanner.Printable(l.Path), scanner.Printable(l.Member), l.Object, l.Submodule,
		strconv.FormatInt(l.Offset, 10), strconv.Itoa(l.StartLine), strconv.Itoa(l.StartColumn)}
	if l.Commit != nil {
		parts = append(parts, l.Commit.ID)
	}
	var all strings.Builder
	for _, p := range parts {
		all.WriteString(strconv.Itoa(len(p)) + ":" + p)
	}
	sum := sha256.Sum256([]byte(all.String()))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	x := hex.EncodeToString(sum[:16])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
