package match

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// Automaton tells of most texts without a match of a pattern that they have none, at a small part of what the pattern's
// own matcher costs: one step for each byte, through states that are made when they are first met.
//
// It accepts a little more than the pattern does. Long counted repetitions have no upper bound in it, and bytes of other
// than ASCII characters are not told apart, so that it needs few states. Assertions are exact.
//
// It is safe for concurrent use.
type Automaton struct {
	re    *syntax.Regexp
	most  int
	insts []instruction
	start uint32
	// class groups the bytes that no instruction tells apart; those of a class are represented by one of them.
	class   [256]uint8
	samples []byte

	begin [textEdge + 1]atomic.Pointer[state]

	// mu guards what makes new states.
	mu     sync.Mutex
	states map[string]*state
	size   int
	resets int
	// useless says that there are too many states: everything is accepted.
	useless atomic.Bool
	work    closure
	now     []uint32
	key     []byte
}

// instruction is one of a pattern's program, in a form for bytes.
type instruction struct {
	op       syntax.InstOp
	out, arg uint32
	// ascii are the bytes below 0x80 that are matched, wide whether any other character is.
	ascii [2]uint64
	wide  bool
}

// state is a set of instructions that can be next, with what the byte before them is if that matters.
type state struct {
	set  []uint32
	prev context
	// next is by class of bytes, the end of the text being one more: without a match that may begin behind the byte, and with
	// one.
	next [2][]atomic.Pointer[state]
}

// context is what assertions want to know of a byte.
type context uint8

const (
	other context = iota
	word
	lineEnd
	textEdge
)

// accept is the state behind a match, dead the one that leads nowhere.
var accept, dead = &state{}, &state{}

const (
	// maxStates bounds the memory of the states of one automaton, in bytes, before it starts anew; maxResets is how often
	// it may, before it gives up.
	maxStates = 1 << 19
	maxResets = 8
	// maxInstructions bounds the program.
	maxInstructions = 2000
	// slack is how far the bounds of a repetition may be apart to be kept.
	slack = 4
)

// NewAutomaton makes an automaton of a pattern, or returns nil if it is too large for one.
func NewAutomaton(re *syntax.Regexp) *Automaton {
	return newAutomaton(re, 128)
}

func newAutomaton(re *syntax.Regexp, most int) *Automaton {
	for ; most > 0; most /= 8 {
		prog, err := syntax.Compile(widen(re, most).Simplify())
		if err != nil {
			return nil
		}
		if len(prog.Inst) <= maxInstructions {
			a := &Automaton{re: re, most: most, insts: make([]instruction, len(prog.Inst)), start: uint32(prog.Start), states: map[string]*state{}}
			for i := range prog.Inst {
				a.insts[i] = newInstruction(&prog.Inst[i])
			}
			a.classify()
			a.work.init(len(a.insts))
			return a
		}
	}
	return nil
}

// Coarser returns another automaton in place of one that turned out to need too many states, or nil if there is none. Most
// do not: ok is false for them.
func (a *Automaton) Coarser() (coarser *Automaton, ok bool) {
	if !a.useless.Load() {
		return a, false
	}
	return newAutomaton(a.re, a.most/8), true
}

// widen returns re with the bounds of repetitions loosened: no upper bound where it is far from the lower one, and no
// lower bound above most.
func widen(re *syntax.Regexp, most int) *syntax.Regexp {
	w := *re
	w.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		w.Sub[i] = widen(sub, most)
	}
	if re.Op == syntax.OpRepeat {
		if w.Min > most {
			w.Min, w.Max = most, -1
		}
		if w.Max-w.Min > slack {
			w.Max = -1
		}
	}
	return &w
}

func newInstruction(in *syntax.Inst) instruction {
	n := instruction{op: in.Op, out: in.Out, arg: in.Arg}
	switch in.Op {
	case syntax.InstAltMatch:
		n.op = syntax.InstAlt
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		n.op = syntax.InstRune
		for b := range rune(utf8.RuneSelf) {
			if in.MatchRune(b) {
				n.ascii[b>>6] |= 1 << (b & 63)
			}
		}
		n.wide = in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL || isWide(in)
	}
	return n
}

