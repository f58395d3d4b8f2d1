package main

import (
	"net/url"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/scanner"
)

// skew is from where on a wrong clock is what fails: signatures are refused from five minutes on, tokens before that.
const (
	skewWrong = 5 * time.Minute
	skewLook  = time.Minute
)

// host is the fourth step: who is asked, and who stands in between.
func (d *diagnosisRun) host(s *step) {
	provider := d.kind.providers[0]
	if d.rule != nil {
		provider = d.rule.Provider
	}
	endpoint := d.p.flags.endpointMap()[provider]
	if endpoint != "" {
		s.add(look, diagEndpoint, hostOf(endpoint))
	} else {
		s.add(fine, diagHost, d.kind.hosts)
	}
	for _, name := range d.kind.bases {
		if base := d.app.env(name); base != "" && strings.TrimRight(base, "/") != endpoint && !strings.Contains(d.kind.hosts, hostOf(base)) {
			s.add(look, diagBase, name, hostOf(base), provider, provider)
		}
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		if proxy := d.app.env(name); proxy != "" {
			s.add(look, diagProxy, name, hostOf(proxy))
		}
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		if d.app.env(name) != "" {
			s.add(fine, diagNoProxy, name)
		}
	}
	for _, name := range []string{"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"} {
		if d.app.env(name) != "" {
			s.add(look, diagAuthorities, name)
		}
	}
}

// hostOf returns the host of an address: the rest may hold a password.
func hostOf(address string) string {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "what is no address"
	}
	return u.Host
}

// unasked adds why a step that needs an answer has none, and reports whether that is so.
func (d *diagnosisRun) unasked(s *step) bool {
	switch {
	case d.x != nil && d.x.Status > 0:
		return false
	case d.x != nil:
		says := d.x.Result.Verification.Says
		s.add(unclear, diagNoAnswer, says)
	case d.p.flags.dryRun:
		s.add(unclear, diagDry)
	default:
		s.add(unclear, diagUnasked)
	}
	return true
}

// clock is the fifth step: the time here against that of the answer.
func (d *diagnosisRun) clock() step {
	s := step{title: stepClock}
	if d.unasked(&s) {
		return s
	}
	date, err := time.Parse(time.RFC1123, d.answer("Date"))
	if err != nil {
		s.add(unclear, diagNoDate)
		return s
	}
	off := d.sent.Sub(date).Abs().Round(time.Second)
	switch {
	case off >= skewWrong:
		s.add(wrong, diagClock, off)
	case off >= skewLook:
		s.add(look, diagClock, off)
	default:
		s.add(fine, diagClockFine)
	}
	return s
}

// region is the sixth step: the country that the request comes from, or the region that it goes to.
func (d *diagnosisRun) region() step {
	s := step{title: stepRegion}
	d.kind.region(d, &s)
	if d.unasked(&s) {
		return s
	}
	body := strings.ToLower(d.x.Body)
	switch {
	case d.x.Status == 403 && strings.Contains(body, "request not allowed"):
		s.add(wrong, diagBlocked)
	case d.x.Status == 403 && (strings.Contains(body, "<html") || strings.Contains(body, "<!doctype")):
		s.add(wrong, diagPage)
	case d.x.Status/100 == 3:
		s.add(look, diagRedirect)
	default:
		s.add(fine, diagReached)
	}
	return s
}

// permission is the seventh step: whether the key is known, whose it is, and what it may do.
func (d *diagnosisRun) permission() step {
	s := step{title: stepPermission}
	if d.unasked(&s) {
		return s
	}
	v := &d.x.Result.Verification
	switch d.x.Result.Verdict {
	case scanner.Live:
		s.add(fine, diagTaken, v.Says)
	case scanner.Restricted:
		s.add(wrong, diagRefused, v.Says)
	case scanner.Dead, scanner.Expired:
		s.add(wrong, diagDead, v.Says)
	default:
		s.add(unclear, diagUnknown, v.Says)
	}
	if v.Do != "" {
		s.add(look, "%s", v.Do)
	}
	for _, header := range d.kind.owners {
		if value := d.answer(header); value != "" {
			s.add(fine, "%s: %s", header, value)
		}
	}
	for _, name := range d.kind.scopes {
		if value := d.app.env(name); value != "" {
			s.add(fine, diagVariable, name, value)
		}
	}
	return s
}

// models is the last step. Only a request that costs something could prove that a model answers, so it is not sent.
func (d *diagnosisRun) models() step {
	s := step{title: stepModels}
	for _, name := range d.kind.models {
		if value := d.app.env(name); value != "" {
			s.add(look, diagModel, name, value)
		}
	}
	if d.unasked(&s) {
		return s
	}
	body := strings.ToLower(d.x.Body)
	switch {
	case d.x.Status == 429:
		s.add(wrong, diagLimited, orElse(d.answer("Retry-After"), "an unknown number of"))
	case d.x.Status == 402 || strings.Contains(body, "credit balance is too low"):
		s.add(wrong, diagCredit)
	case d.x.Status == 529 || d.x.Status >= 500:
		s.add(unclear, diagOverloaded)
	case d.x.Status/100 == 2:
		s.add(fine, "%s", d.kind.listed)
	default:
		s.add(unclear, diagModelsUnknown)
	}
	for _, h := range quotaHeaders(d.x) {
		s.add(fine, "%s: %s", h[0], h[1])
	}
	return s
}

// quotaHeaders are those of an answer that say what is left.
func quotaHeaders(x *verify.Exchange) [][2]string {
	var list [][2]string
	for _, h := range x.Headers {
		name := strings.ToLower(h[0])
		if strings.Contains(name, "ratelimit") && (strings.HasSuffix(name, "remaining") || strings.HasSuffix(name, "reset")) && len(list) < 8 {
			list = append(list, h)
		}
	}
	return list
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
