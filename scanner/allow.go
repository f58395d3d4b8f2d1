package scanner

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"sort"
	"strconv"
)

// The mechanisms of [Suppression].
const (
	ByInline     = "inline"
	ByIgnoreFile = "ignore-file"
	ByBaseline   = "baseline"
)

// allowReach is how far from a secret on its line a request to allow it may stand, in bytes of the text: a file that is one
// line of a megabyte is not silenced by one comment in it. A line above counts only where the secret's line begins as near.
const allowReach = 1 << 10

// Current is a [Source] of earlier versions of files that can say what they have become. A request to allow a secret counts
// if it stands there: neither a comment that was taken away again nor one that came only later is what decides.
type Current interface {
	// Current returns the versions of the file at a path, relative to the repository's top, in the states that count: HEAD of
	// a history, the tips of a range. There is none if no such file is there any more. An error says that this is not known.
	Current(ctx context.Context, path string) ([][]byte, error)
}

// Sum hashes the value with h, which must be new or reset, and returns the sum. A digest without a key confirms a guess: it
// is for comparing with lists that other tools have written, and never to be shown.
func (s Secret) Sum(h hash.Hash) []byte {
	_, _ = h.Write([]byte(s.Reveal())) // a hash never fails
	return h.Sum(nil)
}

// Key names the finding's rule and secret under a key of the caller's: 128 bits of an HMAC-SHA-256 in hexadecimal. It does
// not depend on the key of fingerprints. It is empty if the value is not known, as in a report that was read back.
func (f *Finding) Key(key []byte) string {
	if !f.Secret.Known() {
		return ""
	}
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(f.RuleID + "\x00" + f.Secret.Reveal())) // a hash never fails
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// allowance is the answer to whether a finding is allowed where it stands.
type allowance struct {
	answer *Suppression
	line   int
}

// settle enters the answer into a finding; path is where the line is.
func (a *allowance) settle(f *Finding, path string) {
	f.Suppressed, f.Refused = nil, nil
	if a == nil || a.answer == nil {
		return
	}
	dup := *a.answer
	if dup.Where = path + ":" + strconv.Itoa(a.line); path == "" {
		dup.Where = "line " + strconv.Itoa(a.line)
	}
	if dup.Refused != "" {
		f.Refused = &dup
	} else {
		f.Suppressed = &dup
	}
}

func (a *allowance) allowed() bool { return a != nil && a.answer != nil && a.answer.Refused == "" }

// allowable reports whether text of this kind can have a comment that somebody reviews: not names and settings, not messages
// of commits, and not what is inside archives.
func allowable(l *Location) bool {
	switch l.Kind {
	case KindFile, KindStdin, KindStaged, KindCommitContent:
		return l.Member == ""
	default:
		return false
	}
}

// allowance asks whether a candidate is allowed by what stands beside or above it; nil if nothing is said about it. Secrets
// are not handed over: a zero byte stands in the place of each.
func (s *Scanner) allowance(at *Location, cand *candidate, lines *lineTable, covers []cover) *allowance {
	if s.opt.Allow == nil || lines.from.binary || !allowable(at) {
		return nil
	}
	line, above, number := lines.around(cand.secret, covers)
	a := &allowance{line: number}
	if a.answer = s.opt.Allow(line, nil, cand.rule.ID); a.answer != nil && a.answer.Refused == "" {
		return a
	}
	if above == nil {
		return a
	}
	if answer := s.opt.Allow(nil, above, cand.rule.ID); answer != nil && (a.answer == nil || answer.Refused == "") {
		a.answer, a.line = answer, number-1
	}
	return a
}

// around returns the text beside a stored span, on its lines and within reach, the line above it, and the number of the line
// on which it begins. above is nil if there is none, or if it is too far away.
func (t *lineTable) around(sp span, covers []cover) (line, above []byte, number int) {
	from, to := t.inText(sp.lo), t.inText(sp.hi)
	start := t.lineStart(t.lineAt(from))
	end := len(t.text)
	if i := t.lineAt(max(from, to-1)); i < len(t.breaks) {
		end = t.breaks[i]
	}
	number = t.from.lines + t.lineAt(from) + 1
	line = t.covered(max(start, from-allowReach), min(end, max(to, from)+allowReach), covers)
	// In a window of a stream the text before the window may belong to the line: it is longer than the reach then.
	if from-start > allowReach || start == 0 {
		return line, nil, number
	}
	over := t.lineStart(t.lineAt(start - 1))
	if start-1-over > allowReach {
		return line, nil, number
	}
	return line, t.covered(over, start-1, covers), number
}

// lineAt returns the index of the line that an offset of the text is in.
func (t *lineTable) lineAt(at int) int { return sort.SearchInts(t.breaks, at) }

