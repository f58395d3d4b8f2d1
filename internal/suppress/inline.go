package suppress

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/skant-dev/skant/scanner"
)

// Marker begins an inline request: "skant:allow RULE[,RULE] [until=2027-01-31] reason". It stands on the line of the secret,
// or alone in the comment that is the line above.
const Marker = "skant:allow"

const (
	// maxReason bounds a reason in bytes; what is beyond is cut off.
	maxReason = 200
	// leastWord is how many letters the longest word of a reason has at least.
	leastWord = 3
	dateForm  = "2006-01-02"
)

// Allow answers what the text around a finding asks for; see scanner.Options.Allow. It is safe for concurrent use.
func (p *Policy) Allow(line, above []byte, ruleID string) *scanner.Suppression {
	if p == nil || p.opt.NoPolicy {
		return nil
	}
	if above == nil {
		return p.asked(line, ruleID)
	}
	if !ownLine(above) {
		return nil
	}
	if p.opt.CompatAllow && foreignNext(above) {
		return &scanner.Suppression{By: scanner.ByInline, Reason: nextLineMark}
	}
	if !bytes.Contains(above, []byte(Marker)) {
		return nil // what other tools call a comment of its own is only the one for the next line
	}
	return p.asked(above, ruleID)
}

// asked reads the requests on a line. One that is obeyed wins over one that is not.
func (p *Policy) asked(line []byte, ruleID string) *scanner.Suppression {
	var refused *scanner.Suppression
	for rest := line; ; {
		i := bytes.Index(rest, []byte(Marker))
		if i < 0 {
			break
		}
		before, after := rest[:i], rest[i+len(Marker):]
		rest = after
		if wordEnds(before) || len(after) > 0 && !space(after[0]) && !closer(after) {
			continue
		}
		if j := bytes.Index(after, []byte(Marker)); j >= 0 {
			after = after[:j]
		}
		r := parseRequest(after)
		why := r.refuse(ruleID, p.opt.Now)
		if why == "" {
			return &scanner.Suppression{By: scanner.ByInline, Reason: r.reason}
		}
		if refused == nil {
			refused = &scanner.Suppression{By: scanner.ByInline, Reason: r.reason, Refused: why}
		}
	}
	if p.opt.CompatAllow {
		if mark := foreign(line); mark != "" {
			return &scanner.Suppression{By: scanner.ByInline, Reason: mark}
		}
	}
	return refused
}

// request is what follows a marker.
type request struct {
	rules  []string
	until  string
	bad    string
	reason string
}

// parseRequest reads what follows a marker up to the end of the line, of the comment, or a secret.
func parseRequest(text []byte) request {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	for _, end := range commentEnds() {
		if i := bytes.Index(text, []byte(end)); i >= 0 {
			text = text[:i]
		}
	}
	words := strings.Fields(strings.ToValidUTF8(string(text), "\uFFFD"))
	var r request
	if len(words) > 0 && ruleList(words[0]) {
		r.rules, words = strings.Split(words[0], ","), words[1:]
	}
	if len(words) > 0 {
		if date, ok := strings.CutPrefix(words[0], "until="); ok {
			r.until, words = date, words[1:]
			if t, err := time.Parse(dateForm, date); err != nil || t.Year() < 2000 {
				r.bad = "its date is none: write until=2027-01-31"
			}
		}
	}
	r.reason = cut(strings.Trim(strings.Join(words, " "), " \"'`,;:*#-"), maxReason)
	return r
}

// refuse says why a request does not hold for a finding of a rule; it is empty if it does.
func (r *request) refuse(ruleID string, now time.Time) string {
	switch {
	case len(r.rules) == 0:
		return "it names no rule; write skant:allow " + ruleID + " and the reason"
	case !slices.Contains(r.rules, ruleID):
		return fmt.Sprintf("it is for %s, and this is %s", cut(strings.Join(r.rules, ","), 80), ruleID)
	case r.bad != "":
		return r.bad
	case r.until != "" && expired(r.until, now):
		return "it ended with " + r.until
	case !reasoned(r.reason):
		return "it gives no reason; write one after the rule"
	default:
		return ""
	}
}

// expired reports whether a day is over everywhere in UTC.
func expired(day string, now time.Time) bool { return now.UTC().Format(dateForm) > day }

// reasoned reports whether a reason has at least one word.
func reasoned(reason string) bool {
	letters := 0
	for _, r := range reason {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			letters = 0
		} else if letters++; letters >= leastWord {
			return true
		}
	}
	return false
}

// ruleList reports whether a word can be ids of rules, separated by commas.
func ruleList(word string) bool {
	if len(word) > 1000 {
		return false
	}
	for id := range strings.SplitSeq(word, ",") {
		if !ruleID(id) {
			return false
		}
	}
	return true
}

// ruleID reports whether a word can be the id of a rule.
func ruleID(id string) bool {
	if id == "" || len(id) > 100 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return 'a' <= id[0] && id[0] <= 'z' || '0' <= id[0] && id[0] <= '9'
}

// commentEnds are what ends a comment before its line ends.
func commentEnds() []string { return []string{"*/", "-->", "--%>", "#}", "%>", "|#", "*)", "-}", "]]"} }

func closer(text []byte) bool {
	return slices.ContainsFunc(commentEnds(), func(end string) bool { return bytes.HasPrefix(text, []byte(end)) })
}

// ownLine reports whether nothing but marks of a comment stands before the request on a line.
func ownLine(line []byte) bool {
	at := len(line)
	for _, mark := range []string{Marker, "pragma:"} {
		if i := bytes.Index(line, []byte(mark)); i >= 0 {
			at = min(at, i)
		}
	}
	before := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(line[:at], []byte("\xef\xbb\xbf"))))
	switch string(bytes.TrimLeft(before, "@")) {
	case "rem", "dnl", "":
		return at < len(line)
	}
	for _, c := range before {
		if c >= 0x80 || c == 0 || !unicode.IsPunct(rune(c)) && !unicode.IsSymbol(rune(c)) && !space(c) {
			return false
		}
	}
	return at < len(line)
}

// wordEnds reports whether text ends inside a word, so that what follows is no marker but the rest of a name.
func wordEnds(text []byte) bool {
	r, _ := utf8.DecodeLastRune(text)
	return len(text) > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-' || r == '.')
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// cut shortens text to at most n bytes of whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
