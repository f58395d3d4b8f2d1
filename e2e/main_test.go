//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// skant is the absolute path of the program under test, built once.
var skant string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "skant-e2e-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	skant = filepath.Join(folder, "bin", "skant")
	// What the developer's own runs have kept must not decide a test, and the other way round.
	if err := os.Setenv("SKANT_CACHE_DIR", filepath.Join(folder, "cache")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	build := exec.Command("go", "build", "-trimpath", "-o", skant, "./cmd/skant")
	build.Dir = ".."
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build skant:", err)
		return 1
	}
	return m.Run()
}

// require returns the path of a tool.
func require(t *testing.T, tool, remedy string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		missing(t, tool+" is missing; "+remedy)
	}
	return path
}

// missing ends a test that a tool is missing for: it is skipped, and fails where CI is "true", because what CI does not
// run is not tested.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip("NOT TESTED: " + what)
}
