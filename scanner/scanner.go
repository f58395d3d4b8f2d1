// Package scanner is the engine: bytes in, findings out.
//
// A [Scanner] searches what a [Source] yields: one search for the anchors of all rules, then each rule's pattern in a
// bounded window around its anchors, in the content as it is and in what decoding it shows. It knows no git, no
// network, no output format and no flags. Values that must not be shown are held as [Secret].
package scanner

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/decode"
	"github.com/skant-dev/skant/rules"
)

// Options are a scan's settings. The zero value reports what is at least of medium confidence.
type Options struct {
	// MinConfidence is the least confidence that is reported; empty means medium.
	MinConfidence rules.Confidence
	// IncludeExamples reports placeholders and published examples, too, whatever their confidence.
	IncludeExamples bool
	// FingerprintKey keys fingerprints; nil means the key that every installation shares. See docs/decisions.
	FingerprintKey []byte
	// ShowSecrets fills in Finding.Revealed.
	ShowSecrets bool
	// Now is the time against which expiry dates are judged; the zero value means the time of New.
	Now time.Time
	// Allow, if not nil, says whether the text around a finding asks not to count it. It is called for each finding with
	// line, the text beside the secret on its line or lines, at most 1 KiB to either side, and, if that gives no Suppression,
	// with above alone, the line before; the other one is nil. In the place of each secret stands a zero byte. It returns nil
	// if nothing is asked for, and a Suppression with Refused set if something is that cannot be obeyed; Where is filled in
	// by the engine. It must be safe for concurrent use, and keep nothing of the slices.
	Allow func(line, above []byte, ruleID string) *Suppression
	// Veil, if not nil, returns rules that are switched off. They report nothing; what they would find is masked in the texts
	// of other findings, and in what Scrub returns. It is called at most once, and only if there is something to show.
	Veil func() *rules.Set
	// Purged, if not nil, reports whether a secret was taken out of the history once, by its fingerprint. A finding of one is
	// reported whatever its confidence, and is not suppressed by what stands beside it.
	Purged func(fingerprint string) bool
	// Further, if not nil, returns findings that no search finds: git objects under [PurgedObjectRule]. It is called once the
	// source was read.
	Further func() []Finding
	// Found, if not nil, is told of each secret once, by its fingerprint, at the first place where it would be reported by what is
	// known then, and of all that is reported before Scan returns (Further aside). Calls come one at a time, from any goroutine of
	// the scan, which waits meanwhile.
	Found func(Found)
	// Known, if not nil, knows the values that rules with Known look for.
	Known KnownValues
}

// Scanner is a set of rules ready to search. It is safe for concurrent use and holds no state between scans.
type Scanner struct {
	opt     Options
	set     *rules.Set
	rules   ruleList
	anchors *anchorTable
	pool    sync.Pool
	forms   tokenForms
	// veil makes the scanner of the rules that are switched off; nil if there are none.
	veil func() (*Scanner, error)

	marginOnce sync.Once
	marginSize int
	// step replaces windowStep, for tests.
	step int
}

// New prepares rules for searching. Patterns compile on first use.
func New(set *rules.Set, opt Options) (*Scanner, error) {
	if set.Len() == 0 {
		return nil, errors.New("prepare rules: there are none, so nothing could ever be found")
	}
	if opt.MinConfidence == "" {
		opt.MinConfidence = rules.MediumConfidence
	}
	if opt.MinConfidence.Rank() < 0 {
		return nil, fmt.Errorf("prepare rules: confidence %q: known are certain, high, medium, low", opt.MinConfidence)
	}
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	s := &Scanner{opt: opt, set: set, anchors: anchorsOf(set)}
	s.rules = newRuleList(set, &s.opt)
	s.veil = veilOf(&s.opt)
	s.pool.New = func() any { return &scratch{check: &checker{}} }
	return s, nil
}

// Result is what a scan found and what it read.
type Result struct {
	// Findings are sorted by place.
	Findings []Finding
	Coverage Coverage
	// Hidden counts findings below the least confidence that was asked for.
	Hidden int
}

