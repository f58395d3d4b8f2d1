package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/skant-dev/skant/rules"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"skant": main})
}

// TestScripts runs the program as its users do. Beyond testscript's own commands:
//
//	secret VAR TEMPLATE   sets $VAR to an example template's text (see package rules), made anew in each run
//	fill FILE...          replaces each $VAR in files by its value
//	exits CODE PROGRAM... runs a program that must end with exactly this status
//	pack ARCHIVE FILE...  packs files into a zip or, if it is named so, a tar.gz
//	provider VAR NAME=VERDICT...  starts a provider on this machine, sets $VAR to its address: see cmdProvider
//	inbox VAR STATUS      starts a server that takes reports, sets $VAR to its address: see cmdInbox
//	hides VAR FILE...     fails if a file, or stdout or stderr, has 12 characters of the variable's value
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			docs, err := filepath.Abs("../../docs")
			if err != nil {
				return err
			}
			for k, v := range map[string]string{
				"DOCS":              docs,
				"SKANT_CACHE_DIR":   filepath.Join(env.WorkDir, ".cache"),
				"GIT_CONFIG_GLOBAL": filepath.Join(env.WorkDir, ".gitconfig"), "GIT_CONFIG_SYSTEM": os.DevNull, "HOME": env.WorkDir,
				"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org", "GIT_COMMITTER_NAME": "Cem", "GIT_COMMITTER_EMAIL": "cem@example.org",
				"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z", "CI": "", "NO_COLOR": "1",
			} {
				env.Setenv(k, v)
			}
			config := "[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n[protocol \"file\"]\n\tallow = always\n[uploadpack]\n\tallowFilter = true\n[gc]\n\tauto = 0\n"
			return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte(config), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"secret": cmdSecret, "fill": cmdFill, "exits": cmdExits, "hides": cmdHides, "pack": cmdPack, "provider": cmdProvider, "inbox": cmdInbox,
		},
	})
}

// seed makes the secrets of each run different.
var seed = strconv.Itoa(os.Getpid())

// A secret that a script makes holds other characters in each run, some of which mean something in a pattern: unquoted, a run now and then
// fails for its value, or finds nothing where the secret is shown.
func TestScriptsQuoteSecrets(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	made := regexp.MustCompile(`(?m)^secret ([A-Z0-9_]+) `)
	pattern := regexp.MustCompile(`(?m)^(?:! )?(?:stdout|stderr|grep)\b.*$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range made.FindAllSubmatch(text, -1) {
			unquoted := regexp.MustCompile(`\$` + string(secret[1]) + `\b|\$\{` + string(secret[1]) + `\}`)
			for _, line := range pattern.FindAll(text, -1) {
				if unquoted.Match(line) {
					t.Errorf("%s: %q: write ${%s@R}, which quotes it for a pattern", file, line, secret[1])
				}
			}
		}
	}
}

func cmdSecret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: secret VAR TEMPLATE")
	}
	text, err := rules.Expand(args[1], args[0]+seed)
	ts.Check(err)
	ts.Setenv(args[0], text)
}

func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fill FILE...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, not %d", strings.Join(args[1:], " "), got, want)
	}
}

func cmdHides(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hides VAR FILE...")
	}
	value := ts.Getenv(args[0])
	if len(value) < 24 {
		ts.Fatalf("$%s is too short to tell", args[0])
	}
	body := value[min(len(value)-12, 13):] // after any public prefix
	for _, name := range args[1:] {
		text := ts.ReadFile(name)
		for i := 0; i+12 <= len(body); i++ {
			if strings.Contains(text, body[i:i+12]) {
				ts.Fatalf("%s has a piece of $%s", name, args[0])
			}
		}
	}
}

// unsupported ends a test that the system cannot make the files for. In CI that is an error: it runs where they can be made.
func unsupported(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skipf("NOT TESTED: %v", err)
}
