package cache

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func opened(t *testing.T, dir string, limit int64) *Cache {
	t.Helper()
	c, err := Open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func keyOf(name string) Key { return sha256.Sum256([]byte(name)) }

func put(t *testing.T, c *Cache, name, data string) {
	t.Helper()
	if err := c.Put(keyOf(name), []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// file returns the path of the only record in a folder.
func file(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("the folder has %v, %v; want one file", names, err)
	}
	return names[0]
}

func TestRecordsComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	c := opened(t, dir, 0)
	if _, _, ok := c.Get(keyOf("one")); ok {
		t.Error("an empty cache has a record")
	}
	put(t, c, "one", "first")
	put(t, c, "two", "")
	put(t, c, "one", "second")
	other := opened(t, dir, 0)
	for name, want := range map[string]string{"one": "second", "two": ""} {
		got, saved, ok := other.Get(keyOf(name))
		if !ok || string(got) != want || time.Since(saved) > time.Minute || time.Since(saved) < 0 {
			t.Errorf("%s is %q of %v, %v; want %q", name, got, saved, ok, want)
		}
	}
	if err := c.Delete(keyOf("one")); err != nil {
		t.Error(err)
	}
	if err := c.Delete(keyOf("one")); err != nil {
		t.Errorf("delete what is not there: %v", err)
	}
	if _, _, ok := c.Get(keyOf("one")); ok {
		t.Error("a deleted record is still there")
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, file(t, dir): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

// TestDamageIsAMiss changes, cuts and extends a record in every place.
func TestDamageIsAMiss(t *testing.T) {
	dir := t.TempDir()
	c := opened(t, dir, 0)
	put(t, c, "one", "some data")
	path := file(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, ok := c.Get(keyOf("one")); ok {
			t.Errorf("%s: there is a record, %q", what, got)
		}
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x40
		check(fmt.Sprintf("byte %d changed", i), damaged)
		check(fmt.Sprintf("cut to %d bytes", i), whole[:i])
	}
	check("longer", append(bytes.Clone(whole), 0))
	if err := os.Rename(path, filepath.Join(dir, keyOf("two").file())); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := c.Get(keyOf("two")); ok {
		t.Error("a record under the name of another one is there")
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _, ok := c.Get(keyOf("one")); !ok || string(got) != "some data" {
		t.Errorf("the whole record is %q, %v", got, ok)
	}
}

func TestFoldersThatCannotBeTrusted(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"a file": plain, "below a file": filepath.Join(plain, "sub"), "writable by others": shared, "relative": "here",
	} {
		if c, err := Open(dir, 0); err == nil {
			t.Errorf("%s: opened", name)
			_ = c.Close()
		}
	}
	// What others could write, they may have written while they could.
	dir := t.TempDir()
	c := opened(t, dir, 0)
	put(t, c, "one", "data")
	if err := os.Chmod(file(t, dir), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := c.Get(keyOf("one")); ok {
		t.Error("a record that others may write to is used")
	}
}

func TestAnotherUsersFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		// Only root can give a folder away; a folder of root's is one of another user.
		if c, err := Open("/", 0); err == nil {
			t.Error("a folder of another user was opened")
			_ = c.Close()
		}
		return
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	if c, err := Open(dir, 0); err == nil || !strings.Contains(err.Error(), "4711") {
		t.Errorf("a folder of another user: %v", err)
		_ = c.Close()
	}
}

// TestFolderThatCannotBeWritten uses a full limit for what would need another user than root: writing fails, reading goes
// on.
func TestFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	c := opened(t, dir, 0)
	put(t, c, "one", "data")
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(dir, 0o700) }()
	again := opened(t, dir, 0)
	if got, _, ok := again.Get(keyOf("one")); !ok || string(got) != "data" {
		t.Errorf("read %q, %v from a folder that cannot be written", got, ok)
	}
	if err := again.Put(keyOf("two"), []byte("data")); err == nil && os.Geteuid() != 0 {
		t.Error("written into a folder that cannot be written")
	}
}

func TestFolderThatHasGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c := opened(t, dir, 0)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(keyOf("one"), []byte("data")); err == nil {
		t.Error("saved in a folder that has gone")
	}
	if _, _, ok := c.Get(keyOf("one")); ok {
		t.Error("a folder that has gone has a record")
	}
}

