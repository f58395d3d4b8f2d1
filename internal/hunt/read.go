package hunt

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/skant-dev/skant/scanner"
)

// MaxInput bounds what secrets are read from, in bytes.
const MaxInput = 1 << 20

// Read takes the secrets out of a text: one a line, space around it taken off, or, with nul, one between any two zero bytes, as it
// is. A key block (-----BEGIN ... -----END) is one secret over its lines; another line that has quotation marks around it, a name
// before it or what is not seen in it is refused. Empty ones do not count, and of equal ones the first
// does. Errors name a secret by its number.
func Read(text []byte, nul bool) ([]Known, error) {
	if len(text) > MaxInput {
		return nil, fmt.Errorf("the secrets have more than %d MiB", MaxInput>>20)
	}
	var values []string
	if nul {
		for _, v := range bytes.Split(text, []byte{0}) {
			values = append(values, strings.TrimSuffix(string(v), "\n"))
		}
	} else {
		values = readLines(string(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	}
	var known []Known
	seen := map[string]bool{}
	for _, v := range values {
		if v == "" || seen[v] {
			continue
		}
		seen[v] = true
		k := Known{len(known) + 1, scanner.NewSecret(v, 0)}
		if err := k.check(v); err != nil {
			return nil, err
		}
		if why := around(v); why != "" && !nul {
			return nil, fmt.Errorf("secret %d %s, which would be looked for, too: leave it out, or give the secret with -z, which takes it as it is", k.Number, why)
		}
		if known = append(known, k); len(known) > MaxValues {
			return nil, fmt.Errorf("more than %d secrets are given", MaxValues)
		}
	}
	return known, nil
}

// readLines splits a text into lines, and keeps those of a key block together.
func readLines(text string) []string {
	var values, block []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case block != nil:
			block = append(block, line)
			if strings.Contains(line, "-----END ") {
				values, block = append(values, strings.Join(block, "\n")), nil
			}
		case strings.HasPrefix(line, "-----BEGIN ") && !strings.Contains(line, "-----END "):
			block = []string{line}
		default:
			values = append(values, line)
		}
	}
	if block != nil { // cut off: what there is of it
		values = append(values, strings.Join(block, "\n"))
	}
	return values
}

// assignment is a line of a .env file or a shell.
var assignment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:export\s+)?[A-Z][A-Z0-9_]*_[A-Z0-9_]*=.{8}`) })

// around says what a line has that is not of its secret, as far as can be told: with it "not found" would be wrong.
func around(v string) string {
	unseen := strings.IndexFunc(v, func(r rune) bool { return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) })
	switch first, last := v[0], v[len(v)-1]; {
	case strings.Contains(v, "-----BEGIN "): // of a key only what is in it is looked for
		return ""
	case unseen >= 0:
		r, _ := utf8.DecodeRuneInString(v[unseen:])
		return fmt.Sprintf("has a character that is not seen (%U)", r)
	case first == last && strings.IndexByte("\"'`", first) >= 0:
		return "stands in quotation marks (jq needs -r)"
	case assignment().MatchString(v):
		return "stands behind a name and ="
	default:
		return ""
	}
}

func (k *Known) check(v string) error {
	switch {
	case len(v) < MinLength:
		return fmt.Errorf("secret %d has %d bytes; at least %d are needed, or it would be found everywhere", k.Number, len(v), MinLength)
	case len(v) > MaxLength:
		return fmt.Errorf("secret %d has %d bytes; at most %d are taken", k.Number, len(v), MaxLength)
	case !utf8.ValidString(v):
		return fmt.Errorf("secret %d is no text in UTF-8", k.Number)
	}
	distinct := map[rune]bool{}
	for _, r := range v {
		distinct[r] = true
	}
	if len(distinct) < 4 {
		return fmt.Errorf("secret %d has fewer than 4 different characters; it would be found everywhere", k.Number)
	}
	return nil
}
