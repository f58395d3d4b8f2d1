package evidence

import (
	"encoding/binary"
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// npm states which registry a token is for. Its format has no checksum that is known to hold.
func npm(in Input) Result {
	s, ok := in.text()
	if !ok || s == "" {
		return Result{}
	}
	f := facts{}
	re := regexp.MustCompile(`//([A-Za-z0-9.-]{3,253}(?::\d{1,5})?)[A-Za-z0-9/._-]{0,200}:_(?:auth|authToken|password)\s*=\s*["']?$`)
	ctx := in.around()
	if at := strings.Index(ctx, s); at >= 0 {
		if m := re.FindStringSubmatch(ctx[max(0, at-512):at]); m != nil {
			f.set("registry", m[1])
		}
	}
	r := Result{Facts: f}
	switch {
	case strings.HasPrefix(s, "npm_"):
		f["token_type"] = "access"
	case isUUID(s):
		f["token_type"] = "legacy"
	default:
		if b, ok := unbase64(s); ok && utf8.Valid(b) {
			if user, password, ok := strings.Cut(string(b), ":"); ok && password != "" {
				f["token_type"] = "basic"
				f.setName("username", user)
				r.Change, r.Reason = Raised, "it decodes to a user and a password"
			}
		}
	}
	return r
}

func isUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	return every(strings.ReplaceAll(s, "-", ""), "0123456789abcdefABCDEF")
}

// macaroon is what a PyPI token holds: an identifier and conditions, sealed with a signature.
type macaroon struct {
	location, identifier string
	conditions           [][]byte
	signature            []byte
}

// The field types of version 2 of the binary format.
const (
	fieldEnd        = 0
	fieldLocation   = 1
	fieldIdentifier = 2
	fieldSignature  = 6
)

// parseMacaroon reads version 2 of the format.
func parseMacaroon(b []byte) (m macaroon, ok bool) {
	if len(b) == 0 || b[0] != 2 {
		return m, false
	}
	b = b[1:]
	// The header ends with one end mark, the conditions with another; each condition has an end mark of its own.
	for header := true; len(b) > 0; {
		kind := b[0]
		b = b[1:]
		if kind == fieldEnd {
			header = false
			continue
		}
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return m, false
		}
		field := b[used : used+int(n)]
		b = b[used+int(n):]
		switch {
		case kind == fieldSignature:
			m.signature = field
			return m, len(b) == 0 && len(field) == 32
		case kind == fieldLocation && header:
			m.location = string(field)
		case kind == fieldIdentifier && header:
			m.identifier = string(field)
		case kind == fieldIdentifier && len(m.conditions) < 64:
			m.conditions = append(m.conditions, field)
		}
	}
	return m, false
}

// pypi decodes the macaroon in a token: which index, which token, what it is limited to and until when.
func pypi(in Input) Result {
	s, ok := in.text()
	if !ok || !strings.HasPrefix(s, "pypi-") {
		return Result{}
	}
	b, ok := unbase64(s[len("pypi-"):])
	if !ok {
		return Result{Change: Lowered, Reason: "it does not decode"}
	}
	m, ok := parseMacaroon(b)
	if !ok {
		return Result{Change: Lowered, Reason: "it is truncated or was edited"}
	}
	f := facts{}
	f.set("index", m.location)
	if isUUID(m.identifier) {
		f["token_id"] = m.identifier
	}
	r := Result{Change: Proven, Facts: f, Reason: "it decodes completely"}
	for _, c := range m.conditions {
		pypiCondition(c, in.Now, &r)
	}
	return r
}

// pypiCondition reads one limit: an object in older tokens, a list that starts with its kind in newer ones.
func pypiCondition(c []byte, now time.Time, r *Result) {
	f := facts(r.Facts)
	if o, ok := parseObject(c); ok {
		f.set("scope", o.str("permissions"))
		f.set("projects", strings.Join(o.object("permissions").strs("projects"), ","))
		return
	}
	var list []json.RawMessage
	if err := json.Unmarshal(c, &list); err != nil || len(list) < 2 {
		return
	}
	o := object{"kind": list[0], "value": list[1]}
	switch string(o["kind"]) {
	case "0":
		if end, ok := o.seconds("value", time.Second); ok {
			r.expiry(end, now)
		}
	case "1":
		f.set("projects", strings.Join(o.strs("value"), ","))
	case "3":
		f["scope"] = "user"
	}
}