// covered returns text[lo:hi] with one zero byte in the place of each secret, and none other.
func (t *lineTable) covered(lo, hi int, covers []cover) []byte {
	out := make([]byte, 0, min(hi-lo, 4*allowReach))
	next := sort.Search(len(covers), func(i int) bool { return covers[i].hi > lo })
	for _, c := range covers[next:] {
		if c.lo >= hi {
			break
		}
		if c.lo > lo {
			out = append(out, t.text[lo:c.lo]...)
		}
		out = append(out, 0)
		lo = min(hi, c.hi)
	}
	return append(out, t.text[lo:hi]...)
}

// verdicts are what became of each fingerprint in some content: allowed only if every place of it is.
type verdicts map[string]*allowance

func (v verdicts) add(fingerprint string, a *allowance) {
	known, met := v[fingerprint]
	said := known != nil && known.answer != nil
	if !met || known.allowed() && !a.allowed() || !said && a != nil && !a.allowed() {
		v[fingerprint] = a
	}
}

// search searches one content in memory. What it could not search counts as not there.
func (s *Scanner) search(data []byte, path string) (verdicts, error) {
	found, err := s.chunk(&Chunk{Data: data, Location: Location{Path: path, Kind: KindCommitContent}}, &Recorder{})
	if err != nil {
		return nil, err
	}
	v := verdicts{}
	for i := range found {
		v.add(found[i].Fingerprint, found[i].allow)
	}
	return v, nil
}

// Allowed searches one version of a file and returns the fingerprints of the secrets in it of which every place is allowed.
func (s *Scanner) Allowed(data []byte, path string) (map[string]bool, error) {
	found, err := s.search(data, path)
	if err != nil {
		return nil, fmt.Errorf("search another version of a file: %w", err)
	}
	out := map[string]bool{}
	for fingerprint, a := range found {
		if a.allowed() {
			out[fingerprint] = true
		}
	}
	return out, nil
}

// settleAllowed decides for every finding whether it is allowed. before are the findings as they were made; attribution may
// have joined several versions of one file to one finding since.
//
// Where the source knows what files have become, that decides: a secret that is there counts unless each place of it there is
// allowed. A secret that is not there any more counts unless it is allowed in every version in which it was found.
func (s *Scanner) settleAllowed(ctx context.Context, src Source, fs []Finding, before foundVersions) {
	if s.opt.Allow == nil {
		return
	}
	current, versions := src.(Current)
	_, everything := src.(Attributor)
	known := map[string]verdicts{}
	for i := range fs {
		f := &fs[i]
		f.allow.settle(f, f.Location.Place())
		l := &f.Location
		// All versions of a history were searched: a secret that is allowed in none of them is not allowed in HEAD's either.
		if !versions || l.Object == "" || everything && !before.some[f.Fingerprint] {
			continue
		}
		keep := before.all[f.Fingerprint].allowed()
		if f.allow != nil && l.Path != "" && l.Submodule == "" { // whoever holds that version, a stash or a reflog too
			held, met := known[l.Path]
			if !met {
				held = s.currently(ctx, current, l.Path)
				known[l.Path] = held
			}
			if a, there := held[f.Fingerprint]; there {
				a.settle(f, l.Path)
				continue
			}
			keep = keep && (everything || held != nil)
		}
		if !keep {
			f.Suppressed = nil
		}
	}
}

// foundVersions says of each fingerprint whether all the content in which it was found allows it, and whether some does.
type foundVersions struct {
	all  verdicts
	some map[string]bool
}

func newFoundVersions(fs []Finding) foundVersions {
	v := foundVersions{verdicts{}, map[string]bool{}}
	for i := range fs {
		v.all.add(fs[i].Fingerprint, fs[i].allow)
		if fs[i].allow.allowed() {
			v.some[fs[i].Fingerprint] = true
		}
	}
	return v
}

// currently searches what a file has become; nil if that is not known.
func (s *Scanner) currently(ctx context.Context, src Current, path string) verdicts {
	all := verdicts{}
	contents, err := src.Current(ctx, path)
	if err != nil {
		return nil
	}
	for _, data := range contents {
		one, err := s.search(data, path)
		if err != nil {
			return nil
		}
		for fingerprint, a := range one {
			all.add(fingerprint, a)
		}
	}
	return all
}

// suppression masks what a suppression says.
func (m *mask) suppression(s *Suppression) *Suppression {
	if s == nil {
		return nil
	}
	dup := *s
	dup.Where, dup.Reason, dup.Refused = m.text(dup.Where), m.text(dup.Reason), m.text(dup.Refused)
	return &dup
}
