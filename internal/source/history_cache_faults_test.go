package source

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/rules"
)

// TestLooseObjectsThatWereDamaged changes a file in place: its object was clean, and cannot be read any more.
func TestLooseObjectsThatWereDamaged(t *testing.T) {
	c := newCachedHistory(t)
	c.write("a.txt", "nothing to find\n")
	c.commit("a")
	time.Sleep(settle)
	c.agree("before")
	c.agree("before, again")
	id := c.git("rev-parse", "HEAD:a.txt")
	path := filepath.Join(c.dirOf(), ".git", "objects", id[:2], id[2:])
	if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("damaged"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		time.Sleep(settle)
		if after := c.agree("after"); strings.Contains(after.text, `"complete": true`) {
			t.Error("a damaged object is not reported")
		}
	}
}

// TestSettingsAreSeen changes what is looked for, and how.
func TestSettingsAreSeen(t *testing.T) {
	for name, change := range map[string]func(c *cachedHistory){
		"other rules":           func(c *cachedHistory) { c.rules = append(c.rules, markRule("nothing-")) },
		"fewer rules":           func(c *cachedHistory) { c.rules = []rules.Rule{markRule("file-")} },
		"another key":           func(c *cachedHistory) { c.opt.FingerprintKey = []byte("another") },
		"another program":       func(c *cachedHistory) { c.engine = "another" },
		"a smaller bound":       func(c *cachedHistory) { c.source.MaxSize = 200 },
		"submodules, too":       func(c *cachedHistory) { c.source.Submodules = true },
		"the least confidence":  func(c *cachedHistory) { c.opt.MinConfidence = rules.Certain },
		"another set of worker": func(c *cachedHistory) { c.source.Workers = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCachedHistory(t)
			c.fill()
			c.write("other.txt", "nothing-"+strings.Repeat("abcd", 5)+"\n")
			c.commit("what another rule finds")
			time.Sleep(settle)
			c.agree("before")
			change(c)
			c.agree("after")
			c.agree("after, again")
		})
	}
}

// pack makes a pack of one blob and nothing else.
func (h *historyRepo) pack(content string) {
	h.t.Helper()
	id := h.feed(content, "hash-object", "-w", "--stdin")
	h.feed(id+"\n", "pack-objects", "-q", filepath.Join(h.dir, ".git", "objects", "pack", "pack"))
	h.git("prune-packed", "-q")
}

// TestSwappedPack puts another pack in the place of one that was clean: of the same size, in the same file, with the old
// time, as one who hides a secret would.
func TestSwappedPack(t *testing.T) {
	c := newCachedHistory(t)
	c.git("config", "core.compression", "0")
	secret := c.secret()
	c.pack(strings.Repeat("x", len(secret)))
	packs := func() []string {
		files, err := filepath.Glob(filepath.Join(c.dirOf(), ".git", "objects", "pack", "*"))
		if err != nil || len(files) == 0 {
			t.Fatal("no packs", err)
		}
		return files
	}
	old := packs()
	time.Sleep(settle)
	c.agree("before")
	if again := c.agree("before, again"); !again.reused.Unchanged {
		t.Fatalf("reuses %+v", again.reused)
	}
	other := newHistoryRepo(t)
	other.git("config", "core.compression", "0")
	other.pack(secret)
	for _, path := range old {
		ext := filepath.Ext(path)
		from, err := filepath.Glob(filepath.Join(other.dir, ".git", "objects", "pack", "*"+ext))
		if err != nil || len(from) != 1 {
			t.Fatal(from, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(from[0])
		if err != nil || int64(len(data)) != info.Size() {
			t.Fatalf("%s has %d bytes, want %d, %v", ext, len(data), info.Size(), err)
		}
		err = errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, data, 0o600), os.Chmod(path, info.Mode()),
			os.Chtimes(path, info.ModTime(), info.ModTime()))
		if err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(settle)
	if after := c.agree("after"); !strings.Contains(after.text, "test-find-me") {
		t.Error("the secret is hidden")
	}
}

// TestCacheThatIsDamaged spoils every record, in its frame and below it.
func TestCacheThatIsDamaged(t *testing.T) {
	c := newCachedHistory(t)
	c.fill()
	c.git("repack", "-q", "-d")
	spoil := map[string]func(path string, key cache.Key, data []byte){
		"cut short": func(path string, _ cache.Key, data []byte) { _ = os.WriteFile(path, data[:len(data)/2], 0o600) },
		"changed": func(path string, _ cache.Key, data []byte) {
			data[len(data)/2] ^= 1
			_ = os.WriteFile(path, data, 0o600)
		},
		"empty":   func(path string, _ cache.Key, _ []byte) { _ = os.WriteFile(path, nil, 0o600) },
		"gone":    func(path string, _ cache.Key, _ []byte) { _ = os.Remove(path) },
		"no text": func(_ string, key cache.Key, _ []byte) { _ = c.cache.Put(key, []byte("{}}")) },
		"zeros":   func(_ string, key cache.Key, _ []byte) { _ = c.cache.Put(key, make([]byte, 1000)) },
		"no sense": func(_ string, key cache.Key, _ []byte) {
			_ = c.cache.Put(key, []byte(`{"objects":["zz"],"found":[{"is":"1","commit":"2"}]}`))
		},
	}
	for name, change := range spoil {
		c.write("file.txt", name)
		c.commit("one that is loose")
		time.Sleep(settle)
		c.agree(name + ", before")
		files, err := filepath.Glob(filepath.Join(c.dir, "*.skant"))
		if err != nil || len(files) < 3 {
			t.Fatalf("the cache has %v, %v", files, err)
		}
		for _, path := range files {
			raw, err := hex.DecodeString(strings.TrimSuffix(filepath.Base(path), ".skant"))
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			change(path, cache.Key(raw), data)
		}
		c.agree(name)
		c.agree(name + ", again")
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	c := newCachedHistory(t)
	c.fill()
	time.Sleep(settle)
	want := c.run(false)
	if err := os.RemoveAll(c.dir); err != nil {
		t.Fatal(err)
	}
	if got := c.run(true); got.text != want.text || got.err == nil {
		t.Errorf("the folder has gone: problem %v, difference %s", got.err, cmp.Diff(want.text, got.text))
	}
	c.openCache(100)
	if got := c.run(true); got.text != want.text || got.err == nil {
		t.Errorf("the cache is full: problem %v, difference %s", got.err, cmp.Diff(want.text, got.text))
	}
}

func FuzzDecodeClean(f *testing.F) {
	f.Add([]byte{0, 5, 3, 200, 1}, 10)
	f.Fuzz(func(t *testing.T, data []byte, count int) {
		if count < 0 || count > 1<<16 {
			return
		}
		sizes := decodeClean(data, count)
		if sizes == nil {
			return
		}
		again := decodeClean(encodeClean(sizes), count)
		if diff := cmp.Diff(sizes, again); diff != "" {
			t.Error(diff)
		}
	})
}
