// Package arch holds no code: its test keeps the house in order. Each rule says why it exists.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/skant-dev/skant"

// levels is the layering of design and docs/architecture.md: a package imports only packages of lower levels.
var levels = map[string]int{
	"internal/packaging": 0, "internal/editor": 0,
	"internal/match": 0, "internal/decode": 0, "internal/pack": 0, "internal/evidence": 0, "internal/visible": 0, "internal/unpack": 0,
	"internal/cache": 0, "internal/chains": 0, "internal/assign": 0, "internal/ignore": 0,
	"internal/mcp": 0, "internal/weigh": 1,
	"rules":          2,
	"rules/gitleaks": 3,
	"scanner":        3, "internal/repo": 3,
	"internal/source": 4, "internal/ci": 4, "internal/config": 4, "internal/suppress": 4, "internal/incident": 4, "internal/hunt": 4,
	"internal/verify": 5, "internal/report": 5, "internal/exposure": 5, "hooks": 5, "hooks/agents": 5,
	"internal/report/compare": 6, "internal/triage": 6, "internal/send": 6,
	"internal/report/sarif": 6, "internal/report/github": 6, "internal/report/gitlab": 6, "internal/report/markdown": 6, "internal/report/ocsf": 6, "internal/diagnose": 6, "internal/recovery": 6, "internal/purge": 6,
	"internal/proof": 7, "internal/report/html": 7,
	"cmd/skant":     8,
	"internal/arch": 9, "internal/labelled": 9,
	"e2e": 9,
}

const (
	maxFileLines     = 500
	maxFunctionLines = 80
)

// callRules are calls that only some packages may make.
var callRules = []struct {
	call, why string
	allowed   []string
}{
	{"fmt.Print", "a library that prints cannot be used by anybody else, and may print a secret", nil},
	{"fmt.Println", "a library that prints cannot be used by anybody else, and may print a secret", nil},
	{"fmt.Printf", "a library that prints cannot be used by anybody else, and may print a secret", nil},
	{"os.Exit", "only main decides how the program ends", []string{"cmd/skant/main.go"}},
	{"panic", "what goes wrong is an error that somebody can handle", []string{"cmd/skant/flags.go"}},
	{".Reveal", "a secret leaves its type in as few places as can be counted", []string{"scanner", "internal/verify", "internal/recovery", "internal/hunt"}},
}

// importRules are packages that only some packages may import.
var importRules = []struct {
	path, why string
	allowed   []string
}{
	{"log", "there is no logger below cmd, so no log line can hold a secret; main silences that of the standard library", []string{"cmd/skant"}},
	{"log/slog", "only the type that redacts itself knows of logging", []string{"scanner"}},
	{"net", "one package opens connections, internal/verify; internal/send writes to teams through its verify.Line", []string{"internal/verify"}},
	{"net/http", "one package opens connections, internal/verify; internal/send writes to teams through its verify.Line", []string{"internal/verify"}},
	{"os/exec", "nothing of a scanned repository is executed; git itself is asked in one place, and the user's editor is started in one", []string{"internal/repo", "internal/editor"}},
	{"unsafe", "memory is kept safe by the compiler", nil},
	{"C", "go install must work on any platform", nil},
}

// file is one parsed Go file.
type file struct {
	name, dir string // relative to the module, with slashes
	set       *token.FileSet
	syntax    *ast.File
	lines     int
}

func (f *file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// check returns what is wrong with a file.
func (f *file) check() []string {
	var out []string
	bad := func(pos token.Pos, format string, args ...any) {
		out = append(out, fmt.Sprintf("%s:%d: ", f.name, f.set.Position(pos).Line)+fmt.Sprintf(format, args...))
	}
	generated := ast.IsGenerated(f.syntax)
	if f.lines > maxFileLines && !generated {
		bad(f.syntax.Package, "%d lines; at most %d, so that a file has one idea", f.lines, maxFileLines)
	}
	switch path.Base(f.dir) {
	case "util", "utils", "common", "helpers", "types", "manager":
		bad(f.syntax.Package, "a package is named after what it is about")
	}
	level, known := levels[f.dir]
	if !known {
		bad(f.syntax.Package, "package %s has no level: give it one in internal/arch", f.dir)
	}
	for _, spec := range f.syntax.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		if in, own := strings.CutPrefix(p, module+"/"); own && !f.isTest() {
			if l, ok := levels[in]; !ok || l >= level {
				bad(spec.Pos(), "%s may not import %s: a package imports only lower levels", f.dir, in)
			}
		}
		for _, r := range importRules {
			if p == r.path && !f.isTest() && f.dir != "e2e" && !slices.Contains(r.allowed, f.dir) {
				bad(spec.Pos(), "%s may not import %s: %s", f.dir, p, r.why)
			}
		}
	}
	f.checkFunctions(generated, bad)
	if !f.isTest() {
		f.checkCalls(bad)
		f.checkVariables(bad)
	}
	return out
}

