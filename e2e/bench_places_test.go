//go:build bench

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBenchPlaces puts a token, made up anew in each run, into one place of a repository after the other and prints who finds it there, and
// what scanners end with where they cannot see everything. Beside skant it runs gitleaks, and betterleaks and trufflehog if they are in PATH.
// It judges nothing but skant itself, which has to find all of it, and whether the others ran: they have to find the control. `make bench-places` runs it; docs/comparison.md has what came of it.
func TestBenchPlaces(t *testing.T) {
	scanners := placeScanners(t)
	var table strings.Builder
	header := func(first string) {
		table.WriteString("| " + first)
		for _, s := range scanners {
			table.WriteString(" | " + s.name)
		}
		table.WriteString(" |\n|" + strings.Repeat(" --- |", len(scanners)+1) + "\n")
	}
	header("where the only copy is")
	for _, p := range placesOfSecrets {
		dir := placeRepo(t, p.script)
		fmt.Fprintf(&table, "| %s", p.name)
		for _, s := range scanners {
			_, found := s.history(t, dir)
			if !found && (s.name == "skant" || p.name == control) {
				t.Errorf("%s misses it: %s", s.name, p.name)
			}
			table.WriteString(map[bool]string{true: " | found", false: " | **missed**"}[found])
		}
		table.WriteString(" |\n")
	}
	table.WriteString("\n")
	header("what cannot be read")
	for _, u := range unreadable {
		dir := placeRepo(t, u.script)
		fmt.Fprintf(&table, "| %s", u.name)
		for _, s := range scanners {
			search := s.history
			if u.asRange {
				search = s.missing
			}
			code, found := search(t, filepath.Join(dir, u.in))
			if s.name == "skant" && code == 0 {
				t.Errorf("skant calls it clean: %s", u.name)
			}
			word := fmt.Sprintf("status %d", code)
			if code == 0 && !found {
				word = "**" + word + "**"
			}
			table.WriteString(" | " + word)
		}
		table.WriteString(" |\n")
	}
	t.Log("\n" + table.String())
}

// placeScanner runs a scanner; found says whether it reported anything.
type placeScanner struct {
	name             string
	history, missing func(t *testing.T, dir string) (code int, found bool)
}

func placeScanners(t *testing.T) []placeScanner {
	t.Helper()
	skant := benchBuild(t)
	report := filepath.Join(t.TempDir(), "report.json")
	// What a scanner writes to a report is a list of findings, or an object with one.
	listed := func(t *testing.T) bool {
		data, err := os.ReadFile(report)
		if errors.Is(err, os.ErrNotExist) {
			return false
		}
		var list []json.RawMessage
		var object struct{ Findings []json.RawMessage }
		if json.Unmarshal(data, &list) != nil && json.Unmarshal(data, &object) != nil {
			t.Fatalf("a report that cannot be read: %v, %.200s", err, data)
		}
		return len(list)+len(object.Findings) > 0
	}
	run := func(args ...string) func(*testing.T, string) (int, bool) {
		return func(t *testing.T, dir string) (int, bool) {
			_ = os.Remove(report)
			code, out := placeRun(t, dir, args...)
			// trufflehog writes findings, a line each.
			return code, listed(t) || bytes.Contains(out, []byte(`"DetectorName"`))
		}
	}
	list := []placeScanner{{"skant", run(skant, "history", "--no-cache", "-o", "json="+report), run(skant, "diff", "no-such-branch..HEAD", "-o", "json="+report)}}
	for _, name := range []string{"gitleaks", "betterleaks"} {
		program, err := exec.LookPath(name)
		if err != nil && name == "gitleaks" {
			bin := t.TempDir()
			t.Setenv("GOBIN", bin)
			benchRun(t, bin, "go", "install", gitleaksModule)
			program, err = filepath.Join(bin, name), nil
		}
		if err != nil {
			t.Logf("%s is not in PATH: its column is missing", name)
			continue
		}
		args := []string{program, "git", "--redact", "--no-banner", "--no-color", "--report-format", "json", "--report-path", report}
		list = append(list, placeScanner{name, run(append(args, ".")...), run(append(args, "--log-opts=no-such-branch..HEAD", ".")...)})
	}
	program, err := exec.LookPath("trufflehog")
	if err != nil {
		t.Log("trufflehog is not in PATH: its column is missing")
		return list
	}
	args := []string{program, "git", "file://.", "--json", "--no-verification", "--no-update", "--fail"}
	return append(list, placeScanner{"trufflehog", run(args...), run(append(args, "--since-commit", "no-such-branch")...)})
}

