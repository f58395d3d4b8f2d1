package verify

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/skant-dev/skant/scanner"
)

// maxControls is how often a control is tried whose question had no answer.
const maxControls = 3

// control is the negative control of a rule at a host: a credential that cannot be alive, asked about in the same way. If it
// seems alive as well, so does everything there, and no answer means anything.
type control struct {
	mu    sync.Mutex
	tries int
	state controlState
}

type controlState int8

const (
	notRun controlState = iota
	// passed: the scrambled secret did not look alive.
	passed
	// failed: it did.
	failed
)

// The sentences for what a control came to.
const (
	saysFailed = "The answer looked alive, but so did the answer to a made-up credential: whatever answers there does not look at it."
	saysNotRun = "The answer looked alive, but the same question with a made-up credential had no answer, so that it does not count."
	doNotRun   = "Ask again later."
)

// controlOf returns the control for a task's rule at the host that was asked.
func (v *Verifier) controlOf(t *task, host string) *control {
	key := t.rule.ID + "\x00" + t.check.Name + "\x00" + host
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.controls[key] == nil {
		v.controls[key] = &control{}
	}
	return v.controls[key]
}

// controlled lets a verdict of alive count only once the negative control has shown that such an answer means something.
func (v *Verifier) controlled(ctx context.Context, t *task, o outcome) Result {
	c := v.controlOf(t, o.Verification.Host)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == notRun && c.tries < maxControls { // where it had no answer another credential tries again
		c.tries++
		v.runControl(ctx, t, o.by, c)
	}
	switch c.state {
	case passed:
		return o.Result
	case failed:
		return doubted(o.Result, saysFailed, "")
	default:
		return doubted(o.Result, saysNotRun, doNotRun)
	}
}

// runControl asks with a scrambled secret.
func (v *Verifier) runControl(ctx context.Context, t *task, by variant, c *control) {
	values, err := scrambled(t, by)
	if err != nil {
		return
	}
	if same, err := v.sameRequest(ctx, t, by, values); err != nil || same {
		// What does not depend on the secret cannot be put to the test by changing it.
		if err == nil {
			c.state = passed
		}
		return
	}
	o := v.paced(ctx, t, by, values, nil)
	switch {
	case !o.answered:
	case alive(o.Verdict):
		c.state = failed
	default:
		c.state = passed
	}
}

// doubted turns a verdict into unknown and says why. What was learnt goes, too: it is not known whose it is.
func doubted(r Result, says, do string) Result {
	r.Verdict = scanner.Unknown
	r.Verification.Says, r.Verification.Do, r.Verification.Learned = says, do, nil
	return r
}

// confirm takes back what was said of a credential where the control has failed: everything of that rule at that host, in this run or kept
// from an earlier one.
func (v *Verifier) confirm(t *task) {
	if t.settled == nil || t.settled.Verification.Status == 0 {
		return
	}
	c := v.controlOf(t, t.settled.Verification.Host)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == failed && t.settled.Verdict != scanner.Unknown {
		r := doubted(*t.settled, "An answer to a made-up credential of this kind looked alive: what answers there does not look at credentials.", "")
		t.settled = &r
	}
}

// scrambled returns a task's values with another secret of the same shape.
func scrambled(t *task, by variant) (map[string]string, error) {
	if by.signed.scramble != nil {
		return by.signed.scramble(t.values)
	}
	secret, err := scramble(t.values["secret"], t.prefix)
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(t.values)
	changed["secret"] = secret
	for name, value := range t.values { // the secret under its other names
		if name != "endpoint" && value == t.values["secret"] {
			changed[name] = secret
		}
	}
	return changed, nil
}

// sameRequest reports whether a task's request is the same with other values.
func (v *Verifier) sameRequest(ctx context.Context, t *task, by variant, values map[string]string) (bool, error) {
	if by.signed.sign != nil {
		return false, nil // signatures have the time in them
	}
	a, err := v.build(ctx, t, by, t.values)
	if err != nil {
		return false, err
	}
	b, err := v.build(ctx, t, by, values)
	if err != nil {
		return false, err
	}
	text := func(r *http.Request) ([]byte, error) {
		if r.Body == nil {
			return nil, nil
		}
		return io.ReadAll(r.Body)
	}
	bodyA, errA := text(a)
	bodyB, errB := text(b)
	if errA != nil || errB != nil {
		return false, unaskable("The request could not be made from what was found.")
	}
	return a.URL.String() == b.URL.String() && maps.EqualFunc(a.Header, b.Header, slices.Equal[[]string]) && bytes.Equal(bodyA, bodyB), nil
}

// scramble returns a value of the same shape that is not the secret: the characters of its last half, 8 at least, are others of
// their kind. What says who it belongs to stands in front in most kinds, and stays, so that the value is looked at as far as
// such a value is. Separators and padding stay, and of a token in segments only the last, the signature, changes.
func scramble(secret string, prefix int) (string, error) {
	from := prefix + max(0, (len(secret)-prefix)/2)
	if len(secret)-from < 8 {
		from = max(prefix, len(secret)-8)
	}
	if dot := strings.LastIndexByte(secret, '.'); strings.Count(secret, ".") == 2 && len(secret)-dot > 8 {
		from = max(prefix, dot+1)
	}
	if u, err := url.Parse(secret); err == nil && u.Host != "" {
		from = max(from, strings.Index(secret, u.Host)+len(u.Host))
	}
	return scrambleFrom(secret, from)
}

// scrambleFrom changes every letter and digit of s from an offset on into another of its kind.
func scrambleFrom(s string, from int) (string, error) {
	b := []byte(s)
	from = max(from, 0)
	hex := !strings.ContainsFunc(string(b[from:]), func(r rune) bool { return !strings.ContainsRune("0123456789abcdef-", r) })
	for i := from; i < len(b); i++ {
		kind := ""
		switch c := b[i]; {
		case hex && c >= 'a' && c <= 'f':
			kind = "abcdef"
		case c >= '0' && c <= '9':
			kind = digits
		case c >= 'a' && c <= 'z':
			kind = lower
		case c >= 'A' && c <= 'Z':
			kind = upper
		default:
			continue
		}
		// One of the others: the same character again could leave a short secret as it was.
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(kind)-1)))
		if err != nil {
			return "", err
		}
		b[i] = kind[(strings.IndexByte(kind, b[i])+1+int(n.Int64()))%len(kind)]
	}
	if string(b) == s {
		return "", unaskable("There is nothing in it to scramble.")
	}
	return string(b), nil
}