// isWide reports whether an instruction matches a character that is not ASCII.
func isWide(in *syntax.Inst) bool {
	if len(in.Rune) == 1 { // one character, or those that are the same but for case
		for r := unicode.SimpleFold(in.Rune[0]); syntax.Flags(in.Arg)&syntax.FoldCase != 0 && r != in.Rune[0]; r = unicode.SimpleFold(r) {
			if r >= utf8.RuneSelf {
				return true
			}
		}
	}
	return len(in.Rune) > 0 && in.Rune[len(in.Rune)-1] >= utf8.RuneSelf
}

func (n *instruction) matches(b byte) bool {
	if b >= utf8.RuneSelf {
		return n.wide
	}
	return n.ascii[b>>6]>>(b&63)&1 != 0
}

// classify groups the bytes.
func (a *Automaton) classify() {
	sets := [][2]uint64{}
	for i := range a.insts {
		if n := &a.insts[i]; n.op == syntax.InstRune && !slices.Contains(sets, n.ascii) {
			sets = append(sets, n.ascii)
		}
	}
	seen := map[string]uint8{}
	signature := make([]byte, len(sets)+1)
	for b := range 256 {
		signature[0] = byte(contextOf(byte(b)))
		if b >= utf8.RuneSelf {
			signature[0] = 0xff // all are one class
			clear(signature[1:])
		} else {
			for i, s := range sets {
				signature[i+1] = byte(s[b>>6] >> (b & 63) & 1)
			}
		}
		c, ok := seen[string(signature)]
		if !ok {
			c = uint8(len(a.samples))
			seen[string(signature)] = c
			a.samples = append(a.samples, byte(b))
		}
		a.class[b] = c
	}
}

func contextOf(b byte) context {
	switch {
	case b == '\n':
		return lineEnd
	case b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b == '_':
		return word
	default:
		return other
	}
}

// Walk is a search of one text.
type Walk struct {
	a    *Automaton
	data []byte
	s    *state
	at   int
}

// Walk begins a search of data.
func (a *Automaton) Walk(data []byte) Walk { return Walk{a, data, dead, 0} }

// Hopes reports whether a match may have begun where the walk was told, and may still end.
func (w *Walk) Hopes() bool { return w.s != dead }

// Forget makes the walk one that has not begun.
func (w *Walk) Forget() { w.s = dead }

// Past goes on to just before a position. It returns true where a match may end before it.
func (w *Walk) Past(to int) bool {
	w.run(to-1, 0)
	return w.s == accept
}

// From says that a match may begin at first or behind it up to last. Calls are in order of both. It returns true where a
// match may end up to there.
func (w *Walk) From(first, last int) bool {
	if w.Past(first) {
		return true
	}
	if w.s == dead {
		w.at = first
		prev := textEdge
		if first > 0 {
			prev = contextOf(w.data[first-1])
		}
		w.s = w.a.beginning(prev)
	}
	w.run(last, 1)
	return w.s == accept
}

// End reports whether there may be a match after all.
func (w *Walk) End() bool {
	if w.run(len(w.data), 0); w.s == accept || w.s == dead {
		return w.s == accept
	}
	return w.a.step(w.s, len(w.a.samples), 0) == accept
}

// run goes on to a position, or to where it is decided.
func (w *Walk) run(to, inject int) {
	s, class := w.s, &w.a.class
	if s == accept || s == dead || w.at >= to {
		return
	}
	for i, b := range w.data[w.at:to] {
		c := class[b]
		n := s.next[inject][c].Load()
		if n == nil {
			n = w.a.step(s, int(c), inject)
		}
		if s = n; len(s.set) == 0 {
			w.at += i + 1
			w.s = s
			return
		}
	}
	w.at, w.s = to, s
}

