package evidence

import (
	"strings"
	"time"
)

// anthropicType names what a key is by the word and the number after "sk-ant-".
func anthropicType(word, number string) string {
	switch {
	case word == "api" && number == "01":
		return "compliance"
	case word == "api":
		return "api"
	case word == "admin":
		return "admin"
	case word == "oat":
		return "oauth-access"
	case word == "ort":
		return "oauth-refresh"
	case word == "sid":
		return "session"
	case word == "si":
		return "session-ingress"
	case word == "usr":
		return "user"
	case word == "svc":
		return "service-account"
	case word == "cc" || word == "ccsr":
		return "claude-code"
	default:
		return ""
	}
}

const (
	anthropicPrefix = "sk-ant-"
	anthropicBody   = 86 + 1 + 8
)

// anthropic checks the suffix that ends most keys. It was found by observation, so a value that fails is lowered and
// never refuted.
func anthropic(in Input) Result {
	s, ok := in.text()
	if !ok || !strings.HasPrefix(s, anthropicPrefix) {
		return Result{}
	}
	word, body, ok := strings.Cut(s[len(anthropicPrefix):], "-")
	if !ok {
		return Result{}
	}
	name := strings.TrimRight(word, "0123456789")
	kind := anthropicType(name, word[len(name):])
	prefix := s[:len(s)-len(body)]
	f := facts{}
	f.set("key_type", kind)
	if kind == "session-ingress" {
		return anthropicIngress(body, f, in.Now)
	}
	if len(body) >= 24 {
		f.set("partial_key_hint", prefix+body[:3]+"..."+body[len(body)-4:])
	}
	r := Result{Facts: f}
	switch {
	case anthropicSum(s):
		r.Change, r.Reason = Proven, "its checksum is right"
	case len(body) == anthropicBody && body[86] == '-':
		r.Change, r.Reason = Lowered, wrongChecksum
	case fixedLength(kind) && len(body) != anthropicBody:
		r.Change, r.Reason = Lowered, "its length is not that of a key of this type"
	case kind == "api" || kind == "admin":
		r.Change, r.Reason = Lowered, "it has no checksum where keys of this type have one"
	}
	anthropicCredentials(s, kind, in, &r)
	return r
}

// anthropicSum reports whether the last 8 characters are the checksum of everything before the dash that precedes them.
func anthropicSum(s string) bool {
	cut := len(s) - 9
	return cut >= len(anthropicPrefix)+20 && s[cut] == '-' && s[cut+1:] == AnthropicSuffix(s[:cut])
}

// fixedLength names the types all of whose known keys are equally long.
func fixedLength(kind string) bool {
	switch kind {
	case "api", "admin", "oauth-access", "oauth-refresh":
		return true
	default:
		return false
	}
}

// anthropicIngress reads the JWT that a session-ingress token carries.
func anthropicIngress(body string, f facts, now time.Time) Result {
	_, claims, ok := parseJWT(body)
	if !ok {
		return Result{Change: Lowered, Facts: f, Reason: "it does not hold the token it should hold"}
	}
	r := Result{Change: Proven, Facts: f, Reason: "it holds a well-formed token"}
	if end, ok := claims.seconds("exp", time.Second); ok {
		r.expiry(end, now)
	}
	return r
}

// anthropicCredentials reads expiry and scopes from the object that Claude Code writes next to its tokens. Only the
// very object that holds the token is read: the same file may hold others.
func anthropicCredentials(s, kind string, in Input, r *Result) {
	tokenKey, expiryKey := "accessToken", "expiresAt"
	if kind == "oauth-refresh" {
		tokenKey, expiryKey = "refreshToken", "refreshTokenExpiresAt"
	}
	if kind != "oauth-access" && kind != "oauth-refresh" {
		return
	}
	o, ok := in.objectAround()
	if !ok || o.str(tokenKey) != s {
		return
	}
	f := facts(r.Facts)
	f.set("scopes", strings.Join(o.strs("scopes"), ","))
	f.set("subscription", o.str("subscriptionType"))
	if end, ok := o.seconds(expiryKey, time.Millisecond); ok {
		r.expiry(end, in.Now)
	}
}