func (f *file) checkFunctions(generated bool, bad func(token.Pos, string, ...any)) {
	for _, d := range f.syntax.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || generated {
			continue
		}
		if n := f.set.Position(fn.End()).Line - f.set.Position(fn.Pos()).Line + 1; n > maxFunctionLines && !f.isTest() {
			bad(fn.Pos(), "%s has %d lines; at most %d, so that it can be seen whole", fn.Name.Name, n, maxFunctionLines)
		}
		if fn.Name.Name == "init" && fn.Recv == nil {
			bad(fn.Pos(), "init makes what a program does depend on what it imports")
		}
	}
}

// checkVariables finds patterns that are compiled whenever the program starts, for every command alike.
func (f *file) checkVariables(bad func(token.Pos, string, ...any)) {
	for _, d := range f.syntax.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		ast.Inspect(gen, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.CallExpr:
				if calls(n, "regexp.MustCompile") {
					bad(n.Pos(), "a pattern that is compiled at every start delays each commit: use sync.OnceValue")
				}
			}
			return true
		})
	}
}

func (f *file) checkCalls(bad func(token.Pos, string, ...any)) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		for _, r := range callRules {
			if calls(call, r.call) && !slices.Contains(r.allowed, f.dir) && !slices.Contains(r.allowed, f.name) {
				bad(call.Pos(), "%s: %s", r.call, r.why)
			}
		}
		return true
	})
}

// calls reports whether a call is of the named function: "pkg.F", "builtin", or ".Method".
func calls(call *ast.CallExpr, name string) bool {
	switch fn := call.Fun.(type) {
	case *ast.Ident:
		return fn.Name == name
	case *ast.SelectorExpr:
		if method, ok := strings.CutPrefix(name, "."); ok {
			return fn.Sel.Name == method
		}
		pkg, ok := fn.X.(*ast.Ident)
		return ok && pkg.Name+"."+fn.Sel.Name == name
	default:
		return false
	}
}

func parse(t *testing.T, name, text string) *file {
	t.Helper()
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return &file{name: name, dir: path.Dir(name), set: set, syntax: syntax, lines: strings.Count(text, "\n")}
}

func TestHouse(t *testing.T) {
	root := filepath.Join("..", "..")
	mains := map[string]bool{}
	files := 0
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(p) != ".go" {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f := parse(t, filepath.ToSlash(rel), string(text))
		files++
		if f.syntax.Name.Name == "main" {
			mains[f.dir] = true
		}
		for _, complaint := range f.check() {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(mains) != 1 {
		t.Errorf("main packages %v: pre-commit builds every one of a module, so there is one", mains)
	}
	if files < 50 {
		t.Errorf("only %d files were looked at", files)
	}
}

// TestCheckerSees makes sure that each rule can fail.
func TestCheckerSees(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"upward import", "scanner/x.go", "package scanner\nimport _ \"" + module + "/internal/source\"\n", "only lower levels"},
		{"sideways import", "scanner/x.go", "package scanner\nimport _ \"" + module + "/internal/repo\"\n", "only lower levels"},
		{"unknown package", "internal/other/x.go", "package other\n", "has no level"},
		{"network", "scanner/x.go", "package scanner\nimport _ \"net/http\"\n", "opens connections"},
		{"printing", "scanner/x.go", "package scanner\nfunc f() { fmt.Println(1) }\n", "prints"},
		{"exit", "cmd/skant/x.go", "package main\nfunc f() { os.Exit(1) }\n", "only main decides"},
		{"panic", "rules/x.go", "package rules\nfunc f() { panic(1) }\n", "an error that somebody"},
		{"reveal", "internal/report/x.go", "package report\nfunc f() { s.Reveal() }\n", "leaves its type"},
		{"init", "rules/x.go", "package rules\nfunc init() {}\n", "init makes"},
		{"long file", "rules/x.go", "package rules\n" + strings.Repeat("//\n", 501), "one idea"},
		{"long function", "rules/x.go", "package rules\nfunc f() {\n" + strings.Repeat("_ = 1\n", 81) + "}\n", "seen whole"},
		{"vague name", "internal/util/x.go", "package util\n", "named after"},
	} {
		got := strings.Join(parse(t, c.file, c.text).check(), "\n")
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: the checker says %q", c.name, got)
		}
	}
	if got := parse(t, "rules/x.go", "package rules\n// Code that is fine.\nfunc f() int { return 1 }\n").check(); len(got) > 0 {
		t.Errorf("the checker complains about good code: %v", got)
	}
}
