package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// csvColumns are the columns of [CSV]. They are a contract: new ones come at the end.
func csvColumns() []string {
	return []string{"type", "fingerprint", "rule_id", "title", "severity", "confidence", "verdict", "secret_redacted", "kind", "path", "member",
		"start_line", "start_column", "end_line", "end_column", "submodule", "object", "commit", "commit_date", "commit_author", "commit_email",
		"in_head", "first_seen", "last_seen", "ref_count", "suppressed_by", "suppressed_where", "suppressed_reason", "purged", "example", "excerpt"}
}

// CSV writes one row for each finding, suppressed ones among them, and one of the type "not-read" for each reason for which something
// could not be read, so that a table without findings is no proof where that is so; one of the type "hidden" counts findings of less
// confidence than was asked for. It is RFC 4180 in UTF-8 without a mark, each row
// ended by CRLF, the names of the columns first.
//
// No cell is a formula to a spreadsheet: see [harmlessCell]. Secrets in clear are never written.
func CSV(w io.Writer, rep *scanner.Report, _ *rules.Set) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(csvColumns()); err != nil {
		return err
	}
	for i := range rep.Findings {
		if err := out.Write(csvRow(&rep.Findings[i])); err != nil {
			return err
		}
	}
	for _, reason := range Unread(&rep.Coverage) {
		if err := out.Write(csvNote("not-read", reason)); err != nil {
			return err
		}
	}
	if words := HiddenWords(rep); words != "" {
		if err := out.Write(csvNote("hidden", words)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// csvNote is a row that is no finding.
func csvNote(kind, words string) []string {
	row := make([]string, len(csvColumns()))
	row[0], row[3] = kind, harmlessCell(words)
	return row
}

func csvRow(f *scanner.Finding) []string {
	l := &f.Location
	number := strconv.Itoa
	row := []string{"finding", f.Fingerprint, f.RuleID, f.Title, string(f.Severity), string(f.Confidence), string(f.Verdict), f.Secret.Redacted(),
		string(l.Kind), l.Path, l.Member, number(l.StartLine), number(l.StartColumn), number(l.EndLine), number(l.EndColumn), l.Submodule, l.Object}
	if c := l.Commit; c != nil {
		row = append(row, c.ID, csvTime(c.Date), c.Author, c.Email)
	} else {
		row = append(row, "", "", "", "")
	}
	if e := f.Exposure; e != nil {
		row = append(row, strconv.FormatBool(e.InHead), csvTime(e.FirstSeen), csvTime(e.LastSeen), number(e.RefCount))
	} else {
		row = append(row, "", "", "", "")
	}
	if s := f.Suppressed; s != nil {
		row = append(row, s.By, s.Where, s.Reason)
	} else {
		row = append(row, "", "", "")
	}
	row = append(row, strconv.FormatBool(f.Purged), strconv.FormatBool(f.Example), f.Excerpt)
	for i := range row {
		row[i] = harmlessCell(row[i])
	}
	return row
}

// csvTime is a time in UTC as spreadsheets read it; empty for none.
func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime)
}

// formulas are the characters with which a formula begins, in the widths and forms in which programs take them for one another.
const formulas = "=+-@%＝＋－＠％﹦﹢﹣﹫﹪−"

// harmlessCell makes a text visible and keeps a spreadsheet from calculating it: where a cell could begin with = + - @ or %, as typed on
// any keyboard, it begins with an apostrophe. A cell could begin at the text's own beginning, and, in a program that takes another
// character for the separator, behind each of ; , | and tab.
func harmlessCell(s string) string {
	s = visible.Text(s)
	if !strings.ContainsAny(s, formulas) {
		return s
	}
	var b strings.Builder
	begins := true
	for _, r := range s {
		switch {
		case strings.ContainsRune(";,|\t", r):
			begins = true
		case unicode.IsSpace(r) || r == '"' || r == '\'': // dropped, or opens a text, and the cell begins after it
		case begins && strings.ContainsRune(formulas, r):
			b.WriteByte('\'')
			begins = false
		default:
			begins = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
