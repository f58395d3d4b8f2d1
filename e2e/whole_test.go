//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skant-dev/skant/internal/chains"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// TestFastPath holds what the search of a history finds in blobs, where most are searched only for what changed, against a
// plain scan of every blob that `git cat-file` prints: the same objects, rules, offsets and secrets, down to the least
// confidence. SKANT_E2E_REPOS has the repositories, separated by spaces; without it there are our own history and one
// that is made for the purpose. `make e2e-fast-path` sets it.
func TestFastPath(t *testing.T) {
	repos := strings.Fields(os.Getenv("SKANT_E2E_REPOS"))
	made := madeRepository(t)
	if len(repos) == 0 {
		repos = []string{".."}
	}
	for _, dir := range append(repos, made) {
		t.Run(strings.ReplaceAll(filepath.Clean(dir), "/", " "), func(t *testing.T) { comparePaths(t, dir, dir == made) })
	}
}

// commonRules find what ordinary source code has here and there, so that there is something to compare: in most public
// repositories credentials are few.
const commonRules = `
provider: common
rules:
  - id: common-host
    title: Something at a local host
    severity: low
    anchors: [localhost, 127.0.0.1]
    pattern: '(?:localhost|127\.0\.0\.1)[:/"'' ]{1,2}([A-Za-z0-9]{4,12})'
    checks: {allow_placeholders: true}
    examples: {match: ['localhost:<<digits 4>>'], clean: [localhost]}
  - id: common-lines
    title: The word after a line with another one
    severity: low
    anchors: [deprecated]
    fold: true
    pattern: '(?i)deprecated[^\n]{0,60}\n[ \t*#/]{0,8}([a-zA-Z_]{5,30})'
    checks: {allow_placeholders: true, context: [version, since], context_within: 300}
    examples: {match: ['deprecated since<<nl>><<lower 12>>'], clean: [deprecated]}
  - id: common-pair
    title: Two words that belong together
    severity: low
    anchors: [maintainer]
    fold: true
    pattern: '(?i)maintainers?[^\n]{0,40}?([a-z]{4,20})@'
    parts:
      - {name: host, pattern: '@([a-z.]{5,30})', within: 400, checks: {allow_placeholders: true}}
      - {name: license, pattern: '(?i)licen[sc]e[^\n]{1,3}([A-Za-z]{3,12})', within: 3000, optional: true, checks: {allow_placeholders: true}}
    checks: {allow_placeholders: true}
    examples: {match: ['maintainer <<lower 8>>@<<lower 8>>.example'], clean: [maintainer]}
  - id: common-number
    title: A number
    severity: low
    anchors: [0xff, 0x7f]
    pattern: '\b(0x[7f]f[0-9a-f]{2,6})\b'
    checks: {allow_placeholders: true}
    examples: {match: ['0xff<<hex 4>>'], clean: [0xf]}
`

