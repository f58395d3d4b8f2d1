package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// TestScanAgainWithoutLFS holds that a rewritten mirror, which never has what git-lfs keeps, counts as read; anything else that is missing does not.
func TestScanAgainWithoutLFS(t *testing.T) {
	s, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.com"}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 5\n", strings.Repeat("1a", 32))
	if err := os.WriteFile(filepath.Join(dir, "f.bin"), []byte(pointer), 0o600); err != nil {
		t.Fatal(err)
	}
	git("add", "f.bin")
	git("commit", "-qm", "one")
	if _, complete, err := scanAgain(context.Background(), s, dir, 1<<20); err != nil || !complete {
		t.Errorf("without the content of git-lfs: complete %v, %v", complete, err)
	}
	id := git("rev-parse", "HEAD:f.bin")
	if err := os.Remove(filepath.Join(dir, ".git", "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
	if _, complete, err := scanAgain(context.Background(), s, dir, 1<<20); err == nil && complete {
		t.Error("without a blob it counts as read")
	}
}
