package verify

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Asked is a request as it may be shown: the secret and everything made from it is masked.
type Asked struct {
	Method, URL string
	Headers     [][2]string
	Body        string
	// Why says in one sentence that, and why, no request is made; the other fields are then empty.
	Why string
}

const (
	// mask stands for what is not shown.
	mask = "***"
	// piece is the length of a piece of a secret of which none is shown, in bytes.
	piece = 8
	// maxShown bounds the body of an answer that is shown, maxShownLine a header, in bytes; maxShownHeaders how many there are.
	maxShown        = 4 << 10
	maxShownLine    = 1 << 10
	maxShownHeaders = 60
)

// asked returns a task's request as it may be shown: the first, where there may be several.
func (v *Verifier) asked(ctx context.Context, t *task) Asked {
	return v.askedBy(ctx, t, t.check.variants()[0])
}

// askedBy returns one of a task's requests as it may be shown.
func (v *Verifier) askedBy(ctx context.Context, t *task, by variant) Asked {
	if t.settled != nil {
		return Asked{Why: t.settled.Verification.Says}
	}
	req, err := v.build(ctx, t, by, t.values)
	if err != nil {
		why, _ := failure(err, "", 0)
		return Asked{Why: why}
	}
	veil := t.veil(t.values)
	a := Asked{Method: req.Method, URL: veil.url(req.URL, by.signed.sign != nil)}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		for _, value := range req.Header[name] {
			if by.signed.sign != nil && secretName().MatchString(name) || name == "Authorization" {
				value = credential(value)
			}
			a.Headers = append(a.Headers, [2]string{name, veil.text(value)})
		}
	}
	if req.Body != nil {
		body, err := io.ReadAll(io.LimitReader(req.Body, maxShown))
		if err == nil {
			a.Body = veil.text(string(body))
		}
	}
	return a
}

// credential masks what an Authorization header has after its scheme: what is there may be made from the secret in ways that
// no search finds.
func credential(value string) string {
	if scheme, rest, ok := strings.Cut(value, " "); ok && rest != "" {
		return scheme + " " + mask
	}
	return mask
}

// secretName matches names of headers, query keys and JSON keys whose values are not shown.
var secretName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)authorization|signature|token|secret|password|passwd|credential|cookie|private_?key|api_?key|(^|[-_])sig($|[-_])`)
})

// secretField matches a JSON field with such a name.
var secretField = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)("[a-z0-9_.-]*(?:token|secret|password|passwd|private_?key|api_?key)[a-z0-9_.-]*"\s*:\s*)"(?:[^"\\]|\\.)*"?`)
})

// veil masks what belongs to a credential, in the forms in which it can stand in a request or an answer. Small letters and
// capitals are the same to it.
type veil struct {
	forms []string
	grams map[uint64]struct{}
	// others is a veil over all credentials of the run: a server may answer with one that it was sent before. It may be nil.
	others *veil
}

// newVeil makes a veil of the named values. The others are public.
func newVeil(values map[string]string, secrets []string) *veil {
	v := &veil{grams: map[uint64]struct{}{}}
	for _, name := range secrets {
		v.add(values[name])
	}
	return v
}

// veil returns what masks a task's answers.
func (t *task) veil(values map[string]string) *veil {
	v := newVeil(values, t.secrets)
	v.others = t.others
	return v
}

// addAll returns a veil of what v hides and of the secrets of tasks, as they are.
func (v *veil) addAll(tasks []*task) *veil {
	all := &veil{grams: map[uint64]struct{}{}}
	if v != nil {
		all.forms, all.grams = slices.Clone(v.forms), maps.Clone(v.grams)
	}
	for _, t := range tasks {
		for _, name := range t.secrets {
			body := t.values[name]
			if name == "secret" { // the prefix of its kind is public
				body = body[min(t.prefix, len(body)):]
			}
			if len(body) >= piece {
				all.addForm(body)
			}
		}
	}
	return all
}

func (v *veil) add(value string) {
	v.addForm(value)
	v.addForm(strings.TrimSpace(value))
	v.addForm(url.QueryEscape(value))
	v.addForm(url.PathEscape(value))
	if plain, err := url.PathUnescape(value); err == nil {
		v.addForm(plain) // a URL's query, as a server repeats it
	}
	if quoted, err := json.Marshal(value); err == nil {
		v.addForm(strings.Trim(string(quoted), `"`))
	}
	v.addForm(hex.EncodeToString([]byte(value)))
	backwards := []byte(value)
	slices.Reverse(backwards)
	v.addForm(string(backwards))
	// Base64 of the value within other text: one form for each place that it can start at in a group of three.
	for shift := range min(3, len(value)) {
		inner := value[shift:]
		inner = inner[:len(inner)/3*3]
		v.addForm(base64.StdEncoding.EncodeToString([]byte(inner)))
		v.addForm(base64.URLEncoding.EncodeToString([]byte(inner)))
	}
}