// Scan searches a source. It returns an error only if a rule cannot be used; what could not be read, being stopped by
// ctx included, makes the result's coverage incomplete. rec may be nil; it may be watched while the scan runs.
func (s *Scanner) Scan(ctx context.Context, src Source, rec *Recorder) (*Result, error) {
	if rec == nil {
		rec = &Recorder{}
	}
	var mu sync.Mutex
	var all []Finding
	var failed error
	told := s.newTeller()
	err := src.Walk(ctx, rec, func(c *Chunk) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		var fs []Finding
		var err error
		if c.Stream != nil {
			fs, err = s.stream(ctx, c, rec)
		} else {
			fs, err = s.chunk(c, rec)
		}
		if err == nil && len(fs) == 0 {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		var ended *StreamError
		if err != nil && !errors.As(err, &ended) {
			failed = err
			return err
		}
		all = append(all, fs...)
		told.met(fs)
		rec.findings.Add(int64(len(fs)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	})
	if failed != nil {
		return nil, failed
	}
	recordStop(rec, "content", err)
	all = dropRepeated(all)
	found := newFoundVersions(all)
	if a, ok := src.(Attributor); ok && len(all) > 0 {
		sortFindings(all)
		attributed, err := a.Attribute(ctx, rec, all)
		if err != nil {
			recordStop(rec, "attribution", err)
		} else {
			all = attributed
		}
	}
	s.settleAllowed(ctx, src, all, found)
	res, err := s.finish(all, rec)
	if err == nil {
		told.settled(res.Findings)
	}
	return res, err
}

// recordStop enters the reason for which a walk ended early.
func recordStop(rec *Recorder, what string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		rec.Unread(what, "the time limit was reached; raise --timeout", "")
	case errors.Is(err, context.Canceled):
		rec.Unread(what, "the scan was interrupted", "")
	default:
		rec.Unread(what, err.Error(), "")
	}
}

// chunk searches one piece of content.
func (s *Scanner) chunk(c *Chunk, rec *Recorder) ([]Finding, error) {
	sc := s.pool.Get().(*scratch)
	defer s.pool.Put(sc)
	sc.truncated, sc.bounded, sc.views = false, false, 0
	text, cands, err := s.candidates(c, sc)
	if err != nil {
		return nil, err
	}
	sc.note(rec, name(c.Location))
	if sc.truncated || sc.bounded {
		c.State = nil
	}
	c.Clean = len(cands) == 0 && !sc.truncated && !sc.bounded
	if len(cands) == 0 {
		return nil, nil
	}
	return s.locate(c, text, resolve(cands), s.veiled(text, cands), rec), nil
}

// candidates searches a chunk's content, or what of it is new, and what decoding shows of it.
func (s *Scanner) candidates(c *Chunk, sc *scratch) (text view, cands []candidate, err error) {
	if v, ok := decode.UTF16(c.Data); ok {
		text = decodedView(v)
		text.steps = nil // the file's own character set is no disguise
		if cands, err = s.searchView(text, c.Location.file(), sc, nil); err == nil {
			cands, err = s.searchViews(text, 0, len(text.data), c.Location.file(), sc, cands)
		}
		return text, cands, err
	}
	text = rawView(c.Data)
	changed := sc.changes.takeOver(c)
	if changed {
		s.carry(sc)
		cands, err = s.searchChanged(text, c.Location.file(), sc, nil)
	} else {
		cands, err = s.searchView(text, c.Location.file(), sc, nil)
	}
	if err != nil {
		return text, nil, err
	}
	if c.KeepState {
		c.State = s.newState(len(c.Data), changed, sc)
	}
	raw := len(cands)
	if changed && !c.Base.decoded {
		err = sc.changes.changedLines(func(lo, hi int) (err error) {
			cands, err = s.searchViews(text, lo, hi, c.Location.file(), sc, cands)
			return err
		})
	} else {
		cands, err = s.searchViews(text, 0, len(c.Data), c.Location.file(), sc, cands)
	}
	if c.State != nil {
		c.State.decoded = len(cands) > raw
	}
	return text, cands, err
}

// searchViews searches what decoding shows of text.data[lo:hi].
func (s *Scanner) searchViews(text view, lo, hi int, path string, sc *scratch, cands []candidate) ([]candidate, error) {
	views, bound := decode.Views(text.data[lo:hi], decode.Options{MaxOutput: 4*len(text.data) + 1<<20})
	sc.bounded = sc.bounded || bound
	for i := range views {
		v := decodedView(&views[i])
		sc.views++
		v.id = sc.views
		inner := v.source
		v.source = func(a, b int) (int, int) {
			a, b = inner(a, b)
			return text.source(lo+a, lo+b)
		}
		var err error
		if cands, err = s.searchView(v, path, sc, cands); err != nil {
			return cands, err
		}
	}
	return cands, nil
}

// name tells a piece of content from others in the coverage.
func name(l Location) string {
	if l.Path == "" {
		l.Path = l.Object
	}
	return l.Place()
}

// finish does what needs all findings at once: what a path decides, confidence, order, and masking every text that
// came from the repository.
func (s *Scanner) finish(all []Finding, rec *Recorder) (*Result, error) {
	res := &Result{Findings: []Finding{}}
	mask := newMask(all)
	mask.veil, mask.scrub = s.scrubVeiled, s.Scrub
	all, err := s.dropOverruled(all)
	if err != nil {
		return nil, err
	}
	spread := spreadOf(all)
	if s.opt.Further != nil {
		all = append(all, s.opt.Further()...)
	}
	for _, f := range all {
		f.weighPath(spread[f.Fingerprint])
		s.markPurged(&f)
		if !s.reports(&f) {
			res.Hidden++
			continue
		}
		if f.Refused != nil {
			f.Reasons = append(f.Reasons[:len(f.Reasons):len(f.Reasons)], "asked to be allowed at "+f.Refused.Where+", which does not count: "+f.Refused.Refused)
		}
		mask.finding(&f)
		if s.opt.ShowSecrets {
			f.Revealed = f.Secret.Reveal()
		}
		res.Findings = append(res.Findings, f)
	}
	sortFindings(res.Findings)
	res.Coverage = rec.Coverage()
	mask.coverage(&res.Coverage)
	return res, nil
}

// dropOverruled leaves out findings of rules that are not for their path, which became known after the search, and those
// that are overruled by a rule that is.
func (s *Scanner) dropOverruled(all []Finding) ([]Finding, error) {
	kept := make([]Finding, 0, len(all))
	for i := range all {
		ok, err := s.pathAllows(&all[i])
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, all[i])
		}
	}
	type place struct {
		path, object, commit, submodule string
		offset                          int64
	}
	at := func(f *Finding) place {
		l := &f.Location
		return place{l.Place(), l.Object, l.commitKey(), l.Submodule, l.Offset}
	}
	best := map[place]int{}
	for i := range kept {
		if p := at(&kept[i]); kept[i].conditional {
			best[p] = max(best[p], kept[i].priority)
		}
	}
	if len(best) == 0 {
		return kept, nil
	}
	return slices.DeleteFunc(kept, func(f Finding) bool { return f.priority < best[at(&f)] }), nil
}

