package verify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/scanner"
)

const (
	// liveTTL is how long a credential is taken to be alive without asking again: long enough for a run and its repetition, and
	// shorter than it takes to revoke it, as whoever does that looks next whether it worked.
	liveTTL = time.Minute
	// maxVerdicts bounds what is kept; the oldest go first.
	maxVerdicts = 20000
	// maxDrift is how far ahead an answer may be, for clocks that are set back.
	maxDrift = time.Minute
)

// verdicts are those of earlier runs, all in one record of the cache. What they are about is written as a keyed hash with a key
// that was made for this user, so that the record tells nobody what was asked, nor answers for a secret that is guessed by one
// who has only the record of somebody else.
type verdicts struct {
	opt Options
	mu  sync.Mutex
	record
}

type record struct {
	Key     []byte             `json:"key"`
	Entries map[string]verdict `json:"entries"`
}

// verdict is one that is kept. It holds no secret.
type verdict struct {
	Verdict      scanner.Verdict      `json:"verdict"`
	Verification scanner.Verification `json:"verification"`
}

func recordKey() cache.Key { return sha256.Sum256([]byte("skant verdicts 1")) }

// openVerdicts reads the verdicts that are kept. A record that cannot be read, or is none, is begun anew.
func openVerdicts(opt Options) *verdicts {
	c := &verdicts{opt: opt}
	if opt.Cache == nil {
		return c
	}
	c.record = readRecord(opt.Cache)
	if len(c.Key) != sha256.Size {
		c.record = record{Key: make([]byte, sha256.Size), Entries: map[string]verdict{}}
		_, _ = rand.Read(c.Key) // never fails, see crypto/rand
	}
	return c
}

func readRecord(c *cache.Cache) record {
	data, _, ok := c.Get(recordKey())
	if !ok {
		return record{}
	}
	return decodeRecord(data)
}

func decodeRecord(data []byte) record {
	r := record{}
	if json.Unmarshal(data, &r) != nil || len(r.Key) != sha256.Size {
		return record{}
	}
	if r.Entries == nil {
		r.Entries = map[string]verdict{}
	}
	return r
}

// name is how a task is known in the record: by rule, what is asked and where, and every value that the answer depends on.
func (c *verdicts) name(t *task) string {
	h := hmac.New(sha256.New, c.Key)
	values := t.check.uses(t.values)
	if t.values["endpoint"] != "" && !slices.Contains(values, "endpoint") {
		values = append(values, "endpoint")
	}
	// A hash never fails.
	_, _ = fmt.Fprintf(h, "%s\n%v\n%s", t.rule.ID, t.check.Liveness, canonical(t.values, values))
	return hex.EncodeToString(h.Sum(nil))
}

// keeps returns how long a verdict is kept; 0 for those that are not: unknown is no knowledge.
func (c *verdicts) keeps(v scanner.Verdict) time.Duration {
	switch v {
	case scanner.Live, scanner.Restricted:
		return min(liveTTL, c.opt.TTL)
	case scanner.Dead, scanner.Expired:
		return c.opt.TTL
	default:
		return 0
	}
}

func (c *verdicts) fresh(v verdict, now time.Time) bool {
	age, keeps := now.Sub(v.Verification.At), c.keeps(v.Verdict)
	return keeps > 0 && age >= -maxDrift && age < keeps
}

// get returns what an earlier run was told.
func (c *verdicts) get(t *task) (Result, bool) {
	if c.opt.Cache == nil {
		return Result{}, false
	}
	name := c.name(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.Entries[name]
	if !ok || !c.fresh(v, c.opt.Now()) {
		return Result{}, false
	}
	r := Result(v)
	r.Verification.Cached, r.Verification.Attempts = true, 0
	return r, true
}

// save keeps what was found out now, together with what another run may have written meanwhile.
func (c *verdicts) save(tasks []*task) error {
	if c.opt.Cache == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := false
	for _, t := range tasks {
		if t.settled != nil && !t.cached && t.settled.Verification.Status != 0 && c.keeps(t.settled.Verdict) > 0 {
			c.Entries[c.name(t)] = verdict(*t.settled)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	if other := readRecord(c.opt.Cache); hmac.Equal(other.Key, c.Key) {
		for name, v := range other.Entries {
			if own, ok := c.Entries[name]; !ok || own.Verification.At.Before(v.Verification.At) {
				c.Entries[name] = v
			}
		}
	}
	c.prune()
	data, err := json.Marshal(c.record)
	if err == nil {
		err = c.opt.Cache.Put(recordKey(), data)
	}
	if err != nil {
		return fmt.Errorf("keep verdicts: %w", err)
	}
	return nil
}

// prune drops what is too old to be used, and the oldest of what is too much.
func (c *verdicts) prune() {
	now := c.opt.Now()
	for name, v := range c.Entries {
		if !c.fresh(v, now) {
			delete(c.Entries, name)
		}
	}
	if len(c.Entries) <= maxVerdicts {
		return
	}
	names := make([]string, 0, len(c.Entries))
	for name := range c.Entries {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := c.Entries[b].Verification.At.Compare(c.Entries[a].Verification.At); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names[maxVerdicts:] {
		delete(c.Entries, name)
	}
}
