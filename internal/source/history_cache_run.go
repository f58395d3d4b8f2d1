package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/scanner"
)

// runRecord is what is kept of a run that came to its end. It holds no secret and nothing of the content: findings are
// told by a hash, commits by their ids.
type runRecord struct {
	// Whole is always set: a record without it is none.
	Whole bool `json:"whole"`
	// Coverage is what was read of the object store, and what of it was not.
	Coverage scanner.Coverage `json:"coverage"`
	// Objects are those in which something was found, in the order in which that happened.
	Objects []string `json:"objects,omitempty"`
	// RefNames says that something was found in names of refs.
	RefNames bool `json:"ref_names,omitempty"`
	// Links are the paths of submodules, LFS the contents that pointers of git-lfs name.
	Links []string `json:"links,omitempty"`
	LFS   []string `json:"lfs,omitempty"`
	// Read is the number of objects that were read.
	Read int64 `json:"read"`
	// Of tells all findings in objects, Found what attribution made of them: of one it may make several, or none.
	Of    string        `json:"of,omitempty"`
	Found []foundRecord `json:"found,omitempty"`
}

// foundRecord is one finding after attribution.
type foundRecord struct {
	// Is tells the finding that it was made of.
	Is string `json:"is"`
	// Path and Kind take the place of the finding's own, and Reasons are added to its. Below says that the finding's own
	// path, a name with a secret in it, follows Path. Everywhere says that it is in no object in particular.
	Path       string            `json:"path,omitempty"`
	Below      bool              `json:"below,omitempty"`
	Everywhere bool              `json:"everywhere,omitempty"`
	Kind       scanner.Kind      `json:"kind"`
	Commit     string            `json:"commit,omitempty"`
	Exposure   *scanner.Exposure `json:"exposure,omitempty"`
	Reasons    []string          `json:"reasons,omitempty"`
}

// maxKeptObjects bounds the objects that are searched again in place of a whole run, in number, and maxRunRecord the
// record in bytes.
const (
	maxKeptObjects = 20_000
	maxRunRecord   = 32 << 20
)

func (m *memory) runKey() cache.Key { return m.key("run, with objects", m.state[:]) }

// recall searches the objects with findings again, if an earlier run has read the same repository to its end and
// nothing has changed since. ok says that the walk has then only to look around; links are the submodules.
func (m *memory) recall(ctx context.Context, w *historyWalk) (links []string, ok bool, err error) {
	if m == nil || !m.stateKnown {
		return nil, false, nil
	}
	data, saved, found := m.cache.Get(m.runKey())
	var r runRecord
	if !found || json.Unmarshal(data, &r) != nil || !r.Whole {
		return nil, false, nil
	}
	ids := make([]pack.ID, len(r.Objects))
	for i, text := range r.Objects {
		if ids[i], err = pack.ParseID(text); err != nil {
			return nil, false, nil //nolint:nilerr // A record that makes no sense is as good as none.
		}
	}
	w.rec.StartPhase("searching again where something was found", int64(len(ids)))
	if err := m.again(ctx, w, ids, r.RefNames); err != nil {
		return nil, false, err
	}
	w.rec.Add(r.Coverage)
	for _, oid := range r.LFS {
		w.lfs.add(oid)
	}
	m.run, m.recalled = &r, true
	m.reused = Reused{Unchanged: true, Objects: r.Read - int64(len(ids)), When: saved}
	return r.Links, true, nil
}

