package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Guard notes git objects that were purged from the history and come back. A nil guard, and one without Refuse, note nothing and
// cost nothing. It is safe for concurrent use once its fields are set.
type Guard struct {
	// Refuse reports whether an object was purged.
	Refuse func(pack.ID) bool
	// Objects returns all that were purged. Where a clone has none of the commits among them, no history needs to be walked.
	Objects func() []pack.ID

	mu  sync.Mutex
	met []scanner.Finding
	// first is what has to be done before anything else, as a further reason of each finding; empty for nothing.
	first string
	// seen has the index in met.
	seen map[metObject]int
}

// metObject is one object in one place.
type metObject struct{ id, path string }

// maxMet bounds the objects that are named: a stale clone may have thousands.
const maxMet = 200

// Reasons of findings, and the title of all of them.
const (
	purgedTitle    = "object that was purged from the history"
	purgedBlob     = "this content was purged from the history after a leak, and may not come back"
	purgedCommit   = "this commit was purged from the history after a leak: what is built on it brings the secret back"
	purgedTag      = "this tag was purged from the history after a leak, and may not come back"
	purgedHead     = "HEAD is a commit that was purged from the history after a leak: what is committed on it brings the secret back"
	purgedMerged   = "this commit, which is being merged, was purged from the history after a leak"
	omittedObjects = "they were purged from the history, too; only the first are listed as findings"
)

func (g *Guard) on() bool { return g != nil && g.Refuse != nil }

// object notes an object that was purged. l says where it comes back; its Object is filled in.
func (g *Guard) object(rec *scanner.Recorder, id pack.ID, l scanner.Location, reason string) {
	if !g.on() || !g.Refuse(id) {
		return
	}
	l.Object = id.String()
	g.mu.Lock()
	defer g.mu.Unlock()
	at := metObject{l.Object, l.Path}
	if i, known := g.seen[at]; known {
		if i < len(g.met) && g.met[i].Location.Commit == nil {
			g.met[i].Location.Commit = l.Commit // a commit is met as a parent before it is read
		}
		return
	}
	if g.seen == nil {
		g.seen = map[metObject]int{}
	}
	g.seen[at] = len(g.met)
	if len(g.met) == maxMet {
		g.seen[at] = maxMet // it is in no list
		rec.LeftOut("purged objects", omittedObjects, l.Object)
		return
	}
	reasons := []string{reason}
	if g.first != "" {
		reasons = append(reasons, g.first)
	}
	sum := sha256.Sum256([]byte(scanner.PurgedObjectRule + "\x00" + l.Object))
	g.met = append(g.met, scanner.Finding{
		Fingerprint: hex.EncodeToString(sum[:16]), RuleID: scanner.PurgedObjectRule, Title: purgedTitle, Severity: rules.Critical,
		Confidence: rules.Certain, Location: l, Reasons: reasons, Purged: true,
	})
}

// Found returns a finding for each object that was noted, at most 200.
func (g *Guard) Found() []scanner.Finding {
	if !g.on() {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]scanner.Finding(nil), g.met...)
}

func (g *Guard) change(rec *scanner.Recorder, change *repo.Change, kind scanner.Kind, about *scanner.Commit) {
	if g.on() {
		g.object(rec, change.ID, scanner.Location{Path: change.Path, Kind: kind, Commit: about}, purgedBlob)
	}
}

func (g *Guard) commit(rec *scanner.Recorder, id pack.ID, about *scanner.Commit, reason string) {
	if g.on() {
		g.object(rec, id, scanner.Location{Kind: scanner.KindCommitMessage, Commit: about}, reason)
	}
}

func (g *Guard) tag(rec *scanner.Recorder, id pack.ID) {
	if g.on() {
		g.object(rec, id, scanner.Location{Kind: scanner.KindTagMessage}, purgedTag)
	}
}

// Reach notes the purged commits that tips lead to, on each way the first. What the other side has already is no excuse: a
// pull request's ref, or a branch that everybody has forgotten, may still hold what a branch is not to get back.
func (g *Guard) Reach(ctx context.Context, rec *scanner.Recorder, r *repo.Repository, tips []pack.ID) error {
	if !g.on() || len(tips) == 0 || !g.present(r) {
		return nil
	}
	rec.StartPhase("looking for purged commits", 0)
	return r.Ancestors(ctx, tips, func(id pack.ID, c *repo.Commit) bool {
		if !g.Refuse(id) {
			return true
		}
		var about *scanner.Commit
		if c != nil {
			about = describeCommit(c)
		}
		g.commit(rec, id, about, purgedCommit)
		return false
	})
}

// present reports whether a purged commit may be reached here: one that is not in the store is not, unless history ends early.
func (g *Guard) present(r *repo.Repository) bool {
	for _, l := range r.Limits() {
		if l.Kind == repo.Shallow || l.Kind == repo.Partial {
			return true
		}
	}
	store, err := r.Objects()
	if err != nil {
		return true
	}
	for _, id := range g.Objects() {
		if !store.Has(id) {
			continue
		}
		if kind, _, err := store.Stat(id); err != nil || kind == pack.Commit {
			return true
		}
	}
	return false
}
