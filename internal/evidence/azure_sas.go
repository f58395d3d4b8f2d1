package evidence

import (
	"net/url"
	"strings"
	"time"
)

// azureSAS reads what a shared access signature allows, where, and until when.
func azureSAS(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	if !strings.Contains(s, "sig=") {
		s = sasAround(in.around(), s)
	}
	s = strings.ReplaceAll(s, "&amp;", "&")
	f := facts{}
	query := s
	if address, rest, ok := strings.Cut(s, "?"); ok {
		query = rest
		sasHost(address, f)
	}
	q, err := url.ParseQuery(query)
	if err != nil || q.Get("sig") == "" {
		return Result{Change: Lowered, Facts: f, Reason: "it has no readable parameters"}
	}
	sasFacts(q, f)
	r := Result{Facts: f}
	// A plus sign that was not escaped arrives as a space.
	sig, ok := unbase64(strings.ReplaceAll(q.Get("sig"), " ", "+"))
	switch {
	case !ok || len(sig) != 32:
		r.Change, r.Reason = Lowered, "its signature is not of the right length"
	case q.Get("sv") == "" || q.Get("se") == "" && q.Get("si") == "":
		r.Change, r.Reason = Raised, "its signature has the right length"
	default:
		r.Change, r.Reason = Proven, "it has a version, an end and a signature of the right length"
	}
	if end, ok := sasTime(q.Get("se")); ok {
		r.expiry(end, in.Now)
	}
	return r
}

// sasAround finds the query string that holds a signature given alone.
func sasAround(ctx, sig string) string {
	at := strings.Index(ctx, sig)
	if at < 0 {
		return ""
	}
	const stop = " \t\r\n\"'<>`"
	from := strings.LastIndexAny(ctx[:at], stop) + 1
	to := strings.IndexAny(ctx[at:], stop)
	if to < 0 {
		to = len(ctx) - at
	}
	return ctx[from : at+to]
}

func sasHost(address string, f facts) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return
	}
	f.set("host", u.Hostname())
	account, rest, ok := strings.Cut(u.Hostname(), ".")
	if service, domain, _ := strings.Cut(rest, "."); ok && domain == "core.windows.net" {
		f.set("account", account)
		f.set("azure_service", "storage-"+service)
	}
	if container, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/"); container != "" {
		f.set("container", container)
	}
}

// sasFacts translates the parameters' two-letter names.
func sasFacts(q url.Values, f facts) {
	for _, p := range []struct{ param, fact string }{
		{"sp", "permissions"}, {"sr", "resource"}, {"ss", "services"}, {"srt", "resource_types"}, {"sip", "ip_range"},
		{"spr", "protocols"}, {"sv", "version"}, {"si", "stored_policy"}, {"skoid", "signed_by"},
	} {
		f.set(p.fact, q.Get(p.param))
	}
	f["key_type"] = "service"
	switch {
	case q.Get("skoid") != "":
		f["key_type"] = "user-delegation"
	case q.Get("ss") != "":
		f["key_type"] = "account"
	}
	if t, ok := sasTime(q.Get("st")); ok {
		f.setTime("starts", t)
	}
}

// sasTime reads the forms of ISO 8601 that the service accepts.
func sasTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
