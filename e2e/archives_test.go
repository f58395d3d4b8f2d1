//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/unpack"
)

// archiver runs a program that makes archives on data.
func archiver(t *testing.T, data []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(require(t, name, "e2e/install-tools installs it"), args...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(data), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTools holds the readers against archives of the programs that make most of them.
func TestArchivesOfRealTools(t *testing.T) {
	text := strings.Repeat("some text, and more of it; ", 4000)
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T) []byte
		want map[string]string
	}{
		{"xz", func(t *testing.T) []byte { return archiver(t, []byte(text), "xz", "-c", "-9") }, map[string]string{"(content)": text}},
		{"xz of many blocks", func(t *testing.T) []byte {
			return archiver(t, []byte(text), "xz", "-c", "-T2", "--block-size=4096", "--check=sha256")
		}, map[string]string{"(content)": text}},
		{"xz without checksum", func(t *testing.T) []byte { return archiver(t, []byte(text), "xz", "-c", "--check=none") }, map[string]string{"(content)": text}},
		{"zstd", func(t *testing.T) []byte { return archiver(t, []byte(text), "zstd", "-c", "--ultra", "-22") }, map[string]string{"(content)": text}},
		{"bzip2", func(t *testing.T) []byte { return archiver(t, []byte(text), "bzip2", "-c") }, map[string]string{"(content)": text}},
		{"zip from a pipe", func(t *testing.T) []byte { return archiver(t, []byte(text), "zip", "-q", "-", "-") }, map[string]string{"-": text}},
		{"tar", func(t *testing.T) []byte {
			return archiver(t, nil, "tar", "-C", dir, "--owner=o", "--group=g", "-cJf", "-", "a", "b")
		}, map[string]string{
			"a": "a" + text, "b": "b" + text, "(names)": "a\no\ng\nb\no\ng\n",
		}},
		{"zip", func(t *testing.T) []byte {
			out := filepath.Join(t.TempDir(), "x.zip")
			archiver(t, nil, "zip", "-qj", out, filepath.Join(dir, "a"), filepath.Join(dir, "b"))
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}, map[string]string{"a": "a" + text, "b": "b" + text}},
		{"zip with bzip2", func(t *testing.T) []byte {
			out := filepath.Join(t.TempDir(), "x.zip")
			archiver(t, nil, "zip", "-qjZ", "bzip2", out, filepath.Join(dir, "a"))
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}, map[string]string{"a": "a" + text}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]string{}
			err := unpack.Walk(t.Context(), c.make(t), unpack.Options{}, func(m unpack.Member) error {
				got[m.Path] += string(m.Data)
				return nil
			}, func(g unpack.Gap) { t.Errorf("%s: not read: %s", g.Member, g.Reason) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("members differ: %s", diff)
			}
		})
	}
}
