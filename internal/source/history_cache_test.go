package source

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// cachedHistory is a repository with the settings under which it is scanned.
type cachedHistory struct {
	*historyRepo
	cache  *cache.Cache
	dir    string
	rules  []rules.Rule
	opt    scanner.Options
	engine string
	source HistoryOptions
	// stop ends a scan when so many pieces were searched; 0 means never.
	stop int64
	// planted are the secrets in the repository.
	planted []string
	rand    *rand.Rand
}

// settle is longer than files count as changed a moment ago.
const settle = 130 * time.Millisecond

func newCachedHistory(t *testing.T, initArgs ...string) *cachedHistory {
	t.Helper()
	c := &cachedHistory{
		historyRepo: newHistoryRepo(t, initArgs...), dir: filepath.Join(t.TempDir(), "cache"),
		rules: []rules.Rule{markRule("find-me-")}, opt: scanner.Options{MinConfidence: rules.LowConfidence},
		rand: rand.New(rand.NewPCG(1, 2)), source: HistoryOptions{Workers: 2},
	}
	c.openCache(0)
	return c
}

func (c *cachedHistory) openCache(limit int64) {
	c.t.Helper()
	kept, err := cache.Open(c.dir, limit)
	if err != nil {
		c.t.Fatal(err)
	}
	c.cache = kept
	c.t.Cleanup(func() { _ = kept.Close() })
}

// markRule finds a mark and 20 letters.
func markRule(mark string) rules.Rule {
	return rules.Rule{
		ID: "test-" + strings.Trim(mark, "-"), Provider: "test", Title: "test", Severity: rules.High, Confidence: rules.HighConfidence,
		Anchors: []string{mark}, Pattern: "(" + mark + "[a-z]{20})", Priority: 50,
	}
}

// secret makes a mark that was not there before.
func (c *cachedHistory) secret() string {
	letters := make([]byte, 20)
	for i := range letters {
		letters[i] = 'a' + byte(c.rand.IntN(26))
	}
	c.planted = append(c.planted, string(letters))
	return "find-me-" + string(letters)
}

// outcome is what a scan says.
type outcome struct {
	text   string
	reused Reused
	err    error
}

// run scans, with the cache or without it.
func (c *cachedHistory) run(cached bool) outcome {
	c.t.Helper()
	r, err := repo.Open(c.dirOf(), repo.Options{Leftovers: true})
	if err != nil {
		c.t.Fatal(err)
	}
	opt := c.source
	if cached {
		opt.Cache = c.cache
		opt.Engine = sha256.Sum256(fmt.Appendf(nil, "%x %s %s", rules.NewSet(c.rules, nil).Digest(), c.opt.FingerprintKey, c.engine))
	}
	h := NewHistory(r, opt)
	s, err := scanner.New(rules.NewSet(c.rules, nil), c.opt)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	src := &stopping{History: h, stop: c.stop, cancel: cancel}
	res, err := s.Scan(ctx, src, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	out := outcome{reused: h.Reused(), err: h.CacheProblem()}
	if err := errors.Join(h.Close(), r.Close()); err != nil {
		c.t.Fatal(err)
	}
	text, err := json.MarshalIndent(res, "", " ")
	if err != nil {
		c.t.Fatal(err)
	}
	out.text = string(text)
	return out
}

func (c *cachedHistory) dirOf() string { return c.historyRepo.dir }

// stopping is a history whose scan is interrupted.
type stopping struct {
	*History
	stop   int64
	seen   atomic.Int64
	cancel func()
}

func (s *stopping) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return s.History.Walk(ctx, rec, func(c *scanner.Chunk) error {
		if s.seen.Add(1) == s.stop {
			s.cancel()
		}
		return visit(c)
	})
}

// fingerprints are those in what a scan says.
func fingerprints(text string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.Contains(line, `"fingerprint"`) {
			all[line] = true
		}
	}
	return all
}

// agree fails unless a scan with the cache says what one without it says.
func (c *cachedHistory) agree(what string) outcome {
	c.t.Helper()
	want, got := c.run(false), c.run(true)
	if diff := cmp.Diff(want.text, got.text); diff != "" {
		c.t.Errorf("%s: with the cache (+) and without (-):\n%s", what, diff)
	}
	if got.err != nil {
		c.t.Errorf("%s: %v", what, got.err)
	}
	c.hides(what)
	return got
}

// hides fails if the cache holds a piece of a secret.
func (c *cachedHistory) hides(what string) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // replaced meanwhile
		}
		for _, s := range c.planted {
			for i := 0; i+6 <= len(s); i++ {
				if strings.Contains(string(data), s[i:i+6]) {
					c.t.Fatalf("%s: %s has a piece of a secret", what, filepath.Base(name))
				}
			}
		}
	}
}

