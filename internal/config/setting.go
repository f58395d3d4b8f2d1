package config

import (
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"
)

// kind is how a value is written.
type kind int

const (
	word kind = iota
	truth
	size
	duration
	text
	texts // a list
	hosts // a mapping of a provider to a URL; an item is PROVIDER=URL
)

func (k kind) many() bool { return k == texts || k == hosts }

// problem is what is wrong with a value, and what to write instead. Both are empty for a good one.
type problem struct{ what, instead string }

// setting is one row of the table of all that can be set.
type setting struct {
	// key is its place in the file, with dots between the levels.
	key  string
	kind kind
	// words are the values of a word.
	words []string
	// initial is the default of what is no list.
	initial string
	// env and flag are other places where it is set, flag without its dashes; empty for none.
	env, flag string
	// adds says that the lists of all layers count. Of other lists the uppermost counts alone.
	adds bool
	// check looks at a value from anywhere, repository at one from a repository's file, too.
	check, repository func(text string) problem
}

const (
	maxText  = 4 << 10
	maxItems = 1000
	// maxSize is the largest max-size, in bytes.
	maxSize = 1 << 40
)

// settings is the table. The order is that of `skant config show`.
func settings() []setting {
	return []setting{
		{key: "rules.files", kind: texts, env: "SKANT_RULES", flag: "rules", adds: true, repository: inside},
		{key: "rules.disable", kind: texts, env: "SKANT_RULES_DISABLE", adds: true, check: checkGlob},
		{key: "rules.only", kind: texts, env: "SKANT_RULES_ONLY", check: checkGlob},
		{
			key: "min-confidence", kind: word, words: []string{"certain", "high", "medium", "low"}, initial: "medium",
			env: "SKANT_MIN_CONFIDENCE", flag: "min-confidence",
		},
		{key: "include-examples", kind: truth, initial: "false", env: "SKANT_INCLUDE_EXAMPLES", flag: "include-examples"},
		{key: "max-size", kind: size, initial: "4GiB", env: "SKANT_MAX_SIZE", flag: "max-size", check: checkSize},
		{key: "timeout", kind: duration, initial: "0", env: "SKANT_TIMEOUT", flag: "timeout", check: checkDuration},
		{key: "paths.ignore", kind: texts, adds: true, check: checkPattern},
		{key: "baseline", kind: text, initial: ".skant-baseline", env: "SKANT_BASELINE", flag: "baseline", check: inside},
		{key: "allow.compat", kind: truth, initial: "false", env: "SKANT_COMPAT_ALLOW", flag: "compat-allow"},
		{key: "allow.strict", kind: truth, initial: "false", env: "SKANT_STRICT_ALLOW", flag: "strict-allow"},
		{
			key: "fail-on", kind: word, words: []string{"new", "all", "live", "none"}, initial: "new",
			env: "SKANT_FAIL_ON", flag: "fail-on",
		},
		{key: "output", kind: texts, env: "SKANT_OUTPUT", flag: "output", check: checkOutput, repository: noPath},
		{key: "verify.enabled", kind: truth, initial: "false", env: "SKANT_VERIFY", flag: "verify", repository: onlyTighter("verify.enabled")},
		{
			key: "verify.endpoints", kind: hosts, env: "SKANT_VERIFY_ENDPOINTS", flag: "verify-endpoint", adds: true,
			check: checkEndpoint, repository: noEndpoint,
		},
		{key: "verify.only-live", kind: truth, initial: "false", env: "SKANT_ONLY_LIVE", flag: "only-live"},
		{
			key: "verify.canaries", kind: truth, initial: "false", env: "SKANT_VERIFY_CANARIES", flag: "verify-canaries",
			repository: onlyTighter("verify.canaries"),
		},
		{key: "hooks.on-error", kind: word, words: []string{"block", "allow"}, initial: "block", env: "SKANT_HOOKS_ON_ERROR", flag: "on-error", repository: onlyBlock},
	}
}

func lookup(key string) (setting, bool) {
	all := settings()
	i := slices.IndexFunc(all, func(s setting) bool { return s.key == key })
	if i < 0 {
		return setting{}, false
	}
	return all[i], true
}

// keys returns the key of every setting, in order.
func keys() []string {
	var list []string
	for _, s := range settings() {
		list = append(list, s.key)
	}
	return list
}

// judge looks at one value as it was written in a layer and returns it in the one way in which it is kept.
func (s *setting) judge(value string, layer Layer) (string, problem) {
	switch {
	case strings.TrimSpace(value) == "":
		return "", problem{"the value is empty", "write one, or leave the line out"}
	case len(value) > maxText:
		return "", problem{"the value is longer than 4 KiB", "shorten it"}
	case strings.ContainsAny(value, "\n\r\x00"):
		return "", problem{"the value has a line break", "write it on one line"}
	}
	switch s.kind {
	case word:
		if !slices.Contains(s.words, value) {
			return "", problem{quote(value) + " is unknown", "write " + either(s.words) + meant(value, s.words)}
		}
	case truth:
		lower := strings.ToLower(value)
		if layer == Env && (value == "1" || value == "0") {
			lower = map[string]string{"1": "true", "0": "false"}[value]
		}
		if lower != "true" && lower != "false" {
			return "", problem{quote(value) + " is neither true nor false", "write true or false, without quotes"}
		}
		value = lower
	}
	if layer == Repository && s.repository != nil {
		if p := s.repository(value); p.what != "" {
			return "", p
		}
	}
	if s.check != nil && layer != Flag {
		if p := s.check(value); p.what != "" {
			return "", p
		}
	}
	return value, problem{}
}

