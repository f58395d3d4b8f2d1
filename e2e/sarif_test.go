//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/report/sarif"
	"github.com/skant-dev/skant/rules"
)

const multitoolVersion = "5.7.0"

// multitool returns the path of Microsoft's SARIF validator.
func multitool(t *testing.T) string {
	t.Helper()
	npm := require(t, "npm", "install npm, which fetches the SARIF multitool "+multitoolVersion)
	name := "sarif-multitool-" + runtime.GOOS
	folder := t.TempDir()
	fetch := exec.Command(npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder,
		"@microsoft/"+name+"@"+multitoolVersion)
	if out, err := fetch.CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("npm install @microsoft/%s: %v\n%s", name, err, out))
	}
	path := filepath.Join(folder, "node_modules", "@microsoft", name, "Sarif.Multitool")
	if err := os.Chmod(path, 0o755); err != nil { // its install script, which was not run, does the same
		t.Fatal(err)
	}
	return path
}

// TestSARIFValidates has Microsoft's validator judge reports by the rules of the standard and of GitHub code scanning:
// neither an error nor a warning is accepted.
func TestSARIFValidates(t *testing.T) {
	tool := multitool(t)
	set, err := rules.LoadPath("../rules/builtin")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 50, 6000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.sarif")
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			opt := sarif.Options{RepositoryURI: "https://example.org/team/app", Revision: strings.Repeat("a", 40), Branch: "main"}
			if n <= 1 { // what the report itself says
				opt = sarif.Options{}
			}
			if err := sarif.WriteWith(f, manyFindings(set, n), set, opt); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if bad := judge(t, tool, path); len(bad) > 0 {
				t.Errorf("%d errors and warnings, for example:\n%s", len(bad), strings.Join(bad[:min(len(bad), 10)], "\n"))
			}
		})
	}
}

// TestSARIFJudgeSees keeps the test above from passing because the validator says nothing at all.
func TestSARIFJudgeSees(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.sarif")
	bad := `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},` +
		`"results":[{"ruleId":"a","message":{"text":"b"}}]}]}`
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if len(judge(t, multitool(t), path)) == 0 {
		t.Error("a result without a location is accepted")
	}
}

// offline is a configuration of the validator without its one rule that asks the network whether links work.
const offline = `<?xml version="1.0" encoding="utf-8"?>
<Properties>
  <Properties Key="SARIF2006.UrisShouldBeReachable.Options">
    <Property Key="RuleEnabled" Value="Disabled" Type="Driver.RuleEnabledState" />
  </Properties>
</Properties>`

// judge returns what the validator has against a file.
func judge(t *testing.T, tool, path string) []string {
	t.Helper()
	verdict, config := path+".verdict", path+".xml"
	if err := os.WriteFile(config, []byte(offline), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "validate", path, "--rule-kind", "Sarif;Ghas", "--config", config, "--output", verdict,
		"--log", "ForceOverwrite").CombinedOutput()
	text, readErr := os.ReadFile(verdict)
	if readErr != nil {
		t.Fatalf("validate: %v, %v\n%s", err, readErr, out)
	}
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID, Level string
				Message       struct {
					Text      string
					ID        string
					Arguments []string
				}
			}
			Invocations []struct{ ExecutionSuccessful bool }
		}
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 || len(log.Runs[0].Invocations) == 0 || !log.Runs[0].Invocations[0].ExecutionSuccessful {
		t.Fatalf("the validator did not finish: %v\n%s", err, out)
	}
	var bad []string
	for _, r := range log.Runs[0].Results {
		if r.Level != "note" {
			bad = append(bad, fmt.Sprintf("%s %s: %s%s %q", r.Level, r.RuleID, r.Message.ID, r.Message.Text, r.Message.Arguments))
		}
	}
	return bad
}
