package verify

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// maxLearned bounds a fact that an answer states, in bytes.
const maxLearned = 256

// check is one entry of a rule's liveness, ready for use. known is false where the rule says nothing about it.
type check struct {
	rules.Liveness
	known  bool
	signed signedCheck
	// fields are what the request is made from, looked what answers are looked at with besides.
	fields, looked []string
	// wantsJSON says that some answer is told by its JSON.
	wantsJSON bool
	answers   []compiledAnswer
}

type compiledAnswer struct {
	*rules.Answer
	json, headers map[string]*regexp.Regexp
	body          *regexp.Regexp
}

func (c *check) askable() bool { return c.known && c.Uncheckable == "" }

// checkOf returns how a rule's credential is checked, compiled once for each entry.
func (v *Verifier) checkOf(rule *rules.Rule, secret string) (*check, error) {
	l, known := v.set.LivenessFor(rule, secret)
	key := rule.ID + "/" + l.Name // a name is one of a rule file's, of which several may be of one provider
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.checks[key]; c != nil {
		return c, nil
	}
	c := &check{Liveness: l, known: known}
	if err := c.compile(); err != nil {
		return nil, fmt.Errorf("liveness of %s: %w", rule.ID, err)
	}
	v.checks[key] = c
	return c, nil
}

func (c *check) compile() (err error) {
	if c.Signed != "" {
		if c.signed = signedChecks()[c.Signed]; c.signed.sign == nil {
			return fmt.Errorf("there is no signature %q", c.Signed)
		}
	} else if c.fields, err = c.Request.Fields(); err != nil {
		return err
	}
	if c.looked, err = c.AnswerFields(); err != nil {
		return err
	}
	all := func(from map[string]string) (map[string]*regexp.Regexp, error) {
		to := map[string]*regexp.Regexp{}
		for name, text := range from {
			if to[name], err = regexp.Compile(text); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	for i := range c.Answers {
		a := compiledAnswer{Answer: &c.Answers[i]}
		if a.json, err = all(a.JSON); err != nil {
			return err
		}
		if a.headers, err = all(a.Headers); err != nil {
			return err
		}
		if a.Body != "" {
			if a.body, err = regexp.Compile(a.Body); err != nil {
				return err
			}
		}
		c.wantsJSON = c.wantsJSON || len(a.JSON) > 0
		c.answers = append(c.answers, a)
	}
	return nil
}

// meaning is what an answer says about the credential.
type meaning struct {
	verdict  scanner.Verdict
	says, do string
	learned  map[string]string
	// fits says that one of the rule's answers decided.
	fits bool
}

func unknown(says string) meaning { return meaning{verdict: scanner.Unknown, says: says} }

// judge decides what an answer means. What may come from something between us and the provider is never alive or dead.
func (c *check) judge(a *answer, host string, values map[string]string, secrets []string) meaning {
	switch {
	case a.status/100 == 3:
		return unknown(fmt.Sprintf("%s answered with a redirect (HTTP %d), which is not followed.", host, a.status))
	case a.status == http.StatusProxyAuthRequired:
		return unknown("A proxy asks for a password.")
	case a.encoded:
		return unknown(host + " sent a compressed answer that nobody asked for; it was not unpacked.")
	case a.cut:
		return unknown(fmt.Sprintf("The answer of %s is longer than %d KiB and was not read to its end.", host, maxBody>>10))
	}
	page := isPage(a)
	parsed := gjson.Result{}
	if gjson.ValidBytes(a.body) {
		parsed = gjson.ParseBytes(a.body)
	}
	for i := range c.answers {
		ans := &c.answers[i]
		verdict := scanner.Verdict(ans.Verdict)
		// A login page or a block page fits a status, and now and then a word. It decides only where the rule expects no
		// JSON and asks for more than the status.
		if page && verdict != scanner.Unknown && (c.wantsJSON || ans.body == nil && len(ans.headers) == 0) {
			continue
		}
		if !ans.fits(a, parsed, values) {
			continue
		}
		return meaning{verdict, ans.Says, ans.Do, ans.learn(a, parsed, values, newVeil(values, secrets)), true}
	}
	switch {
	case page:
		return unknown(fmt.Sprintf("A web page came back (HTTP %d) in place of an answer of the API: something between here and %s, or its protection, answered.", a.status, host))
	case a.status == http.StatusTooManyRequests:
		return unknown(host + " wants fewer requests (HTTP 429); that says nothing about the credential.")
	case a.status >= 500:
		return unknown(fmt.Sprintf("%s has trouble of its own (HTTP %d); that says nothing about the credential.", host, a.status))
	default:
		return unknown(fmt.Sprintf("%s gave an answer (HTTP %d) that is not among those whose meaning is known.", host, a.status))
	}
}

// isPage reports whether an answer is for a browser: its content says so, or its type does and the content is not JSON.
func isPage(a *answer) bool {
	start := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(a.body[:min(len(a.body), 512)], []byte("\xef\xbb\xbf"))))
	for _, s := range []string{"<!doctype html", "<html", "<head", "<body"} {
		if bytes.HasPrefix(start, []byte(s)) {
			return true
		}
	}
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	return err == nil && (kind == "text/html" || kind == "application/xhtml+xml") && !gjson.ValidBytes(a.body)
}