func placeRun(t *testing.T, dir string, args ...string) (code int, out []byte) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "CI=")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), out
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out
}

// placeRepo makes a repository with a file of 40 lines in its first commit, and runs a script in it, with the token in $T.
func placeRepo(t *testing.T, script string) string {
	t.Helper()
	const alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	token := []byte("gl" + "pat-")
	for range 20 {
		token = append(token, alphabet[rand.IntN(len(alphabet))])
	}
	dir := t.TempDir()
	cmd := exec.Command("sh", "-ec", `git init -q -b main repo; cd repo; seq 40 > f; git add f; git commit -q -m Begin
`+script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "T=token = "+string(token), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return filepath.Join(dir, "repo")
}

// control is found by whatever works at all.
const control = "a line of a commit (the control)"

var placesOfSecrets = []struct{ name, script string }{
	{control, `echo "$T" >> f; git commit -q -a -m Configure`},
	{"the resolution of a merge conflict", `git checkout -q -b side; echo side > f; git commit -q -a -m Side
git checkout -q main; echo main > f; git commit -q -a -m Main; git merge -q side || true; echo "$T" > f; git commit -q -a -m Merge`},
	{"a renamed and edited file", `git mv f g; echo "$T" >> g; git commit -q -a -m Rename`},
	{"a symbolic link that became a file", `ln -s f g; git add g; git commit -q -m Link; rm g; echo "$T" > g; git commit -q -a -m File`},
	{"a commit message", `git commit -q --allow-empty -m "$T"`},
	{"the message of an annotated tag", `git tag -a -m "$T" v1`},
	{"a note", `git notes add -m "$T"`},
	{"a stash, staged before", `echo "$T" >> f; git add f; git stash -q`},
	{"a stash, not staged before", `echo "$T" >> f; git stash -q`},
	{"an untracked file in a stash", `echo "$T" > g; git stash -q -u`},
	{"an older stash", `echo "$T" >> f; git stash -q; echo other >> f; git stash -q`},
	{"a commit that only the reflog has", `echo "$T" >> f; git commit -q -a -m Configure; git reset -q --hard HEAD~1`},
	{"a file that was staged and never committed", `echo "$T" > g; git add g; git rm -q -f g`},
	{"a file in UTF-16", `echo "$T" | iconv -t UTF-16 > g; git add g; git commit -q -m Configure`},
}

// unreadable are clones in which a scanner cannot see the token, or is not asked to look where anything is.
var unreadable = []struct {
	name, script, in string
	asRange          bool
}{
	{name: "a range from a branch that is not there", script: `echo "$T" >> f; git commit -q -a -m Configure`, asRange: true},
	{name: "a clone of depth 1, the token in an older commit", in: "clone", script: `echo "$T" >> f; git commit -q -a -m Configure; git checkout -q HEAD~1 f
git commit -q -a -m Remove; git clone -q --depth 1 "file://$PWD" clone`},
	{name: "a clone without blobs, its remote gone", in: "../clone", script: `echo "$T" >> f; git commit -q -a -m Configure; git config uploadpack.allowFilter true
git clone -q --no-checkout --filter=blob:none "file://$PWD" ../clone; git -C ../clone remote set-url origin file:///nowhere`},
}