func comparePaths(t *testing.T, dir string, made bool) {
	common, err := rules.Load(fstest.MapFS{"common.yaml": {Data: []byte(commonRules)}}, "common.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	set := rules.NewSet(slices.Concat(rules.Builtin().All(), common.All()), nil)
	s, err := scanner.New(set, scanner.Options{MinConfidence: rules.LowConfidence})
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.Open(dir, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	start := time.Now()
	fast, fastCoverage := inBlobs(t, s, onlySource{source.NewHistory(r, source.HistoryOptions{MaxSize: 1 << 30})})
	fastTime, start := time.Since(start), time.Now()
	git := &catFile{dir: r.CommonDir()}
	plain, plainCoverage := inBlobs(t, s, git)
	t.Logf("%d objects, %d blobs of %d bytes, %d findings; %.1f s, by git and a plain scan %.1f s",
		git.objects.Load(), plainCoverage.Blobs, plainCoverage.Bytes, len(plain), fastTime.Seconds(), time.Since(start).Seconds())
	if fastCoverage.Blobs != plainCoverage.Blobs {
		t.Errorf("%d blobs were searched, and git has %d", fastCoverage.Blobs, plainCoverage.Blobs)
	}
	if made && len(plain) < 1000 {
		t.Errorf("a plain scan has %d findings: the test tests little", len(plain))
	}
	missing, extra := surplus(plain, fast), surplus(fast, plain)
	for name, list := range map[string][]string{"missing": missing, "not there": extra} {
		for i, f := range list {
			if i == 20 {
				t.Errorf("... and %d more %s", len(list)-i, name)
				break
			}
			t.Errorf("%s: %s", name, f)
		}
	}
}

// onlySource hides that a history can say who introduced what.
type onlySource struct{ h *source.History }

func (o onlySource) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return o.h.Walk(ctx, rec, visit)
}

// inBlobs returns, sorted, what a scan finds in blobs as they are.
func inBlobs(t *testing.T, s *scanner.Scanner, src scanner.Source) ([]string, scanner.Coverage) {
	t.Helper()
	res, err := s.Scan(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range res.Findings {
		if l := f.Location; l.Kind == scanner.KindCommitContent && l.Member == "" {
			found = append(found, fmt.Sprintf("%s %s at %d (%d:%d to %d:%d) %v %s %s %s", l.Object, f.RuleID, l.Offset,
				l.StartLine, l.StartColumn, l.EndLine, l.EndColumn, l.Decoded, f.Fingerprint, f.Confidence, f.Severity))
		}
	}
	slices.Sort(found)
	return found, res.Coverage
}

// surplus returns what a sorted list has more often than another.
func surplus(list, other []string) (more []string) {
	for _, s := range list {
		for len(other) > 0 && other[0] < s {
			other = other[1:]
		}
		if len(other) > 0 && other[0] == s {
			other = other[1:]
			continue
		}
		more = append(more, s)
	}
	return more
}

// catFile is every blob that git prints, each on its own.
type catFile struct {
	dir     string
	objects atomic.Int64
}

func (c *catFile) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) (err error) {
	cmd := exec.CommandContext(ctx, "git", "--git-dir", c.dir, "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer")
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	type object struct {
		id   string
		data []byte
	}
	queue := make(chan object, 64)
	var wg sync.WaitGroup
	failed := make([]error, runtime.GOMAXPROCS(0))
	for i := range failed {
		wg.Go(func() {
			for o := range queue {
				if failed[i] == nil {
					at := scanner.Location{Object: o.id, Kind: scanner.KindCommitContent}
					failed[i] = visit(&scanner.Chunk{Data: o.data, Location: at})
				}
			}
		})
	}
	err = c.read(out, func(id string, data []byte) {
		rec.AddBlob(len(data))
		queue <- object{id, data}
	})
	close(queue)
	wg.Wait()
	if err != nil {
		_ = cmd.Process.Kill() // it may be waiting for a reader
		_ = cmd.Wait()
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("git cat-file: %w: %s", err, stderr.String())
	}
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// read calls blob for every blob in the output of git.
func (c *catFile) read(from io.Reader, blob func(id string, data []byte)) error {
	out := bufio.NewReaderSize(from, 1<<20)
	for {
		line, err := out.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		var id, kind string
		var size int
		if _, err := fmt.Sscan(line, &id, &kind, &size); err != nil {
			return fmt.Errorf("git cat-file says %q: %w", line, err)
		}
		c.objects.Add(1)
		if kind != "blob" {
			if _, err := out.Discard(size + 1); err != nil {
				return err
			}
			continue
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(out, data); err != nil {
			return err
		}
		blob(id, data[:size])
	}
}

// madeRepository makes versions of files with every rule's examples, and lets git pack them with long chains.
func madeRepository(t *testing.T) string {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	var m chains.Material
	for _, r := range set.All() {
		m.Words = append(append(m.Words, r.Anchors...), r.Checks.Context...)
		for _, tmpl := range slices.Concat(r.Examples.Match, r.Examples.Clean) {
			if strings.Contains(tmpl, "pem ") {
				continue // takes long to make
			}
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			m.Texts = append(m.Texts, text)
		}
	}
	w := newRepo(t)
	rnd := rand.New(rand.NewPCG(20, 26))
	var in bytes.Buffer
	commits := 0
	for file := range 40 {
		for _, v := range chains.Make(m, rnd, chains.Limits{Versions: 100}) {
			commits++
			fmt.Fprintf(&in, "commit refs/heads/file%d\ncommitter a <a@example.com> %d +0000\ndata 2\nm\nM 644 inline file\ndata %d\n%s\n",
				file, 1_700_000_000+commits, len(v.Data), v.Data)
		}
	}
	cmd := exec.Command("git", "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
	cmd.Dir, cmd.Env, cmd.Stdin = w.dir, w.env, &in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	w.git("repack", "-adfq", "--depth=250", "--window=20")
	return w.dir
}
