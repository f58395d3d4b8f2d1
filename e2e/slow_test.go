//go:build e2e && e2eslow && (linux || darwin || freebsd)

package e2e

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git's object names
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// These tests take minutes, most of it for making the repositories: make e2e-slow.

// writeLoose writes n blobs as loose objects, and one that holds a text.
func (r *workRepo) writeLoose(n int, text string) {
	r.t.Helper()
	objects := filepath.Join(r.dir, ".git", "objects")
	for i := range 256 {
		if err := os.MkdirAll(filepath.Join(objects, fmt.Sprintf("%02x", i)), 0o755); err != nil {
			r.t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	z, err := zlib.NewWriterLevel(&packed, zlib.NoCompression)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := range n {
		body := fmt.Sprintf("content %d of very many\n", i)
		if i == n/2 {
			body = text
		}
		object := fmt.Appendf(nil, "blob %d\x00%s", len(body), body)
		sum := sha1.Sum(object) //nolint:gosec // git's object names
		id := hex.EncodeToString(sum[:])
		packed.Reset()
		z.Reset(&packed)
		if _, err := z.Write(object); err != nil {
			r.t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(objects, id[:2], id[2:]), packed.Bytes(), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestSlowLooseObjects reads a million loose objects.
func TestSlowLooseObjects(t *testing.T) {
	const objects, most = 1_000_000, 600 << 20
	r := newRepo(t)
	r.writeLoose(objects, "key = "+newSecret(t)+"\n")
	start := time.Now()
	code, rep, peak := r.scan(nil, nil, "history")
	t.Logf("%d loose objects: %s, %d MiB", objects, time.Since(start).Round(time.Second), peak>>20)
	if code != 1 || !rep.Coverage.Complete || len(rep.Findings) != 1 || peak > most {
		t.Errorf("exit %d, %d findings, %d MiB, coverage %+v", code, len(rep.Findings), peak>>20, rep.Coverage)
	}
}

// TestSlowRefs has a hundred thousand packed refs, and as many loose ones, all of which reach a finding.
func TestSlowRefs(t *testing.T) {
	const refs = 100_000
	r := newRepo(t)
	r.write("file", "key = "+newSecret(t)+"\n")
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "one")
	head := strings.TrimSpace(r.git("rev-parse", "HEAD"))
	var b strings.Builder
	b.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for i := range refs {
		fmt.Fprintf(&b, "%s refs/pull/%06d/head\n", head, i)
		r.write(fmt.Sprintf(".git/refs/heads/many/%03d/%03d", i/1000, i%1000), head+"\n")
	}
	r.write(".git/packed-refs", b.String())
	start := time.Now()
	code, rep, peak := r.scan(nil, nil, "history")
	t.Logf("%d refs: %s, %d MiB", 2*refs, time.Since(start).Round(time.Second), peak>>20)
	if code != 1 || !rep.Coverage.Complete || len(rep.Findings) != 1 || peak > 2*mostHeld {
		t.Errorf("exit %d, %d findings, %d MiB, coverage %+v", code, len(rep.Findings), peak>>20, rep.Coverage)
	}
}
