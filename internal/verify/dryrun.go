package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
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

// asked returns a task's request as it may be shown.
func (v *Verifier) asked(ctx context.Context, t *task) Asked {
	if t.settled != nil {
		return Asked{Why: t.settled.Verification.Says}
	}
	by := t.check.variants()[0]
	req, err := v.build(ctx, t, by, t.values)
	if err != nil {
		why, _ := failure(err, "", 0)
		return Asked{Why: why}
	}
	veil := newVeil(t.values, t.secrets)
	a := Asked{Method: req.Method, URL: veil.url(req.URL, by.signed.sign != nil), Body: ""}
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

// veil masks what belongs to a credential, in the forms in which it can stand in a request or an answer.
type veil struct {
	forms []string
	grams map[string]bool
}

// newVeil makes a veil of the named values. The others are public.
func newVeil(values map[string]string, secrets []string) *veil {
	v := &veil{grams: map[string]bool{}}
	for _, name := range secrets {
		v.add(values[name])
	}
	return v
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
	v.forms = append(v.forms, form)
	for i := 0; i+piece <= len(form); i++ {
		v.grams[form[i:i+piece]] = true
	}
}

// hides reports whether something of the credential stands in s.
func (v *veil) hides(s string) bool { return v.text(s) != s }

// text returns s with everything of the credential masked.
func (v *veil) text(s string) string {
	hidden := make([]bool, len(s))
	found := false
	hide := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			hidden[i] = true
		}
		found = true
	}
	for i := 0; i+piece <= len(s); i++ {
		if v.grams[s[i:i+piece]] {
			hide(i, i+piece)
		}
	}
	for _, form := range v.forms {
		if len(form) >= piece {
			continue
		}
		for at := 0; ; {
			i := strings.Index(s[at:], form)
			if i < 0 {
				break
			}
			hide(at+i, at+i+len(form))
			at += i + len(form)
		}
	}
	if !found {
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
	x.Status, x.Headers = a.status, nil
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
