package scanner

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// Coverage is the receipt of a scan: what was read and what was not, with reasons.
type Coverage struct {
	// Complete is false if anything that the scan was asked to read could not be read.
	Complete bool   `json:"complete"`
	Commits  int64  `json:"commits"`
	Blobs    int64  `json:"blobs"`
	Files    int64  `json:"files"`
	Bytes    int64  `json:"bytes"`
	Refs     int64  `json:"refs"`
	Skipped  []Skip `json:"skipped"`
	// Places says how many of each sort of place beside blobs, commits and refs were searched, sorted by What.
	Places []Place `json:"places,omitempty"`
	// Policy is what the configuration took away from the scan; nil if there was none.
	Policy *Policy `json:"policy,omitempty"`
}

// Policy says which rules a configuration left, and what in it makes a scan find, report or stop less than the defaults do.
type Policy struct {
	// Origin is where the repository's configuration was read: "work tree", or "commit 12ab34cd".
	Origin string `json:"origin"`
	// RulesActive and RulesOff count the rules that were searched with and those that are switched off.
	RulesActive int `json:"rules_active"`
	RulesOff    int `json:"rules_off"`
	// Weaker are the first settings that weaken the scan, those of flags left out; Omitted is how many more there are.
	Weaker  []WeakerSetting `json:"weaker"`
	Omitted int             `json:"omitted,omitempty"`
}

// WeakerSetting is one value of a configuration.
type WeakerSetting struct {
	// Setting is the key, for example "rules.disable".
	Setting string `json:"setting"`
	Value   string `json:"value"`
	// Where is the file and line, or the variable: ".skant.yaml:4", "SKANT_MIN_CONFIDENCE".
	Where string `json:"where"`
}