// fill makes a history with findings of all sorts and much without any.
func (c *cachedHistory) fill() {
	c.t.Helper()
	var text []string
	for i := range 40 {
		text = append(text, fmt.Sprintf("line %d of a file that is like any other", i))
	}
	for i := range 12 {
		text[c.rand.IntN(len(text))] = fmt.Sprintf("changed in version %d", i)
		if i%4 == 1 {
			text[c.rand.IntN(len(text))] = "key = " + c.secret()
		}
		c.write("src/file.txt", strings.Join(text, "\n"))
		c.write(fmt.Sprintf("other/%d.txt", i), fmt.Sprintf("content %d\n", i))
		c.commit(fmt.Sprintf("version %d", i))
	}
	c.write("moved/"+c.secret()+".txt", "a name\n")
	c.commit("name\n\nand a message: " + c.secret())
	c.git("tag", "-a", "-m", "tag "+c.secret(), "v1")
	c.feed("note "+c.secret(), "notes", "add", "-F", "-", "HEAD")
	c.feed("dangling "+c.secret(), "hash-object", "-w", "--stdin")
	c.write("stashed.txt", c.secret())
	c.git("stash", "push", "-q", "-u")
	c.write("staged.txt", c.secret())
	c.git("add", "staged.txt")
	c.git("config", "remote.origin.url", "https://x:"+c.secret()+"@example.org/")
}

// TestCachedRunsSayTheSame scans a history three times, loose and packed, in both formats.
func TestCachedRunsSayTheSame(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			c := newCachedHistory(t, "--object-format="+format)
			c.fill()
			for _, packed := range []bool{false, true} {
				if packed {
					c.git("repack", "-q", "-a", "-d", "-k")
				}
				time.Sleep(settle)
				if first := c.agree("the first run"); first.reused.Unchanged || first.reused.Objects > 0 {
					t.Errorf("packed %v: the first run reuses %+v", packed, first.reused)
				}
				for range 2 {
					again := c.agree("a further run")
					if !again.reused.Unchanged || again.reused.Objects == 0 || time.Since(again.reused.When) > time.Hour {
						t.Errorf("packed %v: a further run reuses %+v", packed, again.reused)
					}
				}
				if !strings.Contains(c.run(true).text, `"complete": true`) {
					t.Errorf("packed %v: not complete", packed)
				}
			}
		})
	}
}

// TestNamesOfRefsAreFoundAgain has secrets in names of refs, which are kept nowhere.
func TestNamesOfRefsAreFoundAgain(t *testing.T) {
	c := newCachedHistory(t)
	c.write("a.txt", "a\n")
	c.commit("a")
	c.git("branch", c.secret())
	time.Sleep(settle)
	c.agree("first")
	if again := c.agree("second"); !again.reused.Unchanged {
		t.Errorf("reuses %+v", again.reused)
	}
}

// TestInterruptedRunsResume interrupts scans at random places until one comes to its end.
func TestInterruptedRunsResume(t *testing.T) {
	resumed := int64(0)
	for seed := range uint64(6) {
		c := newCachedHistory(t)
		c.rand = rand.New(rand.NewPCG(seed, 7))
		c.fill()
		if seed%3 > 0 {
			c.git("repack", "-q", "-a", "-d")
			c.write("later.txt", "loose\n")
			c.commit("later")
		}
		time.Sleep(settle)
		c.source.Workers = 1 + int(seed%2)
		for range 4 {
			c.stop = 1 + c.rand.Int64N(60)
			if c.run(true).err != nil {
				t.Fatal("nothing could be kept")
			}
			c.hides("interrupted")
		}
		c.stop = 0
		resumed += c.agree(fmt.Sprintf("seed %d, resumed", seed)).reused.Objects
		c.agree(fmt.Sprintf("seed %d, once more", seed))
	}
	if resumed == 0 {
		t.Error("no run took over anything from an interrupted one")
	}
}

// TestInterruptedAtTheVeryEnd interrupts at each piece of a repository so small that a scan may not notice.
func TestInterruptedAtTheVeryEnd(t *testing.T) {
	c := newCachedHistory(t, "--bare")
	c.feed(c.secret(), "hash-object", "-w", "--stdin")
	c.feed("nothing", "hash-object", "-w", "--stdin")
	time.Sleep(settle)
	for _, workers := range []int{1, 2} {
		c.source.Workers = workers
		for stop := range int64(6) {
			c.stop = stop + 1
			c.run(true)
			c.stop = 0
			c.agree(fmt.Sprintf("after an interrupt at piece %d", stop+1))
			if err := os.RemoveAll(c.dir); err != nil {
				t.Fatal(err)
			}
			c.openCache(0)
		}
	}
}

