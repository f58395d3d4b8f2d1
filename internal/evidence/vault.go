package evidence

import "strings"

// dopplerType names the token types by the word after "dp.".
func dopplerType(word string) string {
	switch word {
	case "pt":
		return "personal"
	case "ct":
		return "cli"
	case "st":
		return "service"
	case "sa":
		return "service-account"
	case "said":
		return "service-account-identity"
	case "scim":
		return "scim"
	case "audit":
		return "audit"
	default:
		return ""
	}
}

// doppler states what a token is for; a service token names its config.
func doppler(in Input) Result {
	s, ok := in.text()
	fields := strings.Split(s, ".")
	if !ok || len(fields) < 3 || len(fields) > 4 || fields[0] != "dp" {
		return Result{}
	}
	f := facts{}
	f.set("token_type", dopplerType(fields[1]))
	if len(fields) == 4 && fields[1] == "st" && len(fields[2]) <= 35 {
		f.set("config", fields[2])
	}
	return Result{Facts: f}
}

// vault states what kind of token it is. Tokens that a server has wrapped start with a fixed header.
func vault(in Input) Result {
	s, ok := in.text()
	kind, body, found := strings.Cut(s, ".")
	if !ok || !found {
		return Result{}
	}
	f := facts{}
	switch kind {
	case "hvs", "s":
		f["token_type"] = "service"
	case "hvb", "b":
		f["token_type"] = "batch"
	case "hvr", "r":
		f["token_type"] = "recovery"
	default:
		return Result{}
	}
	r := Result{Facts: f}
	switch {
	case len(kind) == 1:
		f["format"] = "legacy"
	case kind == "hvs" && strings.HasPrefix(body, "CAES"):
		f["format"] = "server-side-consistent"
		// "CAES" is a protobuf header: field 1 is 1, field 2 follows with its length.
		if b, ok := unbase64(body); ok && len(b) > 4 && int(b[3]) <= len(b)-4 {
			r.Change, r.Reason = Raised, "it starts as tokens of this kind do"
		}
	case kind == "hvs" && len(body) == 24:
		f["format"] = "plain"
		r.Reason = "a token of this form is often a root token"
	}
	return r
}
