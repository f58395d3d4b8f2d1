package report

import (
	"encoding/csv"
	"encoding/xml"
	"strings"
	"testing"
	"unicode"

	"github.com/skant-dev/skant/scanner"
)

func TestTablesGolden(t *testing.T) {
	golden(t, "report.csv", []byte(render(t, CSV, sampleReport(t))))
	golden(t, "junit.xml", []byte(render(t, JUnit, sampleReport(t))))
	golden(t, "junit-clean.xml", []byte(render(t, JUnit, cleanReport())))
}

// TestCSVColumns: the columns are a contract, and each row has all of them.
func TestCSVColumns(t *testing.T) {
	text := render(t, CSV, sampleReport(t))
	if !strings.HasPrefix(text, "type,fingerprint,rule_id,title,severity,confidence,verdict,secret_redacted,kind,path,member,start_line,start_column,end_line,end_column,"+
		"submodule,object,commit,commit_date,commit_author,commit_email,in_head,first_seen,last_seen,ref_count,suppressed_by,suppressed_where,suppressed_reason,purged,example,excerpt\r\n") {
		t.Errorf("columns: %.400s", text)
	}
	if strings.Count(text, "\r\n") != strings.Count(text, "\n") {
		t.Error("a line break within a row, or without CR")
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 1+6+2+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows[8][0] != "not-read" || !strings.Contains(rows[8][3], "git fsck") {
		t.Errorf("what was not read: %v", rows[8])
	}
	if rows[9][0] != "hidden" || !strings.HasPrefix(rows[9][3], "4 findings of less confidence") {
		t.Errorf("what is not listed: %v", rows[9])
	}
}

func TestHarmlessCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", " =1": " '=1", `"=1`: `"'=1`, "＝1": "'＝1", "\u3000+1": "\u3000'+1",
		"a;=1": "a;'=1", "a,-1": "a,'-1", "a| @x": "a| '@x", "x-y": "x-y", "\t=1": `\t=1`, "\n=1": `\n=1`, "==": "'==", "a;;=;+": "a;;'=;'+", "%x": "'%x",
		"-----BEGIN": "'-----BEGIN", "sk-ant": "sk-ant",
		"﹦1": "'﹦1", "−1": "'−1", "％x": "'％x", "\u2003=1": "\u2003'=1", "\u202f+1": "\u202f'+1",
	} {
		if got := harmlessCell(in); got != want {
			t.Errorf("%q gives %q, not %q", in, got, want)
		}
	}
}

// FuzzCSV checks that a cell is what was written, that no program which takes another separator finds a formula, and that the number of
// rows is that of the findings.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"=1", "a;=1", "\"", "\r\n=1", "x\x00\xff", "'", ";\";=1", "\u2028=1"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, path, excerpt string) {
		rep := cleanReport()
		rep.Findings = []scanner.Finding{{Fingerprint: "v1:0", RuleID: excerpt, Location: scanner.Location{Path: path}, Excerpt: excerpt}}
		text := render(t, CSV, rep)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(rows[0]) {
			t.Fatalf("%d rows, %v: %q", len(rows), err, text)
		}
		if rows[1][9] != harmlessCell(path) {
			t.Fatalf("%q came back as %q", path, rows[1][9])
		}
		for _, separator := range []string{",", ";", "|", "\t"} {
			for _, line := range strings.Split(text, "\r\n") {
				for _, cell := range strings.Split(line, separator) {
					if cell = strings.TrimLeftFunc(cell, func(r rune) bool { return r == '"' || unicode.IsSpace(r) }); cell != "" && strings.ContainsRune(formulas, []rune(cell)[0]) {
						t.Fatalf("with %q as separator a cell is %q in %q", separator, cell, text)
					}
				}
			}
		}
	})
}

// TestJUnitCounts: what a CI system goes by is right, for findings, what does not count, what was not read, and nothing at all.
func TestJUnitCounts(t *testing.T) {
	type suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	stopped := cleanReport()
	stopped.Coverage.Complete = false
	for name, c := range map[string]struct {
		rep  *scanner.Report
		want [4]int
	}{"sample": {sampleReport(t), [4]int{8, 5, 2, 1}}, "clean": {cleanReport(), [4]int{1, 0, 0, 0}}, "stopped": {stopped, [4]int{1, 0, 1, 0}}} {
		var got suites
		if err := xml.Unmarshal([]byte(render(t, JUnit, c.rep)), &got); err != nil {
			t.Fatal(err)
		}
		var marks [4]int
		names := map[string]bool{}
		for _, k := range got.Cases {
			marks[0]++
			names[k.Name] = true
			for i, has := range []bool{k.Failure != nil, k.Error != nil, k.Skipped != nil} {
				if has {
					marks[i+1]++
				}
			}
		}
		if told := [4]int{got.Tests, got.Failures, got.Errors, got.Skipped}; told != c.want || marks != c.want || len(names) != c.want[0] {
			t.Errorf("%s: said %v, are %v, want %v; %d names", name, told, marks, c.want, len(names))
		}
	}
}

// TestJUnitNames: GitLab takes the first of several cases with one name, so that each has a name of its own; and a commit whose date no
// calendar has is not of the year 1.
func TestJUnitNames(t *testing.T) {
	rep := cleanReport()
	for range 3 {
		l := at("a.env", 1, 2, 3, scanner.KindUnreachable, &scanner.Commit{ID: id("a")}, "")
		rep.Findings = append(rep.Findings, scanner.Finding{Fingerprint: "v1:0", RuleID: "r", Location: l})
	}
	rep.Hidden = 2
	got := render(t, JUnit, rep)
	for _, want := range []string{` at aaaaaaaaaa" `, ` at aaaaaaaaaa, place 2" `, ` at aaaaaaaaaa, place 3" `, "Commit aaaaaaaaaa brought it in.", "2 findings of less confidence"} {
		if strings.Count(got, want) == 0 {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestNamesThatAreNoUTF8 come back from a saved report byte for byte, and nothing else does by that way.
func TestNamesThatAreNoUTF8(t *testing.T) {
	rep := sampleReport(t)
	rep.Findings = rep.Findings[:1]
	l := &rep.Findings[0].Location
	l.Path, l.Member = "a\xff\xfe/\xe2\x82.env", "m\xc3"
	text := render(t, JSON, rep)
	validate(t, schema(t, ""), []byte(text))
	back, err := Read(strings.NewReader(text))
	if err != nil || back.Findings[0].Location.Path != l.Path || back.Findings[0].Location.Member != l.Member {
		t.Fatalf("%q, %v", back.Findings[0].Location.Path, err)
	}
	for _, forged := range []string{strings.Replace(text, `"path": "a`, `"path": "b`, 1), strings.Replace(text, `"path_bytes": "`, `"path_bytes": "!`, 1)} {
		back, err := Read(strings.NewReader(forged))
		if err != nil || back.Findings[0].Location.Path == l.Path {
			t.Errorf("what a reader does not see is believed: %q, %v", back.Findings[0].Location.Path, err)
		}
	}
}
