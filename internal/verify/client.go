package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// maxBody is how much of an answer is read, in bytes.
	maxBody = 64 << 10
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 64 << 10
	// userAgent is sent unless a rule says otherwise.
	userAgent = "skant"
)

// client sends single requests. It follows nothing, keeps no cookies, undoes no compression, and reaches only addresses of
// the internet, or of hosts that the user named.
type client struct {
	transport *http.Transport
	timeout   time.Duration
	// named are host:port of endpoints that the user named; true if only this machine may be reached there.
	named map[string]bool
	// lookup and dial are replaced by tests.
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)

	mu sync.Mutex
	// proxies are host:port of the proxies in use: the user's choice, wherever they are.
	proxies map[string]bool
}

// answer is what came back, as far as it is looked at.
type answer struct {
	status int
	header http.Header
	body   []byte
	// cut says that the body is longer than maxBody, encoded that it is compressed although nobody asked for that.
	cut, encoded bool
}

// refused is a host that leads to an address which is not asked.
type refused struct{ host string }

func (r refused) Error() string { return "the address of " + r.host + " is not public" }

var (
	errProxy  = errors.New("the proxy refused")
	errBroken = errors.New("the answer broke off")
)

func newClient(opt Options, endpoints map[string]*url.URL) *client {
	c := &client{timeout: opt.Timeout, named: map[string]bool{}, proxies: map[string]bool{}}
	for _, u := range endpoints {
		c.named[address(u)] = c.named[address(u)] || u.Scheme == "http"
	}
	c.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	dialer := net.Dialer{Timeout: opt.Timeout}
	c.dial = dialer.DialContext
	c.transport = &http.Transport{
		Proxy:                  c.proxy(opt.Proxy),
		DialContext:            c.connect,
		TLSClientConfig:        &tls.Config{RootCAs: opt.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    opt.Timeout,
		ResponseHeaderTimeout:  opt.Timeout,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    opt.Workers,
		IdleConnTimeout:        30 * time.Second,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
			if res.StatusCode != http.StatusOK {
				return errProxy
			}
			return nil
		},
	}
	return c
}

// proxy notes the proxies that are used, so that connect lets them be on this network. An endpoint on this machine needs none.
func (c *client) proxy(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		if req.URL.Scheme == "http" {
			return nil, nil
		}
		u, err := choose(req)
		if err != nil {
			return nil, errProxy
		}
		if u != nil {
			c.mu.Lock()
			c.proxies[proxyAddress(u)] = true
			c.mu.Unlock()
		}
		return u, nil
	}
}

// proxyAddress returns host:port of a proxy, with the ports that net/http takes where none is given.
func proxyAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// connect resolves a host once, and dials an address that it has looked at: a second look-up could give another one.
func (c *client) connect(ctx context.Context, network, hostPort string) (net.Conn, error) {
	c.mu.Lock()
	isProxy := c.proxies[hostPort]
	c.mu.Unlock()
	if isProxy {
		return c.dial(ctx, network, hostPort)
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, a)
	} else if addrs, err = c.lookup(ctx, host); err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	here, named := c.named[strings.ToLower(hostPort)]
	for _, a := range addrs {
		switch {
		case here && !a.Unmap().IsLoopback():
			return nil, refused{host}
		case !named && !public(a):
			return nil, refused{host}
		case a.IsMulticast() || a.IsUnspecified():
			return nil, refused{host}
		}
	}
	var errs []error
	for _, a := range addrs[:min(len(addrs), 4)] {
		conn, err := c.dial(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// send sends one request and reads its answer.
func (c *client) send(ctx context.Context, req *http.Request) (*answer, error) {
	return c.sendUpTo(ctx, req, maxBody)
}

// sendUpTo is send with the number of bytes of the answer that are read.
func (c *client) sendUpTo(ctx context.Context, req *http.Request, most int64) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req = req.WithContext(ctx)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}
	// RoundTrip, not Do: nothing is followed, and no error quotes the URL.
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	a := &answer{status: res.StatusCode, header: res.Header}
	a.body, err = io.ReadAll(io.LimitReader(res.Body, most+1))
	if closed := res.Body.Close(); err != nil || closed != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errBroken
	}
	if int64(len(a.body)) > most {
		a.body, a.cut = a.body[:most], true
	}
	if enc := res.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		a.encoded = true
	}
	return a, nil
}

// failure says in one sentence why there was no answer. It uses nothing of the error's text, which may quote what was sent.
// again says that it may help to ask once more.
func failure(err error, host string, timeout time.Duration) (says string, again bool) {
	var r refused
	var dns *net.DNSError
	var op *net.OpError
	var ua unaskable
	switch {
	case errors.As(err, &ua):
		return string(ua), false
	case errors.As(err, &r):
		return host + " leads to an address that is not public, so nothing was sent.", false
	case errors.Is(err, errProxy) || errors.As(err, &op) && op.Op == "proxyconnect":
		return "The proxy did not connect to " + host + ", so nothing was sent.", false
	case errors.As(err, &dns):
		return host + " could not be resolved, so nothing was sent.", dns.IsTemporary
	case untrusted(err) != "":
		return "The connection to " + host + " cannot be trusted, so nothing was sent: " + untrusted(err) + ".", false
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err):
		return host + " did not answer within " + timeout.String() + ".", false
	case errors.Is(err, errBroken):
		return "The answer of " + host + " broke off.", true
	case errors.As(err, &op) && op.Op == "dial":
		return "There is no connection to " + host + ", so nothing was sent.", true
	default:
		return "The connection to " + host + " failed before there was an answer.", true
	}
}

// untrusted says what is wrong with a certificate, and where to look; empty if the error is of another kind.
func untrusted(err error) string {
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by an authority that is not trusted here. If it is your own, or that of a proxy, have the system trust it"
	case errors.As(err, &name):
		return "its certificate is for another host. Look at the address, and at what else may answer there"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return "its certificate is not valid yet. Look at the clock of this machine"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired. If the clock of this machine is right, the server needs a new one"
	case errors.As(err, &record):
		return "what answers there does not speak TLS"
	case errors.As(err, &certificate):
		return "its certificate is not valid here"
	default:
		return ""
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
