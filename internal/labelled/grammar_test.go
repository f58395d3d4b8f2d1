package labelled

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// half is one of the two parts of the set. Rules are tuned on the first; of the second nobody sees more than figures.
type half int

const (
	tuning half = iota
	heldBack
)

func (h half) String() string {
	if h == tuning {
		return "tuning"
	}
	return "held-back"
}

// halfOf says which half a shape or a word is in. It hangs on nothing but the text, so that adding one moves no other.
func halfOf(kind, text string) half {
	return half(hash("half", kind, text) >> 17 & 1)
}

func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00")) // a hash never fails
	}
	x := h.Sum64() // FNV mixes its last bytes badly, so that bits are spread once more
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return x
}

// shape is a text with placeholders, of which samples are made.
type shape struct {
	id    string // the group, and the shape in it: unique
	path  string // of the file that the sample pretends to be; has placeholders, too
	text  string
	half  half
	alone bool // no lines of other content around it
}

// category is what figures are printed for.
type category struct {
	name     string
	positive bool
	count    int      // samples in each half
	of       []string // kinds of credential, of which each sample has one
	shapes   []*shape
}

// grammar is everything that samples are made of.
type grammar struct {
	categories []*category
	words      map[string][2][]string // by list and half
	around     map[string][2][]string // lines by file extension and half
}

// loadGrammar reads testdata.
func loadGrammar(t testing.TB) *grammar {
	t.Helper()
	g := &grammar{words: map[string][2][]string{}, around: map[string][2][]string{}}
	for _, path := range glob(t, "words/*.txt") {
		g.words[listName(path)] = readWords(t, path, "words")
	}
	for _, path := range glob(t, "around/*.txt") {
		g.around[listName(path)] = readWords(t, path, "around")
	}
	for _, path := range append(glob(t, "positive/*.txt"), glob(t, "harmless/*.txt")...) {
		if err := g.readShapes(path); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// written is how files write a placeholder: everything that looks for credentials takes that for a template. From here on
// it stands between guillemets, because samples have <% in them, too, and guillemets none has.
var written = regexp.MustCompile(`<%([^<>%= ][^<>%]*)%>`)

func readPlaceholders(line string) string { return written.ReplaceAllString(line, "«$1»") }

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join("testdata", filepath.FromSlash(pattern)))
	if err != nil || len(out) == 0 {
		t.Fatalf("testdata/%s: %d files, %v", pattern, len(out), err)
	}
	return out
}

func listName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".txt") }

// readWords reads a list, one entry a line. An entry that begins with "= " is in both halves: words without which a half
// would be like no real code.
func readWords(t testing.TB, path, kind string) (out [2][]string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		line = readPlaceholders(strings.TrimRight(line, "\r\n"))
		switch common, isCommon := strings.CutPrefix(line, "= "); {
		case line == "" || strings.HasPrefix(line, "#!"):
		case isCommon:
			out[tuning], out[heldBack] = append(out[tuning], common), append(out[heldBack], common)
		default:
			h := halfOf(kind, line)
			out[h] = append(out[h], line)
		}
	}
	if kind == "words" && (len(out[tuning]) == 0 || len(out[heldBack]) == 0) {
		t.Fatalf("%s: a half has no words", path)
	}
	return out
}

// readShapes reads a file of shapes:
//
//	## category NAME count=N [of=KIND,KIND:VALUES]   begins a group; several of them share the shapes that follow
//	=== ID PATH [alone]                              a shape: the lines up to the next one
//	*** ID PATH [alone]                              shapes of one line each, up to the next one
//	#! ...                                           a remark
func (g *grammar) readShapes(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	r := &shapeReader{positive: filepath.Base(filepath.Dir(path)) == "positive", ids: map[string]bool{}}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		if err := r.line(g, readPlaceholders(lines.Text())); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	r.end()
	return lines.Err()
}

// shapeReader is the state between two lines of a file of shapes.
type shapeReader struct {
	positive bool
	group    []*category
	inGroup  bool // the group has shapes, so that the next category begins another
	ids      map[string]bool
	now      *shape
	each     bool // every line is a shape
	text     []string
}

func (r *shapeReader) line(g *grammar, line string) error {
	head, rest, _ := strings.Cut(line, " ")
	switch {
	case head == "#!":
		return nil
	case strings.HasPrefix(line, "## category "):
		r.end()
		return r.category(g, rest)
	case head == "===" || head == "***":
		r.end()
		return r.shape(rest, head == "***")
	}
	if r.now == nil && strings.TrimSpace(line) != "" {
		return fmt.Errorf("text outside a shape")
	}
	r.text = append(r.text, line)
	return nil
}

func (r *shapeReader) category(g *grammar, text string) error {
	fields := strings.Fields(text)
	if len(fields) < 3 || fields[0] != "category" {
		return fmt.Errorf("want: ## category NAME count=N [of=KIND,...]")
	}
	if r.inGroup {
		r.group, r.inGroup = nil, false
	}
	c := &category{name: fields[1], positive: r.positive}
	for _, f := range fields[2:] {
		key, value, _ := strings.Cut(f, "=")
		switch key {
		case "count":
			n, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			c.count = n
		case "of":
			c.of = strings.Split(value, ",")
		default:
			return fmt.Errorf("%q is not known", f)
		}
	}
	r.group = append(r.group, c)
	g.categories = append(g.categories, c)
	return nil
}

func (r *shapeReader) shape(text string, each bool) error {
	fields := strings.Fields(text)
	if len(fields) < 2 || len(r.group) == 0 {
		return fmt.Errorf("want, in a category, an id and a path")
	}
	id := r.group[0].name + "/" + fields[0]
	if r.ids[id] {
		return fmt.Errorf("the group has a shape %s already", fields[0])
	}
	r.ids[id], r.inGroup = true, true
	r.now = &shape{id: id, path: fields[1], alone: len(fields) > 2 && fields[2] == "alone"}
	r.each = each
	return nil
}

// end enters what was read since the last heading.
func (r *shapeReader) end() {
	if r.now == nil {
		return
	}
	text := strings.TrimRight(strings.Join(r.text, "\n"), "\n ")
	add := func(s shape) {
		s.half = halfOf("shape", s.id)
		for _, c := range r.group {
			c.shapes = append(c.shapes, &s)
		}
	}
	if r.each {
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimRight(line, " "); line != "" {
				one := *r.now
				one.text = line
				one.id += "/" + strconv.FormatUint(hash(line)>>40, 36)
				add(one)
			}
		}
	} else {
		one := *r.now
		one.text = text
		add(one)
	}
	r.now, r.text = nil, nil
}