// again visits objects by themselves. What they count is part of the record.
func (m *memory) again(ctx context.Context, w *historyWalk, ids []pack.ID, refNames bool) error {
	own := *w
	own.rec, own.gap = &scanner.Recorder{}, func(string, string, error) {}
	inside := *w.inside
	inside.rec = own.rec
	own.inside = &inside
	own.links.Names = own.treeName
	store, err := m.h.repo.Objects()
	if err != nil {
		return err
	}
	one := func(worker int, id pack.ID) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		t, data, err := store.Get(id)
		if err != nil {
			w.gap("objects", id.String(), err)
			return nil
		}
		w.rec.Step(1)
		return own.object(worker, &pack.Object{ID: id, Type: t, Data: data, Size: int64(len(data))})
	}
	// Trees first and in order: which of several trees with a name is said to have it depends on it.
	var rest []pack.ID
	for _, id := range ids {
		if t, _, err := store.Stat(id); err != nil || t != pack.Tree {
			rest = append(rest, id)
		} else if err := one(0, id); err != nil {
			return err
		}
	}
	errs := make([]error, m.h.opt.Workers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for worker := range errs {
		wg.Go(func() {
			for errs[worker] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(rest) {
					return
				}
				errs[worker] = one(worker, rest[i])
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	own.indexes(ctx)
	if !refNames {
		return nil
	}
	refs, err := m.h.repo.Refs()
	if err != nil {
		w.gap("refs", "", err)
	}
	return own.refs(refs)
}

// walked notes a walk that has read the whole store, before it looks around. links are the submodules.
func (m *memory) walked(ctx context.Context, w *historyWalk, links []string) {
	if m == nil || !m.stateKnown {
		return
	}
	r := &runRecord{Whole: true}
	total := &scanner.Recorder{}
	for n, t := range m.watchers {
		total.Add(t.seen.Coverage())
		if n < m.h.opt.Workers {
			for _, id := range t.unclean {
				r.Objects = append(r.Objects, id.String())
			}
			continue
		}
		r.RefNames = t.dirty > 0
	}
	r.Coverage, r.Links, r.LFS = total.Coverage(), links, w.lfs.list()
	r.Read = w.objects.Load()
	again, err := m.h.repo.State(ctx, m.h.opt.Workers)
	switch {
	case m.lost.Load() || err != nil || again != m.state || len(r.Objects) > maxKeptObjects:
		return
	case len(m.h.repo.StoreProblems()) > 0 || !m.packsAreThere():
		return
	}
	m.run = r
	// Whether anything comes to be attributed is not known here. If so the record is made again; what is told of the store
	// itself is only kept now if nothing in it can be a secret.
	if len(r.Objects) == 0 && !r.RefNames || onlyIDs(r.texts()) {
		m.saveRun()
	}
}

// packsAreThere reports whether the packs that were read are those that were there when the state was taken.
func (m *memory) packsAreThere() bool {
	for i := range m.packs {
		f := &m.packs[i].file
		info, err := os.Stat(f.Path)
		if err != nil {
			return false
		}
		now, ok := cache.Identify(info)
		then, ok2 := cache.Identify(f.Pack)
		if !ok || !ok2 || now != then {
			return false
		}
	}
	return true
}

func (m *memory) saveRun() {
	data, err := json.Marshal(m.run)
	if err == nil && len(data) > maxRunRecord {
		err = fmt.Errorf("save in cache: the record of the run has %d bytes, more than %d", len(data), maxRunRecord)
	}
	if err == nil {
		err = m.cache.Put(m.runKey(), data)
	}
	if err != nil {
		m.failed(err)
	}
}

// forget removes the record of the run.
func (m *memory) forget() {
	m.run = nil
	if err := m.cache.Delete(m.runKey()); err != nil {
		m.failed(err)
	}
}

// texts are all texts of a record that came from the repository.
func (r *runRecord) texts() []string {
	all := slices.Clone(r.Links)
	for i := range r.Coverage.Skipped {
		all = append(all, r.Coverage.Skipped[i].Items...)
	}
	for i := range r.Found {
		f := &r.Found[i]
		all = append(append(all, f.Path), f.Reasons...)
		if f.Exposure != nil {
			all = append(all, f.Exposure.Refs...)
			for _, c := range f.Exposure.Removed {
				all = append(all, c.Author, c.Email, c.Summary)
			}
		}
	}
	return all
}

// reasons are those of what was not read.
func (r *runRecord) reasons() []string {
	var all []string
	for i := range r.Coverage.Skipped {
		all = append(all, r.Coverage.Skipped[i].Reason)
	}
	return all
}

// onlyIDs reports whether all texts are ids of objects. That is no expression, since one would be compiled whenever the
// program starts.
func onlyIDs(texts []string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool {
		return len(s) < 40 || len(s) > 64 || strings.Trim(s, "0123456789abcdef") != ""
	})
}

// attributed keeps what attribution made of the findings, unless it was not told everything, or what it says holds a
// secret.
func (m *memory) attributed(found, out []scanner.Finding, gaps int64) {
	if m == nil || m.run == nil || m.recalled {
		return
	}
	r := *m.run
	m.run = &r
	r.Found = nil
	known, others := byIdentity(found)
	r.Of = digestOf(known)
	ok := len(known)+len(others) == len(found) && gaps == 0
	for i := range out {
		f := &out[i]
		is := identity(f)
		in := known[is]
		switch {
		case in == nil && fromStore(f):
			ok = false
			continue
		case in == nil:
			continue // what is in no object is passed through
		case len(f.Reasons) < len(in.Reasons):
			ok = false
			continue
		}
		record := foundRecord{
			Is: is, Path: f.Location.Path, Kind: f.Location.Kind, Everywhere: f.Location.Object == "",
			Exposure: f.Exposure, Reasons: f.Reasons[len(in.Reasons):],
		}
		if in.Location.Path != "" {
			record.Path, record.Below = strings.CutSuffix(f.Location.Path, in.Location.Path)
		}
		if c := f.Location.Commit; c != nil {
			record.Commit = c.ID
		}
		r.Found = append(r.Found, record)
	}
	if ok && !scanner.Holds(found, append(r.texts(), r.reasons()...)) && m.tellsTheSame(found, out) {
		m.saveRun()
		return
	}
	m.forget()
}

// tellsTheSame reports whether the record, written and read, gives the findings that attribution gave.
func (m *memory) tellsTheSame(found, out []scanner.Finding) bool {
	data, err := json.Marshal(m.run)
	if err != nil {
		return false
	}
	var again runRecord
	if json.Unmarshal(data, &again) != nil {
		return false
	}
	told, ok := again.tell(m.h, found)
	if !ok || len(told) != len(out) {
		return false
	}
	lines := func(fs []scanner.Finding) []string {
		var all []string
		for i := range fs {
			line, err := json.Marshal(&fs[i])
			if err != nil {
				return nil
			}
			all = append(all, string(line))
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(lines(told), lines(out))
}

// attribution returns what an earlier run's attribution made of the same findings; ok is false if there was none, or if
// the findings are others.
func (m *memory) attribution(found []scanner.Finding) (out []scanner.Finding, ok bool) {
	if m == nil || !m.recalled {
		return nil, false
	}
	if out, ok = m.run.tell(m.h, found); !ok {
		m.forget()
	}
	return out, ok
}

// tell makes of findings what the record says.
func (r *runRecord) tell(h *History, found []scanner.Finding) (out []scanner.Finding, ok bool) {
	known, out := byIdentity(found)
	if digestOf(known) != r.Of {
		return nil, false
	}
	a := &attributor{h: h, gap: func(string, string, error) {}, commits: map[pack.ID]*scanner.Commit{}}
	for i := range r.Found {
		record := &r.Found[i]
		in := known[record.Is]
		if in == nil {
			return nil, false
		}
		f := *in
		if record.Below {
			f.Location.Path = record.Path + f.Location.Path
		} else {
			f.Location.Path = record.Path
		}
		if record.Everywhere {
			f.Location.Object = ""
		}
		f.Location.Kind, f.Exposure = record.Kind, record.Exposure
		if record.Commit != "" {
			id, err := pack.ParseID(record.Commit)
			if err != nil {
				return nil, false
			}
			if f.Location.Commit = a.commit(id); f.Location.Commit == nil {
				return nil, false
			}
		}
		for _, reason := range record.Reasons {
			f = withReason(f, reason)
		}
		out = append(out, f)
	}
	return out, true
}

// byIdentity parts the findings in objects from others.
func byIdentity(found []scanner.Finding) (known map[string]*scanner.Finding, others []scanner.Finding) {
	known = map[string]*scanner.Finding{}
	for i := range found {
		if f := &found[i]; fromStore(f) {
			known[identity(f)] = f
		} else {
			others = append(others, *f)
		}
	}
	return known, others
}

// digestOf is a hash over the identities of all findings.
func digestOf(known map[string]*scanner.Finding) string {
	all := strings.Join(slices.Sorted(maps.Keys(known)), " ")
	return hex.EncodeToString(hashOf([]byte(all))[:16])
}

// fromStore reports whether a finding is in an object.
func fromStore(f *scanner.Finding) bool {
	return f.Location.Object != "" && f.Location.Kind != scanner.KindRefName
}

// identity tells a finding from others, before and after attribution, without telling what it is.
func identity(f *scanner.Finding) string {
	l := &f.Location
	kind, object, place := l.Kind, l.Object, ""
	switch kind {
	case scanner.KindCommitContent, scanner.KindNote, scanner.KindStash, scanner.KindReflog, scanner.KindStaged,
		scanner.KindUnreachable:
		if l.Object != "" {
			kind = scanner.KindCommitContent // which of them it is, and where, attribution decides
		} else {
			place = l.Path
		}
	case scanner.KindFileName:
		object, place = "", path.Base(l.Path) // many trees have it, at many paths
	case scanner.KindCommitMessage, scanner.KindAuthor, scanner.KindTagMessage:
	default:
		place = l.Path
	}
	return hex.EncodeToString(hashOf(fmt.Appendf(nil, "%q %q %q %q %q %q %d %q %d:%d %d:%d", object, kind, place, l.Member, f.RuleID,
		f.Fingerprint, l.Offset, l.Decoded, l.StartLine, l.StartColumn, l.EndLine, l.EndColumn))[:16])
}

func hashOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return bytes.Clone(sum[:])
}
