//go:build linux

package source

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// asNobody runs f without the privileges of root, for which no file is unreadable.
func asNobody(t *testing.T, top string, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	// The folder above a test's own can be entered by its owner alone.
	if err := os.Chmod(filepath.Dir(top), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setresuid(-1, 65534, -1); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setresuid(-1, 0, -1); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

func TestFilesUnreadable(t *testing.T) {
	top := t.TempDir()
	filesWrite(t, filepath.Join(top, "open"), "1")
	filesWrite(t, filepath.Join(top, "shut"), "2")
	filesWrite(t, filepath.Join(top, "closed/in"), "3")
	filesWrite(t, filepath.Join(top, "listed/in"), "4")
	for name, mode := range map[string]os.FileMode{"shut": 0, "closed": 0, "listed": 0o444} {
		path := filepath.Join(top, name)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(path, 0o700)
	}
	var visited map[string]string
	var coverage scanner.Coverage
	asNobody(t, top, func() { visited, coverage = filesRun(t, FilesOptions{}, top) })
	filesCompare(t, visited, coverage, []string{"open"}, []string{
		`unread files: cannot be read: permission denied ["listed/in" "shut"]`,
		`unread folders: cannot be read: permission denied ["closed"]`,
	})
}

func TestFilesSpecial(t *testing.T) {
	top := t.TempDir()
	t.Chdir(top)
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	visited, coverage := filesRun(t, FilesOptions{}, ".")
	filesCompare(t, visited, coverage, []string{}, []string{
		`files: pipes, sockets and devices have no content to read ["pipe" "socket"]`,
	})
	visited, coverage = filesRun(t, FilesOptions{}, "pipe", "/dev/null")
	filesCompare(t, visited, coverage, []string{}, []string{
		`unread files: not a regular file; use - to read standard input ["/dev/null" "pipe"]`,
	})
}

// TestFilesPipeInPlaceOfFile holds that a pipe which takes a file's place is not waited for.
func TestFilesPipeInPlaceOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	filesWrite(t, path, "x")
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readRegular(context.Background(), path, info, 100, nil); unreadReason(err, 100) != "was replaced while the scan ran" {
		t.Errorf("error %v", err)
	}
}

func TestFilesProc(t *testing.T) {
	visited, coverage := filesRun(t, FilesOptions{}, "/proc/self/mem", "/proc/version")
	if !strings.HasPrefix(visited["/proc/version"], "Linux version") {
		t.Errorf("a file without a size was read as %q", visited["/proc/version"])
	}
	pid := "/proc/self/mem"
	filesCompare(t, visited, coverage, []string{"/proc/version"}, []string{
		`unread files: cannot be read: input/output error ["` + pid + `"]`,
	})
}

func TestFilesUnreadableNamed(t *testing.T) {
	top := t.TempDir()
	filesWrite(t, filepath.Join(top, "shut/in"), "x")
	if err := os.Chmod(filepath.Join(top, "shut"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(top, "shut"), 0o700)
	path := filepath.Join(top, "shut", "in")
	var err error
	asNobody(t, top, func() { _, err = NewFiles([]string{path}, FilesOptions{}) })
	if err == nil || !strings.HasSuffix(err.Error(), `: permission denied; check its permissions`) {
		t.Errorf("error %v", err)
	}
}