// beginning returns the state before the first byte of a match.
func (a *Automaton) beginning(prev context) *state {
	if s := a.begin[prev].Load(); s != nil {
		return s
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.work.reset()
	matched := a.follow(a.start)
	s := a.intern(matched, prev)
	a.begin[prev].Store(s)
	return s
}

// step returns the state behind a byte of a class, or behind the end, from which on inject says whether a match may begin.
func (a *Automaton) step(s *state, class, inject int) *state {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.successor(s, class, inject)
	s.next[inject][class].Store(n)
	return n
}

func (a *Automaton) successor(s *state, class, inject int) *state {
	after, b := textEdge, byte(0)
	if class < len(a.samples) {
		b = a.samples[class]
		after = contextOf(b)
	}
	flags := syntax.EmptyOpContext(s.prev.sample(), after.sample())
	a.work.reset()
	for _, pc := range s.set {
		if a.hold(pc, flags) {
			return accept
		}
	}
	if after == textEdge {
		return dead
	}
	now := a.now[:0]
	for _, pc := range a.work.list {
		if in := &a.insts[pc]; in.op == syntax.InstRune && in.matches(b) {
			now = append(now, pc)
		}
	}
	a.now = now
	a.work.reset()
	matched := false
	for _, pc := range now {
		if b >= utf8.RuneSelf {
			a.work.add(pc) // it may be the first of several bytes
		}
		matched = a.follow(a.insts[pc].out) || matched
	}
	if inject == 1 {
		matched = a.follow(a.start) || matched
	}
	return a.intern(matched, after)
}

// sample returns a character of a context, for [syntax.EmptyOpContext].
func (c context) sample() rune {
	return [...]rune{other: ' ', word: 'a', lineEnd: '\n', textEdge: -1}[c]
}

// follow adds what can be next from an instruction on, up to assertions. It reports whether a match can end there.
func (a *Automaton) follow(pc uint32) (matched bool) {
	if !a.work.add(pc) {
		return false
	}
	switch in := &a.insts[pc]; in.op {
	case syntax.InstAlt:
		m := a.follow(in.out)
		return a.follow(in.arg) || m
	case syntax.InstCapture, syntax.InstNop:
		return a.follow(in.out)
	case syntax.InstMatch:
		return true
	}
	return false
}

// hold is follow through assertions that hold.
func (a *Automaton) hold(pc uint32, flags syntax.EmptyOp) (matched bool) {
	if !a.work.add(pc) {
		return false
	}
	switch in := &a.insts[pc]; in.op {
	case syntax.InstAlt:
		m := a.hold(in.out, flags)
		return a.hold(in.arg, flags) || m
	case syntax.InstCapture, syntax.InstNop:
		return a.hold(in.out, flags)
	case syntax.InstEmptyWidth:
		return syntax.EmptyOp(in.arg)&^flags == 0 && a.hold(in.out, flags)
	case syntax.InstMatch:
		return true
	}
	return false
}

// intern returns the state of what was collected.
func (a *Automaton) intern(matched bool, prev context) *state {
	if matched {
		return accept
	}
	set, asserts := a.now[:0], false
	for _, pc := range a.work.list {
		switch a.insts[pc].op {
		case syntax.InstEmptyWidth:
			asserts = true
			set = append(set, pc)
		case syntax.InstRune:
			set = append(set, pc)
		}
	}
	a.now = set
	if len(set) == 0 {
		return dead
	}
	if !asserts {
		prev = other
	}
	slices.Sort(set)
	key := append(a.key[:0], byte(prev))
	for _, pc := range set {
		key = binary.LittleEndian.AppendUint16(key, uint16(pc))
	}
	a.key = key
	if s, ok := a.states[string(key)]; ok {
		return s
	}
	if a.size > maxStates {
		clear(a.states)
		for i := range a.begin {
			a.begin[i].Store(nil)
		}
		a.size = 0
		if a.resets++; a.resets > maxResets {
			a.useless.Store(true)
		}
	}
	if a.useless.Load() {
		return accept
	}
	s := &state{set: slices.Clone(set), prev: prev}
	for i := range s.next {
		s.next[i] = make([]atomic.Pointer[state], len(a.samples)+1)
	}
	a.size += 200 + 6*len(set) + 16*len(a.samples)
	a.states[string(key)] = s
	return s
}

// closure is a set of instructions in the order in which they were added.
type closure struct {
	list  []uint32
	place []uint32
}

func (c *closure) init(n int) { c.list, c.place = make([]uint32, 0, n), make([]uint32, n) }

func (c *closure) reset() { c.list = c.list[:0] }

// add reports whether the instruction is new.
func (c *closure) add(pc uint32) bool {
	if p := c.place[pc]; int(p) < len(c.list) && c.list[p] == pc {
		return false
	}
	c.place[pc] = uint32(len(c.list))
	c.list = append(c.list, pc)
	return true
}
