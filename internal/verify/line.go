package verify

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Line is a way to one server that the user named: https, or http to this machine. It has the care with which providers are asked: nothing
// is followed, no cookies are kept, answers and waits are bounded, and no error holds anything of what was sent. It asks nothing of its own
// and repeats nothing.
type Line struct {
	client  *client
	base    *url.URL
	most    int64
	timeout time.Duration
}

// LineOptions say how a line is made.
type LineOptions struct {
	// Public says that the server is one of the internet, so that an address in this network is refused. It does not hold for http.
	Public bool
	// Query says that the address may have a query, as those of webhooks have, whose last part is then a credential.
	Query bool
	// Timeout is that of one request, Most the number of bytes of an answer that are read. 0 means [DefaultTimeout], and 64 KiB.
	Timeout time.Duration
	Most    int64
	// Roots are the certificate authorities to trust, nil means the system's; Proxy names the proxy for a request, nil means the
	// environment's.
	Roots *x509.CertPool
	Proxy func(*http.Request) (*url.URL, error)
}

// Letter is one request. Path is added to the address, with its query, already escaped; it may be empty.
type Letter struct {
	Method, Path string
	Headers      [][2]string
	Body         []byte
}

// Reply is what came back, as far as it is looked at. Whatever is in it is the server's to choose.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	// Cut says that the body was longer than what is read, or compressed although nobody asked for that.
	Cut bool
}

// Lost is a request without an answer. Its text is one sentence, and holds nothing of the address but the name that the caller gave.
type Lost struct {
	Says string
	// Sent says that the server may have had it.
	Sent bool
}

func (l *Lost) Error() string { return l.Says }

// NewLine makes a line to an address. The text of the address is in no error.
func NewLine(address string, opt LineOptions) (*Line, error) {
	bare, query := address, ""
	if opt.Query {
		bare, query, _ = strings.Cut(address, "?")
	}
	base, err := parseEndpoint(bare)
	switch {
	case err != nil:
		return nil, err
	case strings.Contains(query, "#") || strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return nil, errors.New("it is no https address")
	case opt.Query: // its path is the server's own, to the last slash
		if u, err := url.Parse(bare); err == nil {
			base.Path, base.RawPath = u.Path, u.RawPath
		}
		base.RawQuery = query
	}
	full := Options{Timeout: opt.Timeout, Roots: opt.Roots, Proxy: opt.Proxy, Workers: 1}.withDefaults()
	endpoints := map[string]*url.URL{"line": base}
	if opt.Public && base.Scheme == "https" {
		endpoints = nil
	}
	if opt.Most <= 0 {
		opt.Most = maxBody
	}
	return &Line{client: newClient(full, endpoints), base: base, most: opt.Most, timeout: full.Timeout}, nil
}

// Host is the host, and port if there is one, to which the line goes; Here says that it is this machine, over http.
func (l *Line) Host() string { return l.base.Host }

// Here says that the line ends on this machine, over http.
func (l *Line) Here() bool { return l.base.Scheme == "http" }

// Send sends a letter once. An error is a [Lost], or that of ctx; name is what the server is called in it.
func (l *Line) Send(ctx context.Context, letter Letter, name string) (*Reply, error) {
	target := *l.base
	if letter.Path != "" {
		joined, err := url.Parse(l.base.EscapedPath() + letter.Path)
		if err != nil || joined.Host != "" || joined.User != nil || !strings.HasPrefix(letter.Path, "/") {
			return nil, &Lost{Says: "The request could not be made, so nothing was sent."}
		}
		target.Path, target.RawPath, target.RawQuery = joined.Path, joined.RawPath, joined.RawQuery
	}
	req, err := http.NewRequestWithContext(ctx, letter.Method, "https://request.invalid/", bytes.NewReader(letter.Body))
	if err != nil {
		return nil, &Lost{Says: "The request could not be made, so nothing was sent."}
	}
	if len(letter.Body) == 0 {
		req.Body, req.GetBody = nil, nil
	}
	req.URL, req.Host = &target, target.Host
	for _, h := range letter.Headers {
		if strings.ContainsFunc(h[1], func(c rune) bool { return c < ' ' && c != '\t' || c >= 0x7f }) {
			return nil, &Lost{Says: "A header would have a character that no header has, so nothing was sent."}
		}
		req.Header.Set(h[0], h[1])
	}
	a, err := l.client.sendUpTo(ctx, req, l.most)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		says, _ := failure(err, name, l.timeout)
		return nil, &Lost{Says: says, Sent: maySent(err)}
	}
	return &Reply{Status: a.status, Header: a.header, Body: a.body, Cut: a.cut || a.encoded}, nil
}

// maySent reports whether a request that failed so may have reached its server.
func maySent(err error) bool {
	var r refused
	var dns *net.DNSError
	var op *net.OpError
	return !errors.As(err, &r) && !errors.Is(err, errProxy) && !errors.As(err, &dns) && untrusted(err) == "" &&
		(!errors.As(err, &op) || op.Op != "dial" && op.Op != "proxyconnect")
}

// RetryAfter is how long the answer asks to be left alone; 0 if it does not say so.
func (r *Reply) RetryAfter(now time.Time) time.Duration { return retryAfter(r.Header, now) }
