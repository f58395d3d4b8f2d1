package report

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
	Out       string      `xml:"system-out"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	File    string     `xml:"file,attr,omitempty"`
	Line    int        `xml:"line,attr,omitempty"`
	Time    string     `xml:"time,attr"`
	Failure *junitNote `xml:"failure"`
	Error   *junitNote `xml:"error"`
	Skipped *junitNote `xml:"skipped"`
}

type junitNote struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as the XML that CI systems show as test results. Each finding is a case that failed, each that is suppressed
// one that was skipped, each reason for which something could not be read one with an error. A scan that found nothing and read
// everything is one case that passed, since an empty file would look like a scan that never ran.
func JUnit(w io.Writer, rep *scanner.Report, _ *rules.Set) error {
	suite := junitSuite{Name: "skant " + visible.Text(rep.Command), Time: "0", Out: strings.TrimSpace(Summary(rep) + "\n" + HiddenWords(rep))}
	if !rep.StartedAt.IsZero() {
		suite.Timestamp = rep.StartedAt.UTC().Format("2006-01-02T15:04:05")
	}
	named := map[string]int{} // of cases with one name GitLab takes the first and forgets the others
	for i := range rep.Findings {
		c := junitFinding(&rep.Findings[i])
		if named[c.Name]++; named[c.Name] > 1 {
			c.Name += ", place " + strconv.Itoa(named[c.Name])
		}
		suite.Cases = append(suite.Cases, c)
		if rep.Findings[i].Suppressed != nil {
			suite.Skipped++
		} else {
			suite.Failures++
		}
	}
	for _, reason := range Unread(&rep.Coverage) {
		suite.Errors++
		suite.Cases = append(suite.Cases, junitCase{Class: "coverage", Name: Shorten(reason, 255), Time: "0",
			Error: &junitNote{Message: "The scan is incomplete: " + reason, Type: "incomplete", Text: reason}})
	}
	if suite.Failures+suite.Errors == 0 {
		suite.Cases = append(suite.Cases, junitCase{Class: "skant", Name: "no secrets", Time: "0"})
	}
	suite.Tests = len(suite.Cases)
	all := junitSuites{Name: "skant", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Skipped: suite.Skipped, Suite: suite}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(&all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitFinding(f *scanner.Finding) junitCase {
	c := junitCase{Class: visible.Text(f.RuleID), Name: Title(f) + " in " + Where(f) + " (" + short(f.Fingerprint) + ")", Time: "0",
		File: visible.Text(f.Location.Path)}
	if c.File != "" {
		c.Line = max(0, f.Location.StartLine)
	}
	if at := f.Location.Commit; at != nil { // the same line in two commits is two cases
		c.Name += " at " + short(at.ID)
	}
	words := Describe(f)
	if f.Suppressed != nil {
		c.Skipped = &junitNote{Message: "Suppressed: " + SuppressedWords(f.Suppressed)}
		return c
	}
	text := words + "\nRule " + visible.Text(f.RuleID) + ", severity " + visible.Text(string(f.Severity)) + ", confidence " +
		visible.Text(string(f.Confidence)) + ".\n"
	if f.Excerpt != "" {
		text += strconv.Itoa(f.Location.StartLine) + ": " + visible.Text(f.Excerpt) + "\n"
	}
	c.Failure = &junitNote{Message: words, Type: visible.Text(string(f.Severity)), Text: text}
	return c
}
