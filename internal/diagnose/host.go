package diagnose

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/skant-dev/skant/scanner"
)

// host is the fourth step: who is asked, who stands in between, and whether an answer came back.
func (d *walk) host(ctx context.Context) (Step, error) {
	s := Step{Title: stepHost}
	provider := d.way.provider
	endpoint := d.Endpoints[provider]
	if endpoint != "" {
		s.add(Look, saysEndpoint, hostOf(endpoint))
	} else {
		s.add(Fine, saysHost, d.way.hosts)
	}
	for _, name := range d.way.bases {
		base := d.lookup(name)
		if base == nil || strings.TrimRight(base.value, "/") == endpoint {
			continue
		}
		host := hostOf(base.value)
		switch {
		case host == "":
			s.add(Wrong, saysNoAddress, base.where)
		case d.way.owns(host) && !strings.HasPrefix(base.value, "http://"):
			if p := pathOf(base.value); p != "" {
				s.add(Look, saysBasePath, base.where, p)
			}
		case strings.HasPrefix(base.value, "http://") && !local(host):
			s.add(Wrong, saysBasePlain, base.where, host)
		default:
			s.add(Look, saysBase, base.where, host, provider, d.way.title)
		}
	}
	d.proxies(&s)
	if names := d.setOf("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"); len(names) > 0 {
		s.add(Look, saysAuthorities, strings.Join(names, ", "))
	}
	return s, d.ask(ctx, &s)
}

// owns reports whether a host is one that calls go to where nothing sends them elsewhere.
func (w *way) owns(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	return slices.ContainsFunc(w.own, func(pattern string) bool {
		ok, err := path.Match(pattern, host)
		return err == nil && ok
	})
}

// setOf returns those of the variables that are set.
func (d *walk) setOf(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return d.value(name) == "" })
}

// proxies says which proxies are named, each once, and what is kept from them.
func (d *walk) proxies(s *Step) {
	by := map[string][]string{}
	var hosts []string
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		proxy := d.lookup(name)
		if proxy == nil {
			continue
		}
		host := orElse(hostOf(proxy.value), "what is no address")
		if by[host] == nil {
			hosts = append(hosts, host)
		}
		by[host] = append(by[host], proxy.where)
	}
	for _, host := range hosts {
		s.add(Look, saysProxy, strings.Join(by[host], ", "), host)
	}
	if names := d.setOf("NO_PROXY", "no_proxy"); len(names) > 0 && len(hosts) > 0 {
		s.add(Fine, saysNoProxy, strings.Join(names, ", "))
	}
}

// ask asks the provider, if there is something to ask about, and says whether an answer came back.
func (d *walk) ask(ctx context.Context, s *Step) error {
	if d.found == nil {
		s.add(Skipped, needsShape)
		return nil
	}
	if d.found.Verdict == scanner.Expired {
		s.add(Skipped, saysNotSent)
		return nil
	}
	x, why, err := d.Ask(ctx, d.found)
	switch {
	case err != nil:
		return err
	case x == nil:
		s.add(Unclear, "%s", why)
		return nil
	}
	d.x = x
	v := &x.Result.Verification
	switch {
	case x.Asked.URL == "":
		s.add(Unclear, saysCannot, v.Says)
	case x.Status == 0:
		s.add(Unclear, saysNoAnswer, v.Says)
	case x.Status == 407:
		s.add(Wrong, saysProxyPassword)
	case x.Status/100 == 3:
		s.add(Look, saysRedirect)
	case page(x.Body):
		s.add(Wrong, saysPage)
	default:
		s.add(Fine, saysAnswered, orElse(v.Host, "the provider"), x.Status)
	}
	return nil
}

// page reports whether a body is for a browser.
func page(body string) bool {
	start := strings.ToLower(strings.TrimSpace(body))
	return strings.HasPrefix(start, "<html") || strings.HasPrefix(start, "<!doctype html")
}

// hostOf returns the host of an address: the rest may hold a password. It is empty if there is none.
func hostOf(address string) string {
	u := parsed(address)
	if u == nil {
		return ""
	}
	return u.Host
}

func parsed(address string) *url.URL {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return u
}

// pathOf returns the path of an address, without the slashes that end it.
func pathOf(address string) string {
	u := parsed(address)
	if u == nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

// local reports whether a host is this machine.
func local(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	return name == "localhost" || strings.HasPrefix(name, "127.") || strings.HasPrefix(host, "[::1]")
}

// gateway returns the base URL that sends clients to somebody else than the provider; nil if there is none.
func (d *walk) gateway() *setting {
	for _, name := range d.way.bases {
		if base := d.lookup(name); base != nil && !d.way.owns(hostOf(base.value)) {
			return base
		}
	}
	return nil
}
