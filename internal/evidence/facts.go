package evidence

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// Bounds on what is looked at and on what is stated. A credential of any kind known here is far smaller.
const (
	maxValue   = 128 << 10
	maxContext = 16 << 10
	maxFact    = 256
)

// facts collects what may be shown.
type facts map[string]string

// set states a fact if it is a plain name. Facts come from hostile content and end in reports and in commands that a
// person copies, so nothing that a shell or a terminal would interpret gets through.
func (f facts) set(key, value string) {
	if isPlain(value) {
		f[key] = value
	}
}

// setName states a fact that stands where a careless author may have put a secret, such as the user of a URL.
func (f facts) setName(key, value string) {
	if !looksLikeToken(value) {
		f.set(key, value)
	}
}

// setTime states a point in time.
func (f facts) setTime(key string, t time.Time) { f[key] = t.UTC().Format(time.RFC3339) }

// merge adds the facts of g.
func (f facts) merge(g map[string]string) {
	for k, v := range g {
		f[k] = v
	}
}

// isPlain reports whether s consists of characters that mean nothing to a shell, and does not look like an option.
func isPlain(s string) bool {
	if s == "" || len(s) > maxFact || s[0] == '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && !strings.ContainsRune("._:/@+=,~%-", rune(c)) {
			return false
		}
	}
	return true
}

// looksLikeToken reports whether s has a stretch of 20 or more letters and digits with both among them, or the prefix
// of a well-known token. A UUID has no such stretch.
func looksLikeToken(s string) bool {
	for _, prefix := range []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "gl", "sk-", "dckr_", "npm_", "xox"} {
		if len(s) >= 16 && strings.HasPrefix(s, prefix) && strings.ContainsAny(s, "-_") {
			return true
		}
	}
	run, digit, letter := 0, false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			run, digit = run+1, true
		case isAlnum(c):
			run, letter = run+1, true
		default:
			run, digit, letter = 0, false, false
		}
		if run >= 20 && digit && letter {
			return true
		}
	}
	return false
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// every reports whether s is not empty and has only characters of alphabet.
func every(s, alphabet string) bool {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// text returns the value as a string without surrounding white space; ok is false where it is too long to be one.
func (in Input) text() (s string, ok bool) {
	if len(in.Value) > maxValue {
		return "", false
	}
	return strings.TrimSpace(string(in.Value)), true
}

// around returns the context, bounded.
func (in Input) around() string {
	return string(in.Context[:min(len(in.Context), maxContext)])
}

// part returns the first of the named parts that is present.
func (in Input) part(names ...string) string {
	for _, n := range names {
		if v := in.Parts[n]; len(v) > 0 && len(v) <= maxValue {
			return string(v)
		}
	}
	return ""
}

// unbase64 decodes any of the usual spellings: standard or URL-safe, padded or not, with line breaks.
func unbase64(s string) ([]byte, bool) {
	if len(s) > maxValue {
		return nil, false
	}
	s = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "", "\t", "").Replace(s)
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return b, err == nil
}

// object is a JSON object whose members are not decoded yet. Unlike a struct it tells "exp" from "EXP".
type object map[string]json.RawMessage

// parseObject reads b as one JSON object.
func parseObject(b []byte) (object, bool) {
	if len(b) > maxValue {
		return nil, false
	}
	var o object
	if err := json.Unmarshal(b, &o); err != nil || o == nil {
		return nil, false
	}
	return o, true
}

// str returns a string member, or "".
func (o object) str(key string) string {
	var s string
	if err := json.Unmarshal(o[key], &s); err != nil {
		return ""
	}
	return s
}

// object returns a member that is an object, or an empty one.
func (o object) object(key string) object {
	inner, _ := parseObject(o[key])
	return inner
}

// strs returns a member that is a string or a list of strings.
func (o object) strs(key string) []string {
	var list []string
	if err := json.Unmarshal(o[key], &list); err == nil {
		return list
	}
	if s := o.str(key); s != "" {
		return []string{s}
	}
	return nil
}

// seconds returns a numeric member as a time, counted in units of unit since 1970.
func (o object) seconds(key string, unit time.Duration) (time.Time, bool) {
	var n float64
	if err := json.Unmarshal(o[key], &n); err != nil {
		return time.Time{}, false
	}
	n *= unit.Seconds()
	// The year 9999 is the last that RFC 3339 can say.
	if math.IsNaN(n) || n <= 0 || n > 253402300799 {
		return time.Time{}, false
	}
	return time.Unix(int64(n), 0).UTC(), true
}

// objectAround returns the flat JSON object that holds the value: the value itself, the value in base64 or as an
// escaped string, or the braces around it in the context.
func (in Input) objectAround() (object, bool) {
	s, ok := in.text()
	if !ok || s == "" {
		return nil, false
	}
	if o, ok := parseLoose(s); ok {
		return o, true
	}
	if b, ok := unbase64(s); ok {
		if o, ok := parseLoose(string(b)); ok {
			return o, true
		}
	}
	ctx := in.around()
	at := strings.Index(ctx, s)
	if at < 0 {
		return nil, false
	}
	from := strings.LastIndexByte(ctx[:at], '{')
	to := strings.IndexByte(ctx[at+len(s):], '}')
	if from < 0 || to < 0 {
		return nil, false
	}
	return parseLoose(ctx[from : at+len(s)+to+1])
}

// parseLoose reads an object that may itself stand in a JSON string, as in an environment variable.
func parseLoose(s string) (object, bool) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "{") {
		return nil, false
	}
	if o, ok := parseObject([]byte(s)); ok {
		return o, true
	}
	var inner string
	if err := json.Unmarshal([]byte(`"`+s+`"`), &inner); err != nil {
		return nil, false
	}
	return parseObject([]byte(inner))
}

// expiry states when the credential ends and judges it against now.
func (r *Result) expiry(end, now time.Time) {
	if r.Facts == nil {
		r.Facts = map[string]string{}
	}
	facts(r.Facts).setTime("expires", end)
	if !now.IsZero() && end.Before(now) {
		r.Verdict = Expired
		r.Reason = "its expiry date has passed"
	}
}