func (v *veil) addForm(form string) {
	if len(form) < 4 {
		return
	}
	form = small(form)
	if len(form) < piece {
		v.forms = append(v.forms, form)
	}
	for i := 0; i+piece <= len(form); i++ {
		v.grams[gram(form[i:])] = struct{}{}
	}
}

// gram returns the first piece of s as a number.
func gram(s string) uint64 {
	var n uint64
	for i := range piece {
		n = n<<8 | uint64(s[i])
	}
	return n
}

// small returns s with the capitals of ASCII made small: byte by byte, so that places stay the same.
func small(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// hides reports whether something of the credential stands in s, in some writing.
func (v *veil) hides(s string) bool { return v.text(s) != s }

// text returns s with everything of the credential masked. Lines in which it stands escaped are masked as a whole.
func (v *veil) text(s string) string {
	if strings.ContainsAny(s, `\%&`) {
		lines := strings.Split(s, "\n")
		for i, line := range lines {
			if plain := unescaped(line); plain != line && v.mark(plain) != nil && v.mark(line) == nil {
				lines[i] = mask
			}
		}
		s = strings.Join(lines, "\n")
	}
	hidden := v.mark(s)
	if hidden == nil {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if !hidden[i] {
			b.WriteByte(s[i])
		} else if i == 0 || !hidden[i-1] {
			b.WriteString(mask)
		}
	}
	return b.String()
}

// mark says which bytes of s belong to a credential; nil if none does.
func (v *veil) mark(s string) []bool {
	low := small(s)
	var hidden []bool
	hide := func(lo, hi int) {
		if hidden == nil {
			hidden = make([]bool, len(s))
		}
		for i := lo; i < hi; i++ {
			hidden[i] = true
		}
	}
	for one := v; one != nil; one = one.others {
		for i := 0; i+piece <= len(low); i++ {
			if _, ok := one.grams[gram(low[i:])]; ok {
				hide(i, i+piece)
			}
		}
		for _, form := range one.forms {
			for at := 0; ; {
				i := strings.Index(low[at:], form)
				if i < 0 {
					break
				}
				hide(at+i, at+i+len(form))
				at += i + len(form)
			}
		}
	}
	return hidden
}

// escape is a character as JSON, URLs and HTML may write it.
var escape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\\+u00[0-9a-f]{2}|\\+x[0-9a-f]{2}|%[0-9a-f]{2}|&#(?:x[0-9a-f]{1,6}|[0-9]{1,7});`)
})

// unescaped undoes such escapes.
func unescaped(s string) string {
	return escape().ReplaceAllStringFunc(s, func(e string) string {
		digits, base := strings.TrimLeft(strings.TrimRight(e, ";"), `\uUxX%&#`), 16
		if strings.HasPrefix(e, "&#") && !strings.ContainsAny(e, "xX") {
			base = 10
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil || n > 0x7f {
			return e
		}
		return string(rune(n))
	})
}

// url returns a URL as it may be shown.
func (v *veil) url(u *url.URL, signed bool) string {
	shown := *u
	if signed && u.RawQuery != "" {
		var parts []string
		for part := range strings.SplitSeq(u.RawQuery, "&") {
			if name, _, ok := strings.Cut(part, "="); ok && secretName().MatchString(name) {
				part = name + "=" + mask
			}
			parts = append(parts, part)
		}
		shown.RawQuery = strings.Join(parts, "&")
	}
	return v.text(shown.String())
}

// show writes an answer to the exchange, masked.
func (x *Exchange) show(a *answer, veil *veil) {
	x.Status = a.status
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		for _, value := range a.header[name] {
			if len(x.Headers) == maxShownHeaders {
				break
			}
			if secretHeader(name) {
				value = mask
			}
			x.Headers = append(x.Headers, [2]string{veil.text(name), shortened(veil.text(value), maxShownLine)})
		}
	}
	x.Body = shortened(secretField().ReplaceAllString(veil.text(string(a.body)), `${1}"`+mask+`"`), maxShown)
	if a.encoded {
		x.Body = ""
	}
}

// secretHeader reports whether a header of an answer may hold something that opens a door.
func secretHeader(name string) bool {
	return name == http.CanonicalHeaderKey("Set-Cookie") || secretName().MatchString(name) && !strings.HasPrefix(strings.ToLower(name), "www-")
}

func shortened(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}
