// Package chains makes versions of content, each with how it was made from another one, for the tests that hold the
// search of changes against the search of everything. Only tests use it.
//
// It makes what hurts: edits beside, inside and between secrets and the words that rules ask for, copies in any order and
// of any length, encoded text that grows together or falls apart, content that turns into something else.
package chains

// Copy says that Len bytes of a version, from To on, are those of its base from From on.
type Copy struct{ From, To, Len int }

// Version is one version of some content.
type Version struct {
	Data []byte
	// Base is the position in the list of the version that this one was made from, which comes before it; -1 if none.
	Base int
	// Copies say what was copied, sorted by To, without overlaps and never empty. All else was inserted.
	Copies []Copy
}

// Material is what content is made of.
type Material struct {
	// Texts are what there is to find, and what looks like it.
	Texts []string
	// Words are what makes the difference near it: anchors, words that have to stand near, signs.
	Words []string
}

// Choices decide what is made. IntN returns a number from 0 to n-1; 0 stands for the plainest choice. A *rand.Rand of
// math/rand/v2 is one.
type Choices interface{ IntN(n int) int }

// Script is choices written down: each takes as many bytes as its range needs, the lowest first. At the end of the script
// all choices are 0. It makes choices something that a fuzzer can change.
type Script struct{ data []byte }

// NewScript returns the choices that data stands for. It goes on using data.
func NewScript(data []byte) *Script { return &Script{data} }

// IntN implements [Choices].
func (s *Script) IntN(n int) int {
	v, shift := 0, 0
	for rest := n - 1; rest > 0; rest >>= 8 {
		if len(s.data) == 0 {
			break
		}
		v |= int(s.data[0]) << shift
		shift += 8
		s.data = s.data[1:]
	}
	return v % n
}

// Recorder writes down the choices of somebody else, so that a [Script] repeats them.
type Recorder struct {
	From Choices
	Data []byte
}

// IntN implements [Choices].
func (r *Recorder) IntN(n int) int {
	v := r.From.IntN(n)
	for rest, left := n-1, v; rest > 0; rest >>= 8 {
		r.Data = append(r.Data, byte(left))
		left >>= 8
	}
	return v
}

// Limits bound what [Make] makes. The zero value means the defaults.
type Limits struct {
	// Versions is the most versions; 0 means 8.
	Versions int
	// Size is the size in bytes above which versions do not grow any more; 0 means 16 KiB.
	Size int
	// Tree lets versions be made from any version, not only from the one before.
	Tree bool
}

// Make makes content and versions of it.
func Make(m Material, c Choices, limits Limits) []Version {
	if limits.Versions <= 0 {
		limits.Versions = 8
	}
	if limits.Size <= 0 {
		limits.Size = 16 << 10
	}
	k := maker{m: m, c: c, size: limits.Size}
	list := []Version{{Data: k.content(), Base: -1}}
	for n := 1 + c.IntN(limits.Versions-1); n > 0; n-- {
		base := len(list) - 1
		if limits.Tree {
			base -= c.IntN(len(list))
		}
		d := NewDraft(list[base].Data)
		for range 1 + k.small(4) {
			k.edit(d)
		}
		data, copies := d.Done()
		list = append(list, Version{data, base, copies})
	}
	return list
}