// inside wants a path below the repository's top, as it is written in a commit.
func inside(value string) problem {
	bad := !fs.ValidPath(value) || value == "." || strings.ContainsAny(value, `\:`)
	for part := range strings.SplitSeq(value, "/") {
		bad = bad || strings.EqualFold(part, ".git")
	}
	if bad {
		return problem{
			quote(value) + " is no path inside the repository",
			"write one relative to its top, with slashes and without . and .., such as ci/acme.yaml",
		}
	}
	return problem{}
}

func checkGlob(value string) problem {
	for _, c := range value {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("-*?", c) {
			continue
		}
		return problem{quote(value) + " is no id of a rule", "write an id such as github-oauth-token, or a pattern with * and ? such as generic-*"}
	}
	return problem{}
}

func checkSize(value string) problem {
	digits := strings.TrimLeft(value, "0123456789.")
	unit := strings.ToLower(strings.TrimPrefix(digits, " "))
	known := []string{"", "b", "k", "kb", "ki", "kib", "m", "mb", "mi", "mib", "g", "gb", "gi", "gib", "t", "tb", "ti", "tib"}
	n, err := ParseSize(value)
	switch {
	case err != nil || value[0] < '0' || value[0] > '9' || !slices.Contains(known, unit):
		return problem{quote(value) + " is no size", "write a number with a unit, for example 100MiB"}
	case n < 1 || n > maxSize:
		return problem{quote(value) + " is out of range", "write a size from 1 byte to 1TiB"}
	}
	return problem{}
}

func checkDuration(value string) problem {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		return problem{quote(value) + " is no duration", "write a number with a unit, for example 90s or 5m; 0 means no limit"}
	case d < 0 || value[0] == '-' || value[0] == '+':
		return problem{quote(value) + " has a sign", "write a duration such as 5m, or 0 for no limit"}
	}
	return problem{}
}

func checkOutput(value string) problem {
	name, path, hasPath := strings.Cut(value, "=")
	bad := name == "" || hasPath && strings.TrimSpace(path) == ""
	for _, c := range name {
		bad = bad || (c < 'a' || c > 'z') && c != '-'
	}
	if bad {
		return problem{quote(value) + " is no output", "write FORMAT or FORMAT=PATH, for example sarif=skant.sarif"}
	}
	return problem{}
}

// noPath keeps a repository from writing files on the machine of whoever scans it.
func noPath(value string) problem {
	if name, _, hasPath := strings.Cut(value, "="); hasPath {
		return problem{
			"a repository's file may not say where files are written",
			"write the format alone (" + quote(name) + "), and the path with -o, in SKANT_OUTPUT or in your own configuration file",
		}
	}
	return problem{}
}

// onlyTighter keeps a repository from having its secrets sent anywhere.
func onlyTighter(key string) func(string) problem {
	return func(value string) problem {
		if value == "true" {
			return problem{
				"a repository's file may not switch on what sends secrets over the network",
				"write false here; true belongs into your own configuration file (" + key + ")",
			}
		}
		return problem{}
	}
}

// onlyBlock keeps whoever may push from opening a server's hook.
func onlyBlock(value string) problem {
	if value == "allow" {
		return problem{
			"a repository's file may not let a server's hook pass",
			"write block here; allow belongs into git's configuration on the server (skant.onError)",
		}
	}
	return problem{}
}

func noEndpoint(string) problem {
	return problem{
		"a repository's file may not say where secrets are sent",
		"put it into your own configuration file",
	}
}

// CheckEndpoint looks at a value PROVIDER=URL that was typed, by the rules that hold for files. The error is an [*Error].
func CheckEndpoint(item Item) error {
	if p := checkEndpoint(item.Text); p.what != "" {
		return &Error{Origin: item.Origin, Problem: p.what, Instead: p.instead}
	}
	return nil
}

func checkEndpoint(value string) problem {
	provider, address, _ := strings.Cut(value, "=")
	for _, c := range provider {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return problem{quote(provider) + " is no provider", "write a provider's key, for example github"}
		}
	}
	u, err := url.Parse(address)
	local := err == nil && u.Scheme == "http" && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
	switch {
	case provider == "":
		return problem{"a provider is missing", "write a provider's key, for example github"}
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && !local:
		return problem{"that is no https address", "write https://HOST; http is for localhost only"}
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return problem{"the address has more than a host and a path", "take user, password, query and fragment out"}
	}
	return problem{}
}

// either lists words for a sentence: "a, b or c".
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
