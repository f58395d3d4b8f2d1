package suppress

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // It is what detect-secrets has written.
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/scanner"
)

// Foreign is an entry of a list of another tool: a digest of the value where it has one, and a place. It holds no value.
type Foreign struct {
	// Name is how the entry is called in messages: its place and the other tool's rule. It may quote anything; see Addition.
	Name string
	// Digest is a hash of the value, SHA-1 or SHA-256 by its length; empty if the list has none.
	Digest       []byte
	Path, Commit string
	Line         int
}

// maxForeign bounds the entries of a list.
const maxForeign = 100_000

var errForeignCount = fmt.Errorf("it has more than %d entries", maxForeign)

// ParseGitleaks reads a report of gitleaks in JSON, which it also takes as a baseline.
func ParseGitleaks(data []byte) ([]Foreign, error) {
	var list []struct {
		RuleID, Secret, File, Commit string
		StartLine                    int
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, plainJSON(err, "a report of gitleaks: a list of findings")
	}
	if len(list) > maxForeign {
		return nil, errForeignCount
	}
	out := make([]Foreign, 0, len(list))
	for _, e := range list {
		f := Foreign{Path: slashes(e.File), Commit: e.Commit, Line: e.StartLine}
		f.Name = fmt.Sprintf("%s:%d (%s)", f.Path, f.Line, e.RuleID)
		if e.Secret != "" && e.Secret != "REDACTED" && !strings.HasSuffix(e.Secret, "...") {
			sum := sha256.Sum256([]byte(e.Secret))
			f.Digest = sum[:]
		}
		out = append(out, f)
	}
	return out, nil
}

// ParseGitleaksIgnore reads a .gitleaksignore: a line "COMMIT:FILE:RULE:LINE" or "FILE:RULE:LINE" for each entry.
func ParseGitleaksIgnore(data []byte) ([]Foreign, error) {
	var out []Foreign
	number := 0
	for raw := range bytes.Lines(data) {
		number++
		line := strings.TrimSpace(strings.ToValidUTF8(string(raw), "\uFFFD"))
		if line == "" || line[0] == '#' {
			continue
		}
		if len(out) >= maxForeign {
			return nil, errForeignCount
		}
		parts := strings.Split(line, ":")
		f := Foreign{}
		n := len(parts)
		var err error
		if n >= 3 {
			f.Line, err = strconv.Atoi(parts[n-1])
		}
		if n < 3 || err != nil || f.Line < 0 {
			return nil, fmt.Errorf("line %d is no fingerprint of gitleaks: FILE:RULE:LINE, or with the commit before it", number)
		}
		if n >= 4 && commitID(parts[0]) {
			f.Commit, parts = parts[0], parts[1:]
		}
		f.Path = slashes(strings.Join(parts[:len(parts)-2], ":"))
		f.Name = fmt.Sprintf("%s:%d (%s)", f.Path, f.Line, parts[len(parts)-2])
		out = append(out, f)
	}
	return out, nil
}

// ParseDetectSecrets reads a .secrets.baseline of detect-secrets.
func ParseDetectSecrets(data []byte) ([]Foreign, error) {
	var list struct {
		Results map[string][]struct {
			Type   string `json:"type"`
			Hashed string `json:"hashed_secret"`
			Line   int    `json:"line_number"`
		} `json:"results"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, plainJSON(err, "a baseline of detect-secrets")
	}
	if list.Results == nil {
		return nil, errors.New("it is no baseline of detect-secrets: it has no results")
	}
	var out []Foreign
	for _, path := range slices.Sorted(maps.Keys(list.Results)) {
		for _, e := range list.Results[path] {
			if len(out) >= maxForeign {
				return nil, errForeignCount
			}
			f := Foreign{Path: slashes(path), Line: e.Line, Name: fmt.Sprintf("%s:%d (%s)", slashes(path), e.Line, e.Type)}
			if sum, err := hex.DecodeString(e.Hashed); err == nil && len(sum) == sha1.Size {
				f.Digest = sum
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// plainJSON leaves out what an error of the decoder quotes: the file has values in clear.
func plainJSON(err error, what string) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not %s: no JSON at byte %d", what, syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("it is not %s: a %s at byte %d", what, strings.Fields(kind.Value + " ?")[0], kind.Offset)
	default:
		return fmt.Errorf("it is not %s", what)
	}
}

func commitID(text string) bool {
	return (len(text) == 40 || len(text) == 64) && strings.Trim(text, "0123456789abcdef") == ""
}

func slashes(path string) string {
	return strings.TrimPrefix(strings.ReplaceAll(strings.ToValidUTF8(path, "\uFFFD"), `\`, "/"), "./")
}

// Matched are the findings that entries of another tool are about, and those of which there is none, with the reason.
type Matched struct {
	Findings []scanner.Finding
	Missed   []Note
	// Carried is the number of entries that match a finding.
	Carried int
}

// Match finds our own findings for the entries of another tool: by the value where the list has a digest of it, and by the
// place where it has none. The line of a commit is always the same, so there the place does, too, for a value that the other
// tool cuts otherwise; without a commit another value at the same place may be a new secret.
func Match(list []Foreign, fs []scanner.Finding) Matched {
	type place struct {
		path, commit string
		line         int
	}
	byPlace, byDigest := map[place][]int{}, map[string][]int{}
	for i := range fs {
		l := &fs[i].Location
		for line := l.StartLine; line <= min(l.EndLine, l.StartLine+200); line++ {
			byPlace[place{l.Path, "", line}] = append(byPlace[place{l.Path, "", line}], i)
			if l.Commit != nil {
				at := place{l.Path, l.Commit.ID, line}
				byPlace[at] = append(byPlace[at], i)
			}
		}
		if fs[i].Secret.Known() {
			for _, h := range []hash.Hash{sha1.New(), sha256.New()} { //nolint:gosec // It is what detect-secrets has written.
				sum := string(fs[i].Secret.Sum(h))
				byDigest[sum] = append(byDigest[sum], i)
			}
		}
	}
	var m Matched
	taken := map[int]bool{}
	for i := range list {
		e := &list[i]
		at := byPlace[place{e.Path, e.Commit, e.Line}]
		found := byDigest[string(e.Digest)]
		if len(found) == 0 && (len(e.Digest) == 0 || e.Commit != "") {
			found = at
		}
		if len(found) == 0 {
			m.Missed = append(m.Missed, Note{e.Name, missing(e, len(at) > 0)})
			continue
		}
		m.Carried++
		for _, n := range found {
			taken[n] = true
		}
	}
	for _, n := range slices.Sorted(maps.Keys(taken)) {
		m.Findings = append(m.Findings, fs[n])
	}
	return m
}

// missing says why an entry was not carried over; there says that something else is at its place.
func missing(e *Foreign, there bool) string {
	switch {
	case there:
		return "what skant finds at this place has another value: it may be a new secret"
	case len(e.Digest) > 0:
		return "skant finds neither this value nor anything at this place"
	default:
		return "skant finds nothing at this place, and the list does not say what the value is"
	}
}
