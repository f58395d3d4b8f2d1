//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestWorktreePolicyWaitsForNobody puts pipes, a socket and a file that may not be read into the place of files.
func TestWorktreePolicyWaitsForNobody(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, ".skant.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	cases := []policyCase{{".skant.yaml", "no regular file"}, {".skant.yaml/x", "absent"}, {"socket", "no regular file"}}
	if os.Getuid() != 0 {
		if err := os.WriteFile(filepath.Join(dir, "shut"), nil, 0); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, policyCase{"shut", "permission denied"})
	}
	holdPolicy(t, worktreePolicy(dir), cases)
}
