package evidence

import (
	"net/netip"
	"net/url"
	"strings"
)

// urlCredentials judges a password by the company it keeps in its URL: the host and the user.
func urlCredentials(in Input) Result {
	password, ok := in.text()
	if !ok || password == "" {
		return Result{}
	}
	scheme, user, host, port := in.urlAround(password)
	f := facts{}
	f.set("scheme", scheme)
	f.set("host", host)
	f.set("port", port)
	f.setName("user", user)
	r := Result{Facts: f}
	clear := password
	if u, err := url.PathUnescape(password); err == nil {
		clear = u
	}
	switch {
	case isTemplate(clear) || isTemplate(password) || isTemplate(user) || isTemplate(host):
		r.Change, r.Reason = Lowered, "it is filled in when it is used"
		return r
	case hostKind(host) == hostExample:
		r.Change, r.Severity, r.Reason = Lowered, "info", "the host is an example"
		return r
	case isPlaceholderLogin(user, clear):
		r.Change, r.Severity, r.Reason = Lowered, "low", "it is a placeholder or a default login"
	}
	switch hostKind(host) {
	case hostLocal:
		r.Change, r.Severity, r.Reason = Lowered, "info", "the host is this machine or a container beside it"
	case hostPrivate:
		r.Severity = "low"
		if r.Reason == "" {
			r.Reason = "the host is not on the public network"
		}
	}
	return r
}

// urlAround takes a URL apart: from the parts if the rule has found them, else from the context.
func (in Input) urlAround(password string) (scheme, user, host, port string) {
	scheme, user, host, port = in.part("scheme"), in.part("user", "username"), in.part("host"), in.part("port")
	if host != "" && user != "" {
		return scheme, user, host, port
	}
	ctx := in.around()
	for from := 0; ; {
		at := strings.Index(ctx[from:], ":"+password+"@")
		if at < 0 {
			return scheme, user, host, port
		}
		at += from
		head, tail := ctx[max(0, at-512):at], ctx[at+len(password)+2:]
		from = at + 1
		start := strings.LastIndex(head, "://")
		if start < 0 || strings.ContainsAny(head[start+3:], " \t\r\n\"'<>/") {
			continue
		}
		scheme = head[strings.LastIndexFunc(head[:start], func(r rune) bool { return r >= 128 || !isAlnum(byte(r)) && r != '+' && r != '-' })+1 : start]
		user = head[start+3:]
		end := strings.IndexAny(tail, "/?#\"' \t\r\n<>\\,;`)")
		if end < 0 {
			end = len(tail)
		}
		host = tail[:min(end, 300)]
		if i := strings.LastIndexByte(host, ':'); i >= 0 && isDigits(host[i+1:]) {
			host, port = host[:i], host[i+1:]
		}
		return scheme, user, strings.Trim(host, "[]"), port
	}
}

// The kinds of host that matter to how bad a leak is.
const (
	hostPublic = iota
	hostLocal
	hostPrivate
	hostExample
)

// hostKind judges a host name or address, with or without a port.
func hostKind(host string) int {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	// A port may be a reference that is filled in later. An IPv6 address has more than one colon.
	if i := strings.IndexByte(host, ':'); i > 0 && strings.Count(host, ":") == 1 {
		host = host[:i]
	}
	if a, err := netip.ParseAddr(host); err == nil {
		switch {
		case a.IsLoopback() || a.IsUnspecified():
			return hostLocal
		case a.IsPrivate() || a.IsLinkLocalUnicast():
			return hostPrivate
		case inDocumentation(a):
			return hostExample
		}
		return hostPublic
	}
	switch host {
	case "":
		return hostPublic
	case "localhost", "db", "host.docker.internal", "database", "postgres", "mysql", "mariadb", "mongo", "mongodb", "redis", "rabbitmq":
		return hostLocal
	case "host", "hostname", "server", "your-host", "yourhost", "myhost", "your-registry", "registry-host":
		return hostExample
	}
	switch {
	case suffixOf(host, "example.com", "example.org", "example.net", "example", "invalid", "test", "domain.com", "mydomain.com",
		"your-domain.com", "yourdomain.com", "company.com", "mycompany.com", "foo.com", "bar.com", "acme.com", "somewhere.com", "faketld"):
		return hostExample
	case strings.HasPrefix(host, "your-") || strings.HasPrefix(host, "my-registry."):
		return hostExample
	case suffixOf(host, "localhost"):
		return hostLocal
	case !strings.Contains(host, ".") || suffixOf(host, "local", "internal", "lan", "intranet", "corp", "svc"):
		return hostPrivate
	default:
		return hostPublic
	}
}

// suffixOf reports whether host is one of the domains or below one.
func suffixOf(host string, domains ...string) bool {
	for _, d := range domains {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// inDocumentation reports whether an address is from a block set aside for documents.
func inDocumentation(a netip.Addr) bool {
	for _, block := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		if p, err := netip.ParsePrefix(block); err == nil && p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// isPlaceholderLogin reports whether user or password is a word that stands in examples, or both are the same word.
func isPlaceholderLogin(user, password string) bool {
	switch strings.ToLower(user) {
	case "username", "your-username", "your_username", "yourusername":
		return true
	}
	return isWeakWord(password) || user != "" && strings.EqualFold(user, password)
}

// isWeakWord reports whether a password is one of the words that stand for one, or one character over and over.
func isWeakWord(s string) bool {
	s = strings.ToLower(strings.Trim(s, "\"'"))
	switch s {
	case "", "password", "passwd", "pass", "pwd", "secret", "changeme", "change-me", "change_me", "changeit", "example",
		"placeholder", "redacted", "dummy", "test", "testing", "admin", "root", "postgres", "mysql", "guest", "user",
		"username", "token", "mypassword", "my-password", "yourpassword", "your-password", "your_password",
		"dbpassword", "db_password", "p@ssw0rd", "passw0rd", "password123", "123456", "12345678", "foo", "bar", "foobar",
		"hunter2", "letmein", "example-password", "mysecretpassword", "supersecret", "topsecret", "none", "null", "todo":
		return true
	}
	return strings.Count(s, s[:1]) == len(s)
}

// isTemplate reports whether a value is filled in later: ${VAR}, $VAR, {{ value }}, <value>, %s, %(value)s, #{value}.
func isTemplate(s string) bool {
	switch {
	case s == "":
		return false
	case strings.Contains(s, "${"), strings.Contains(s, "{{"), strings.Contains(s, "#{"), strings.Contains(s, "$("),
		strings.Contains(s, "%("), strings.Contains(s, "<%"), strings.Contains(s, "..."), strings.Contains(s, "***"):
		return true
	case s[0] == '<' && s[len(s)-1] == '>', s[0] == '{' && s[len(s)-1] == '}', s[0] == '[' && s[len(s)-1] == ']':
		return true
	case s == "%s" || s == "%v" || s == "%d" || s == "%q":
		return true
	case s[0] == '%' && s[len(s)-1] == '%' && len(s) > 2:
		return true
	case s[0] == '$' && len(s) > 1:
		return every(s[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") || every(s[1:], "abcdefghijklmnopqrstuvwxyz_")
	default:
		return false
	}
}
