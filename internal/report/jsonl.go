package report

import (
	"bufio"
	"fmt"
	"io"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// The types of line in the JSON Lines format.
const (
	lineFound    = "found"
	lineReport   = "report"
	lineFinding  = "finding"
	lineCoverage = "coverage"
)

// headerLine opens a JSON Lines report.
type headerLine struct {
	Type          string              `json:"type"`
	SchemaVersion string              `json:"schema_version"`
	Tool          scanner.Tool        `json:"tool"`
	Target        string              `json:"target"`
	Command       string              `json:"command,omitempty"`
	StartedAt     string              `json:"started_at"`
	Repository    *scanner.Repository `json:"repository,omitempty"`
	Hidden        int                 `json:"hidden,omitempty"`
}

type foundLine struct {
	Type        string `json:"type"`
	Preliminary bool   `json:"preliminary"`
	scanner.Found
}

type findingLine struct {
	Type string `json:"type"`
	scanner.Finding
}

type coverageLine struct {
	Type string `json:"type"`
	scanner.Coverage
}

// JSONL writes the report as JSON Lines: one object a line, each with a "type". The first line is of type "report" and
// says what was scanned, then comes one line of type "finding" for each finding, and the last line is of type
// "coverage". The keys are those of the JSON format; docs/report.schema.json describes a line as jsonl_line.
//
// A reader that has not seen the coverage line has not seen the whole report. Secrets in clear are never written.
func JSONL(w io.Writer, rep *scanner.Report, _ *rules.Set) error {
	out := bufio.NewWriter(w)
	rep = normal(rep)
	started, err := rep.StartedAt.MarshalText()
	if err != nil {
		return fmt.Errorf("encode start time: %w", err)
	}
	first := headerLine{lineReport, rep.SchemaVersion, rep.Tool, rep.Target, rep.Command, string(started), rep.Repository, rep.Hidden}
	if err := writeLine(out, first); err != nil {
		return err
	}
	for i := range rep.Findings {
		line := findingLine{lineFinding, rep.Findings[i]}
		line.Revealed = ""
		if err := writeLine(out, line); err != nil {
			return err
		}
	}
	if err := writeLine(out, coverageLine{lineCoverage, rep.Coverage}); err != nil {
		return err
	}
	return out.Flush()
}

// Found writes one line of type "found", in one piece: a secret that is told while the scan goes on, before the lines of
// [JSONL] and of none of their number.
func Found(w io.Writer, f scanner.Found) error {
	return writeLine(w, foundLine{lineFound, true, f})
}

func writeLine(w io.Writer, line any) error {
	encoded, err := encode(line, "")
	if err != nil {
		return fmt.Errorf("encode line: %w", err)
	}
	_, err = w.Write(encoded)
	return err
}
