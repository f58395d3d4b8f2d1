package incident

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// PolicyName is the list at the top of a repository, which everybody gets with a fetch. LocalName is that of one clone or bare
// repository, relative to its common git directory, which nobody can push to; with slashes.
const (
	PolicyName = ".skant-purged"
	LocalName  = "skant/purged"
)

// Bounds of a list. One of the policy is bounded by that of policy files, too, which is less.
const (
	MaxPurged     = 64 << 20
	maxPurgedLine = 512
	maxRuleID     = 200
	printLength   = 32
)

// Purged is what was taken out of a history and may not come back. A nil list is an empty one, for all that only reads it.
type Purged struct {
	objects map[pack.ID]bool
	// secrets has the rule of each fingerprint.
	secrets map[string]string
}

// ReadPurged reads a list: a line is "object HEX", "secret FINGERPRINT RULE", empty, or a comment that begins with #. Anything else
// is an error that begins with "name:LINE: ", because a list that is not understood would keep nothing away. The name is for
// errors alone. More than [MaxPurged] bytes are an error, too.
func ReadPurged(r io.Reader, name string) (*Purged, error) {
	p := &Purged{map[pack.ID]bool{}, map[string]string{}}
	limited := &io.LimitedReader{R: r, N: MaxPurged + 1}
	in := bufio.NewScanner(limited)
	in.Buffer(make([]byte, 0, maxPurgedLine), maxPurgedLine)
	number := 0
	for in.Scan() {
		number++
		line := in.Bytes()
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if err := p.line(string(line)); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	switch err := in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%s:%d: the line has more than %d bytes", name, number+1, maxPurgedLine)
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case limited.N <= 0:
		return nil, fmt.Errorf("read %s: it has more than %d MiB", name, MaxPurged>>20)
	}
	return p, nil
}

// Reasons for which a line is refused. None of them quotes it: somebody may have put a secret there.
var (
	errPurgedLine   = errors.New(`a line is "object ID", "secret FINGERPRINT RULE", empty, or a comment with # at its beginning`)
	errPurgedObject = errors.New("an object has 40 or 64 hex digits, and nothing behind them")
	errPurgedSecret = fmt.Errorf("a secret is named by its fingerprint, which has %d hex digits, and by the id of its rule", printLength)
)

func (p *Purged) line(line string) error {
	if strings.HasPrefix(line, "#") {
		return nil
	}
	if hex, ok := strings.CutPrefix(line, "object "); ok { // as skant writes it, which is nearly every line
		if id, err := pack.ParseID(hex); err == nil && strings.Trim(hex, "0") != "" {
			p.objects[id] = true
			return nil
		}
	}
	words := strings.Fields(line)
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "object":
		if len(words) != 2 {
			return errPurgedObject
		}
		id, err := pack.ParseID(words[1])
		if err != nil || !isObject(words[1]) {
			return errPurgedObject
		}
		p.objects[id] = true
	case words[0] == "secret":
		if len(words) != 3 || !p.addSecret(words[1], words[2]) {
			return errPurgedSecret
		}
	default:
		return errPurgedLine
	}
	return nil
}

// addSecret reports false for what is no fingerprint or no id of a rule.
func (p *Purged) addSecret(fingerprint, rule string) bool {
	if len(fingerprint) != printLength || strings.Trim(fingerprint, "0123456789abcdef") != "" ||
		rule == "" || len(rule) > maxRuleID || strings.Trim(rule, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		return false
	}
	p.secrets[fingerprint] = rule
	return true
}

// NewPurged returns an empty list.
func NewPurged() *Purged { return &Purged{map[pack.ID]bool{}, map[string]string{}} }

// Object reports whether an object may not come back, by the hex digits of its id.
func (p *Purged) Object(hex string) bool {
	if p == nil || len(p.objects) == 0 {
		return false
	}
	id, err := pack.ParseID(hex)
	return err == nil && p.objects[id]
}

// ObjectID is [Purged.Object] for an id.
func (p *Purged) ObjectID(id pack.ID) bool { return p != nil && p.objects[id] }

// Secret reports whether a secret may not come back, by its fingerprint.
func (p *Purged) Secret(fingerprint string) bool { return p != nil && p.secrets[fingerprint] != "" }

// Objects returns the ids, sorted.
func (p *Purged) Objects() []pack.ID {
	if p == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(p.objects), pack.ID.Compare)
}

// Secrets returns the fingerprints, sorted.
func (p *Purged) Secrets() []string {
	if p == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.secrets))
}

// Rules returns the ids of the rules that find what was purged, sorted.
func (p *Purged) Rules() []string {
	if p == nil {
		return nil
	}
	all := slices.Sorted(maps.Values(p.secrets))
	return slices.Compact(all)
}

// Empty reports whether there is nothing that may not come back.
func (p *Purged) Empty() bool { return p == nil || len(p.objects) == 0 && len(p.secrets) == 0 }

// Join adds all of another list, which may be nil.
func (p *Purged) Join(other *Purged) {
	if other == nil {
		return
	}
	maps.Copy(p.objects, other.objects)
	maps.Copy(p.secrets, other.secrets)
}

// Add adds the secrets of an incident, its objects, and the commits from which its purge has moved refs. It is for an incident of
// which the history is purged, or is about to be: until then nothing of it could be pushed any more. What is no id or
// no fingerprint is passed over.
func (p *Purged) Add(f *File) {
	for _, s := range f.Secrets {
		p.addSecret(s.Fingerprint, s.RuleID)
	}
	add := func(hex string) {
		if id, err := pack.ParseID(hex); err == nil && isObject(hex) {
			p.objects[id] = true
		}
	}
	for _, o := range f.Objects {
		add(o.ID)
	}
	for _, r := range f.Rewritten {
		// A ref that was deleted may have named something that is still wanted; if not, it is among the objects.
		if r.New != "" && r.New != r.Old {
			add(r.Old)
		}
	}
}

const purgedHead = `# What was purged from this history and may not come back. skant refuses it in commits, pushes and CI.
# Made by skant; see docs/guard.md. Nothing here is a secret: ids of git objects, and fingerprints.
`

// WriteTo writes the list in the form that [ReadPurged] reads, sorted, so that two of them can be compared.
func (p *Purged) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	b.WriteString(purgedHead)
	for _, fingerprint := range p.Secrets() {
		b.WriteString("secret " + fingerprint + " " + p.secrets[fingerprint] + "\n")
	}
	for _, id := range p.Objects() {
		b.WriteString("object " + id.String() + "\n")
	}
	n, err := w.Write(b.Bytes())
	return int64(n), err
}