// TestPruning fills the cache over its limit.
func TestPruning(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "not ours.txt")
	if err := os.WriteFile(mine, bytes.Repeat([]byte("x"), 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, tempName+"X"+suffix)
	if err := os.WriteFile(half, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * abandoned)
	const size = 1000
	c := opened(t, dir, int64(10*(size+headSize+sha256.Size)))
	for i := range 30 {
		name := fmt.Sprint(i)
		put(t, c, name, strings.Repeat("x", size))
		// The clock of files goes in steps: make the order sure.
		when := old.Add(time.Duration(i) * time.Second)
		if err := c.root.Chtimes(keyOf(name).file(), when, when); err != nil {
			t.Fatal(err)
		}
		if i == 20 {
			if _, _, ok := c.Get(keyOf("15")); !ok {
				t.Fatal("record 15 has gone too early")
			}
		}
	}
	var kept []string
	for i := range 30 {
		if _, err := c.root.Stat(keyOf(fmt.Sprint(i)).file()); err == nil {
			kept = append(kept, fmt.Sprint(i))
		}
	}
	if got, want := strings.Join(kept, " "), "15 21 22 23 24 25 26 27 28 29"; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	if err := c.Put(keyOf("huge"), make([]byte, 20*size)); err == nil {
		t.Error("a record larger than the cache was saved")
	}
	if _, err := os.Stat(half); err != nil {
		t.Error("a file that is being written was removed")
	}
	if err := os.Chtimes(half, old, old); err != nil {
		t.Fatal(err)
	}
	if err := c.Prune(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("a file that was left half written is still there")
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error("a file of somebody else was removed")
	}
}

// childVariable makes the test program one of several runs at once.
const childVariable = "SKANT_CACHE_TEST_DIR"

func TestSeveralRunsAtOnce(t *testing.T) {
	if dir := os.Getenv(childVariable); dir != "" {
		hammer(t, dir)
		return
	}
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSeveralRunsAtOnce$")
			cmd.Env = append(os.Environ(), childVariable+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Go(func() { hammer(t, dir) })
	wg.Wait()
	left, err := filepath.Glob(filepath.Join(dir, tempName+"*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// hammer reads and writes a few records again and again. What it reads is always whole.
func hammer(t *testing.T, dir string) {
	c := opened(t, dir, 40_000)
	for i := range 200 {
		name := fmt.Sprint(i % 7)
		if data, _, ok := c.Get(keyOf(name)); ok && (len(data) == 0 || strings.Trim(string(data), name) != "") {
			t.Errorf("record %s is %d bytes of something else", name, len(data))
		}
		if err := c.Put(keyOf(name), bytes.Repeat([]byte(name), 1+i*37%9000)); err != nil {
			t.Error(err)
		}
	}
}

func TestIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	identity := func() Identity {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		id, ok := Identify(info)
		if !ok {
			t.Fatal("the system does not tell")
		}
		return id
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	first := identity()
	if first != identity() {
		t.Error("the identity of a file changes by itself")
	}
	if first.Settled(time.Now()) {
		t.Error("a file that was just written counts as settled")
	}
	time.Sleep(120 * time.Millisecond)
	if !first.Settled(time.Now()) && first.changed%int64(time.Second) != 0 {
		t.Error("a file that was not written for a while does not count as settled")
	}
	// As an attacker would: other content of the same size in the same file, with the old time.
	old := time.Unix(0, first.modified)
	write("two")
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	second := identity()
	if second.modified != first.modified || second.size != first.size || second.inode != first.inode {
		t.Fatalf("the file is %+v, it was %+v", second, first)
	}
	if second == first || bytes.Equal(first.Append(nil), second.Append(nil)) {
		t.Error("a file with other content has the same identity")
	}
}