// change is something that happens to a repository between two runs.
type change struct {
	name string
	do   func(c *cachedHistory)
	// more says that there is one more secret afterwards.
	more bool
}

func changes() []change {
	return []change{
		{"a new branch", func(c *cachedHistory) { c.git("branch", "other", "HEAD~3") }, false},
		{"a branch deleted", func(c *cachedHistory) { c.git("update-ref", "-d", "refs/notes/commits") }, false},
		{"another HEAD", func(c *cachedHistory) { c.git("checkout", "-q", "-f", "--detach", "HEAD~2") }, false},
		{"a new commit", func(c *cachedHistory) { c.write("new.txt", c.secret()); c.commit("new") }, true},
		{"a new pack", func(c *cachedHistory) {
			c.write("new.txt", c.secret())
			c.commit("new")
			c.git("repack", "-q", "-d")
		}, true},
		{"all packed anew", func(c *cachedHistory) { c.git("repack", "-q", "-a", "-d", "-f") }, false},
		{"garbage collected", func(c *cachedHistory) {
			c.git("reflog", "expire", "--expire=now", "--all")
			c.git("gc", "-q", "--prune=now")
		}, false},
		{"a hook", func(c *cachedHistory) { c.plant("hooks/pre-push", "#!/bin/sh\n# "+c.secret()+"\n") }, true},
		{"a setting", func(c *cachedHistory) { c.git("config", "remote.more.url", "https://x:"+c.secret()+"@example.org/") }, true},
		{"a staged file", func(c *cachedHistory) { c.write("new.txt", c.secret()); c.git("add", "new.txt") }, true},
		{"a new name", func(c *cachedHistory) { c.write(c.secret(), ""); c.commit("name") }, true},
		{"a reflog", func(c *cachedHistory) { c.git("update-ref", "-m", "why "+c.secret(), "refs/heads/x", "HEAD") }, true},
		{"an object lost", func(c *cachedHistory) {
			c.write("lost.txt", "to be lost\n")
			c.commit("lose")
			c.lose(c.git("rev-parse", "HEAD:lost.txt"))
		}, false},
		{"alternates", func(c *cachedHistory) {
			other := newHistoryRepo(c.t)
			other.feed(c.secret(), "hash-object", "-w", "--stdin")
			c.plant("objects/info/alternates", filepath.Join(other.dir, ".git", "objects")+"\n")
		}, true},
		{"a shallow clone", func(c *cachedHistory) { c.plant("shallow", c.git("rev-parse", "HEAD")+"\n") }, false},
	}
}

func TestChangesAreSeen(t *testing.T) {
	for _, ch := range changes() {
		t.Run(ch.name, func(t *testing.T) {
			t.Parallel()
			c := newCachedHistory(t)
			c.fill()
			c.git("repack", "-q", "-d")
			time.Sleep(settle)
			before := c.agree("before")
			if again := c.agree("before, again"); !again.reused.Unchanged {
				t.Errorf("nothing has changed, and it reuses %+v", again.reused)
			}
			ch.do(c)
			c.agree("just after")
			time.Sleep(settle)
			after := c.agree("after")
			c.agree("after, again")
			if more := len(fingerprints(after.text)) - len(fingerprints(before.text)); ch.more && more != 1 {
				t.Errorf("%d more secrets, want 1", more)
			}
		})
	}
}

func TestRunsAtOnce(t *testing.T) {
	c := newCachedHistory(t)
	c.fill()
	time.Sleep(settle)
	want := c.run(false)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				if got := c.run(true); got.text != want.text || got.err != nil {
					t.Errorf("problem %v, difference %s", got.err, cmp.Diff(want.text, got.text))
				}
			}
		})
	}
	wg.Wait()
	c.hides("at once")
}

// TestSubmodulesAreRemembered reads a submodule's store with the whole.
func TestSubmodulesAreRemembered(t *testing.T) {
	c := newCachedHistory(t)
	c.source.Submodules = true
	inner := newHistoryRepo(t)
	inner.write("a.txt", c.secret())
	inner.commit("inner")
	c.fill()
	c.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.dir, "sub")
	c.commit("submodule")
	time.Sleep(settle)
	c.agree("first")
	if again := c.agree("second"); !again.reused.Unchanged {
		t.Errorf("reuses %+v", again.reused)
	}
}