// Place is one sort of place that was searched.
type Place struct {
	// What is the sort in the plural, for example "hooks", "reflogs", "LFS objects".
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// Skip is one reason for which something was not read.
type Skip struct {
	// What is the sort of thing in the plural, for example "blobs", "files", "commits", "archives".
	What string `json:"what"`
	// Reason is a clause that says why and, where there is a remedy, what to do: "larger than 100 MiB; raise --max-size".
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
	// Unread says that the scan was asked to read it and could not: the coverage is incomplete. Otherwise it was left
	// out on purpose (ignored by configuration, another repository).
	Unread bool `json:"unread"`
	// Items are the first few names or object ids.
	Items []string `json:"items,omitempty"`
}

// maxSkipItems bounds the names kept per reason; the count goes on.
const maxSkipItems = 20

// Recorder collects a [Coverage] while sources read. It is safe for concurrent use; the zero value is ready.
type Recorder struct {
	commits, blobs, files, bytes, refs, findings atomic.Int64
	done, total                                  atomic.Int64
	mu                                           sync.Mutex
	phase                                        string
	skips                                        map[skipKey]*Skip
	places                                       map[string]int64
	// whole collects what this recorder is told, if this one is of a part; part names it.
	whole *Recorder
	part  string
	// also is told the same; it may be nil. gaps counts the calls about something that was not read.
	also *Recorder
	gaps atomic.Int64
	// others counts the calls about what is neither a blob nor bytes nor a gap.
	others atomic.Int64
}

// Within returns a recorder of a part, a submodule for instance: what it is told is counted in r, and the names of what
// was not read start with that of the part.
func (r *Recorder) Within(part string) *Recorder {
	if r.part != "" {
		part = r.part + "/" + part
	}
	inner := &Recorder{whole: r.root(), part: part}
	if r.also != nil {
		inner.also = r.also.Within(part)
	}
	return inner
}

// Both returns a recorder that tells r and also what it is told; the progress of a scan only r.
func (r *Recorder) Both(also *Recorder) *Recorder {
	return &Recorder{whole: r.root(), part: r.part, also: also}
}

// tell calls f with every recorder that counts.
func (r *Recorder) tell(f func(*Recorder)) {
	f(r.root())
	if r.also != nil {
		r.also.tell(f)
	}
}

// Amount returns how many blobs and bytes r was told of, and how many times of anything else that was read.
func (r *Recorder) Amount() (blobs, bytes, others int64) {
	r = r.root()
	return r.blobs.Load(), r.bytes.Load(), r.others.Load()
}

// Gaps returns how many times r was told of something that was not read, or left out.
func (r *Recorder) Gaps() int64 { return r.root().gaps.Load() }

// root is the recorder that counts.
func (r *Recorder) root() *Recorder {
	if r.whole != nil {
		return r.whole
	}
	return r
}

type skipKey struct {
	what, reason string
	unread       bool
}

// AddCommits counts commits that were read.
func (r *Recorder) AddCommits(n int) {
	r.tell(func(r *Recorder) { r.commits.Add(int64(n)); r.others.Add(1) })
}

// AddBlob counts one blob of n bytes that was searched.
func (r *Recorder) AddBlob(n int) {
	r.tell(func(r *Recorder) { r.blobs.Add(1); r.bytes.Add(int64(n)) })
}

// AddFile counts one file, or one text that is no blob, of n bytes that was searched.
func (r *Recorder) AddFile(n int) {
	r.tell(func(r *Recorder) { r.files.Add(1); r.bytes.Add(int64(n)); r.others.Add(1) })
}

// AddBytes counts n bytes that were searched and that are neither blob nor file: a commit message, say.
func (r *Recorder) AddBytes(n int) { r.tell(func(r *Recorder) { r.bytes.Add(int64(n)) }) }

// AddRefs counts refs that were read.
func (r *Recorder) AddRefs(n int) {
	r.tell(func(r *Recorder) { r.refs.Add(int64(n)); r.others.Add(1) })
}

// AddPlaces counts n places of one sort, named in the plural, that were searched.
func (r *Recorder) AddPlaces(what string, n int) {
	r.tell(func(r *Recorder) { r.addPlaces(what, int64(n)) })
}

func (r *Recorder) addPlaces(what string, n int64) {
	r.others.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.places == nil {
		r.places = map[string]int64{}
	}
	r.places[what] += n
}

// Unread records that something the scan was asked to read could not be read. item names it (a path, an object id) and
// may be empty.
func (r *Recorder) Unread(what, reason, item string) { r.skip(skipKey{what, reason, true}, 1, item) }

// UnreadCount is [Recorder.Unread] for n things without names.
func (r *Recorder) UnreadCount(what, reason string, n int64) {
	r.skip(skipKey{what, reason, true}, n, "")
}

// LeftOut records that something was left out on purpose: it does not make the coverage incomplete.
func (r *Recorder) LeftOut(what, reason, item string) {
	r.skip(skipKey{what, reason, false}, 1, item)
}

// Add tells r what another recorder recorded, or an earlier scan.
func (r *Recorder) Add(c Coverage) {
	r.tell(func(r *Recorder) {
		r.commits.Add(c.Commits)
		r.blobs.Add(c.Blobs)
		r.files.Add(c.Files)
		r.bytes.Add(c.Bytes)
		r.refs.Add(c.Refs)
		for _, p := range c.Places {
			r.addPlaces(p.What, p.Count)
		}
	})
	for _, s := range c.Skipped {
		k := skipKey{s.What, s.Reason, s.Unread}
		for _, item := range s.Items {
			r.skip(k, 0, item)
		}
		if len(s.Items) > 0 {
			r.count(k, s.Count)
		} else {
			r.skip(k, s.Count, "")
		}
	}
}

// count adds to the number of what was not read for a reason, without a name.
func (r *Recorder) count(k skipKey, n int64) {
	r.tell(func(r *Recorder) { r.enter(k, n, "") })
}

func (r *Recorder) skip(k skipKey, n int64, item string) {
	if r.also != nil {
		r.also.skip(k, n, item)
	}
	switch {
	case r.part != "" && item != "":
		item = r.part + ": " + item
	case r.part != "":
		item = r.part
	}
	r.root().enter(k, n, item)
}

// enter is skip for a recorder that counts itself.
func (r *Recorder) enter(k skipKey, n int64, item string) {
	r.gaps.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.skips == nil {
		r.skips = map[skipKey]*Skip{}
	}
	s := r.skips[k]
	if s == nil {
		s = &Skip{What: k.what, Reason: k.reason, Unread: k.unread}
		r.skips[k] = s
	}
	s.Count += n
	if item == "" {
		return
	}
	// The smallest names are kept, so that the receipt does not depend on the order in which workers met them.
	if i, found := slices.BinarySearch(s.Items, item); !found && i < maxSkipItems {
		s.Items = slices.Insert(s.Items, i, item)
		s.Items = s.Items[:min(len(s.Items), maxSkipItems)]
	}
}

// StartPhase names what is being done now and how many steps it has; total 0 means unknown.
func (r *Recorder) StartPhase(name string, total int64) {
	if r.part != "" {
		name += " of " + r.part
	}
	r = r.root()
	r.mu.Lock()
	r.phase = name
	r.mu.Unlock()
	r.done.Store(0)
	r.total.Store(total)
}

// Step says that n steps of the phase are done.
func (r *Recorder) Step(n int64) { r.root().done.Add(n) }

// Progress is a snapshot of a running scan.
type Progress struct {
	Phase                        string
	Done, Total, Bytes, Findings int64
}

// Progress returns a snapshot; it may be called at any time.
func (r *Recorder) Progress() Progress {
	r = r.root()
	r.mu.Lock()
	phase := r.phase
	r.mu.Unlock()
	return Progress{phase, r.done.Load(), r.total.Load(), r.bytes.Load(), r.findings.Load()}
}

// Coverage returns what was recorded so far, its skips sorted.
func (r *Recorder) Coverage() Coverage {
	r = r.root()
	r.mu.Lock()
	defer r.mu.Unlock()
	c := Coverage{
		Complete: true, Commits: r.commits.Load(), Blobs: r.blobs.Load(), Files: r.files.Load(),
		Bytes: r.bytes.Load(), Refs: r.refs.Load(), Skipped: make([]Skip, 0, len(r.skips)),
	}
	for _, s := range r.skips {
		c.Complete = c.Complete && !s.Unread
		dup := *s
		dup.Items = slices.Clone(s.Items)
		c.Skipped = append(c.Skipped, dup)
	}
	for _, what := range slices.Sorted(maps.Keys(r.places)) {
		c.Places = append(c.Places, Place{what, r.places[what]})
	}
	sort.Slice(c.Skipped, func(i, j int) bool {
		a, b := c.Skipped[i], c.Skipped[j]
		if a.Unread != b.Unread {
			return a.Unread
		}
		return strings.Compare(a.What+"\x00"+a.Reason, b.What+"\x00"+b.Reason) < 0
	})
	return c
}