// pathAllows applies a rule's paths to a finding whose path became known after the search.
func (s *Scanner) pathAllows(f *Finding) (bool, error) {
	i := s.rules.find(f.RuleID)
	if i < 0 || f.Location.file() == "" {
		return true, nil
	}
	return s.rules.at(i).checks.pathMatches(f.Location.file())
}

// fingerprint identifies a secret under a rule without telling it.
func (s *Scanner) fingerprint(ruleID, value string) string {
	key := s.opt.FingerprintKey
	if key == nil {
		key = []byte("skant fingerprint 1")
	}
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(ruleID + "\x00" + value)) // a hash never fails
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// sortFindings orders by place, then rule, so that the order does not depend on which worker was first.
func sortFindings(fs []Finding) {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		la, lb := a.Location, b.Location
		for _, d := range []int{
			strings.Compare(la.Path, lb.Path), strings.Compare(la.Member, lb.Member), int(la.Offset - lb.Offset),
			strings.Compare(string(la.Kind), string(lb.Kind)),
			strings.Compare(la.commitKey(), lb.commitKey()), strings.Compare(la.Object, lb.Object),
			strings.Compare(a.RuleID, b.RuleID), strings.Compare(a.Fingerprint, b.Fingerprint),
		} {
			if d != 0 {
				return d
			}
		}
		return 0
	})
}

func (l Location) commitKey() string {
	if l.Commit == nil {
		return ""
	}
	return l.Commit.Date.UTC().Format(time.RFC3339) + l.Commit.ID
}
