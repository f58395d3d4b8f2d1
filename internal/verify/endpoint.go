package verify

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// parseEndpoint reads an address that the user named. The text is in no error: it may hold a password.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it is no https address")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("it has more than a host and a path")
	case u.Scheme == "http" && !loopbackName(u.Hostname()):
		return nil, errors.New("http sends secrets in clear: it is for this machine only")
	}
	u.Host = strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// loopbackName reports whether a host can only be this machine. Where it is dialled its address is checked as well.
func loopbackName(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// address returns host:port of a URL.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// redirected returns a rule's URL at the endpoint that the user named for its provider.
func redirected(to, u *url.URL) *url.URL {
	moved := *u
	moved.Scheme, moved.Host = to.Scheme, to.Host
	if to.Path != "" {
		joined, err := url.Parse(to.EscapedPath() + u.EscapedPath())
		if err == nil {
			moved.Path, moved.RawPath = joined.Path, joined.RawPath
		}
	}
	return &moved
}