// fits reports whether all conditions of an answer hold.
func (ans *compiledAnswer) fits(a *answer, parsed gjson.Result, values map[string]string) bool {
	if len(ans.Status) > 0 && !slices.Contains(ans.Status, a.status) {
		return false
	}
	for path, re := range ans.json {
		at, ok := filledPath(path, values)
		if !ok {
			return false
		}
		got := parsed.Get(at)
		if !got.Exists() || got.Type == gjson.Null || !re.MatchString(got.String()) {
			return false
		}
	}
	for name, re := range ans.headers {
		got := a.header.Values(name)
		if !slices.ContainsFunc(got, re.MatchString) {
			return false
		}
	}
	return ans.body == nil || ans.body.Match(a.body)
}

// filledPath fills values into a JSON path: an answer may have a key that is named after the credential. Everything in a value
// stands for itself.
func filledPath(path string, values map[string]string) (string, bool) {
	if !strings.Contains(path, "{{") {
		return path, true
	}
	plain := rules.Values{}
	for name, v := range values {
		var b strings.Builder
		for _, r := range v {
			if r < 0x80 && !isAlnum(byte(r)) && r != '_' && r != '-' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		plain[name] = b.String()
	}
	at, err := rules.Fill(path, plain)
	return at, err == nil
}

// learn returns the facts of an answer: short, printable, and without anything that was sent.
func (ans *compiledAnswer) learn(a *answer, parsed gjson.Result, values map[string]string, veil *veil) map[string]string {
	if len(ans.Learn) == 0 {
		return nil
	}
	out := map[string]string{}
	for name, from := range ans.Learn {
		text := ""
		if path, ok := strings.CutPrefix(from, "json:"); ok {
			if at, filled := filledPath(path, values); filled {
				text = joined(parsed.Get(at))
			}
		} else if header, ok := strings.CutPrefix(from, "header:"); ok {
			text = strings.Join(a.header.Values(header), ", ")
		}
		text = strings.ToValidUTF8(text, "")
		if len(text) > maxLearned {
			text = strings.ToValidUTF8(text[:maxLearned], "") + "..."
		}
		if text = strings.TrimSpace(text); text != "" && !veil.hides(text) {
			out[name] = visible.Text(text)
		}
	}
	return out
}

// joined writes a JSON value as text, a list with commas.
func joined(r gjson.Result) string {
	if !r.IsArray() {
		return r.String()
	}
	var parts []string
	for _, one := range r.Array() {
		parts = append(parts, one.String())
	}
	return strings.Join(parts, ", ")
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
