package weigh

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestManualHasTheEvidence holds the tables of docs/detection.md against the code: every piece of evidence has a row with
// its sentence and its points, every reason for a refusal stands there, and no row is about something else.
func TestManualHasTheEvidence(t *testing.T) {
	text, err := os.ReadFile("../../docs/detection.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## How a value is weighed\n")
	if !found {
		t.Fatal("docs/detection.md does not say how a value is weighed")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, k := range Kinds() {
		v := k.vocabulary()
		if row := fmt.Sprintf(" | %+.1f | %d |\n", v.base, v.least); !strings.Contains(rowOf(section, string(k)), row) {
			t.Errorf("docs/detection.md has no row of the kind %s that ends in %q", k, row)
		}
	}
	rows := map[string]bool{} // of tables with points, those that nothing in the code was found for
	for line := range strings.Lines(section) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); len(cells) == 3 && strings.HasPrefix(line, "| \"") {
			rows[cells[0]+" | "+cells[1]+" |"] = true
		}
	}
	for _, e := range evidenceInCode(t) {
		switch row := fmt.Sprintf("| %q | %s |", e.reason, e.points); {
		case e.points == "" && !strings.Contains(section, `"`+e.reason):
			t.Errorf("docs/detection.md does not have the refusal %q", e.reason)
		case e.points != "" && !strings.Contains(section, "\n"+row):
			t.Errorf("docs/detection.md has no row %s", row)
		default:
			delete(rows, row)
		}
	}
	for row := range rows {
		t.Errorf("docs/detection.md has a row %s, and the code no such evidence", row)
	}
}

// rowOf returns the row of a table that begins with a name in code marks, or "".
func rowOf(text, name string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| `"+name+"` |") {
			return line
		}
	}
	return ""
}

// inCode is a sentence of the code; points is empty for the reason of a refusal.
type inCode struct{ points, reason string }

// evidenceInCode returns every piece of evidence that is given as literals, and the reasons of refusals.
func evidenceInCode(t *testing.T) []inCode {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []inCode
	visit := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "add" && len(n.Args) >= 2 {
				if reason, ok := literal(n.Args[1]); ok && !strings.Contains(reason, "%") {
					if p := points(n.Args[0]); p != "+0.0" {
						out = append(out, inCode{p, reason})
					}
				}
			}
		case *ast.CompositeLit: // a kind of file
			if len(n.Elts) == 3 {
				reason, ok := literal(n.Elts[0])
				switch n.Elts[2].(type) {
				case *ast.FuncLit, *ast.Ident:
					if ok {
						out = append(out, inCode{points(n.Elts[1]), reason})
					}
				}
			}
		case *ast.ReturnStmt:
			out = append(out, refusals(n.Results)...)
		case *ast.AssignStmt:
			out = append(out, refusals(n.Rhs)...)
		}
		return true
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, visit)
	}
	if len(out) < 50 {
		t.Fatalf("only %d pieces of evidence were found in the code", len(out))
	}
	return out
}

// refusals returns the sentences among expressions that are returned or assigned.
func refusals(list []ast.Expr) []inCode {
	var out []inCode
	for _, e := range list {
		if reason, ok := literal(e); ok && strings.Count(reason, " ") >= 3 && !strings.Contains(reason, "\n") {
			out = append(out, inCode{"", reason})
		}
	}
	return out
}

// literal returns the text of a literal.
func literal(e ast.Expr) (string, bool) {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		s, err := strconv.Unquote(lit.Value)
		return s, err == nil
	}
	return "", false
}

// points writes what an expression says as the manual does: "+0.8", and "-2.5 x" where something is multiplied.
func points(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		if e.Name == "Most" {
			return fmt.Sprintf("%+.1f", Most)
		}
	case *ast.BasicLit:
		if f, err := strconv.ParseFloat(e.Value, 64); err == nil {
			return fmt.Sprintf("%+.1f", f)
		}
	case *ast.UnaryExpr:
		if p := points(e.X); e.Op == token.SUB && p != "" {
			return "-" + strings.TrimPrefix(p, "+")
		}
	case *ast.BinaryExpr:
		if p := points(e.X); e.Op == token.MUL && p != "" {
			return p + " x"
		}
	}
	return "?"
}
