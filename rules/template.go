package rules

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/fnv"
	"math"
	mrand "math/rand/v2"
	"net/url"
	"strings"
	"text/template"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/skant-dev/skant/internal/evidence"
)

const (
	digits       = "0123456789"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alnumChars   = digits + upperLetters + lowerLetters
	base32Chars  = upperLetters + "234567"
)

// maxGenerated bounds what one call of a generator function returns, in bytes.
const maxGenerated = 1 << 16

// Expand turns an example template into text. Templates use text/template with the delimiters << and >>; their
// functions make random values of an alphabet (alnum, hex, b64url, ...) and of formats with a checksum (anthropic,
// github, ...), so that no rule file holds a string that a scanner would stop. The same seed gives the same text, but
// for private keys, which are fresh. docs/rules.md lists the functions.
func Expand(tmpl, seed string) (string, error) {
	if !strings.Contains(tmpl, "<<") {
		return tmpl, nil
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed + "\x00" + tmpl)) // a hash never fails
	t, err := parseExample(tmpl, generator{mrand.New(mrand.NewPCG(h.Sum64(), 1))})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, nil); err != nil {
		return "", fmt.Errorf("expand example: %w", err)
	}
	return b.String(), nil
}

// parseExample reads a template without making anything of it.
func parseExample(tmpl string, g generator) (*template.Template, error) {
	t, err := template.New("example").Delims("<<", ">>").Option("missingkey=error").Funcs(g.funcs()).Parse(tmpl)
	if err != nil {
		return nil, fmt.Errorf("parse example: %w", err)
	}
	return t, nil
}

// generator makes the values that example templates ask for.
type generator struct{ rnd *mrand.Rand }

func (g generator) funcs() template.FuncMap {
	set := func(alphabet string) func(int) (string, error) {
		return func(n int) (string, error) { return g.chars(alphabet, n) }
	}
	return template.FuncMap{
		"alnum": set(alnumChars), "lower": set(lowerLetters), "upper": set(upperLetters), "digits": set(digits),
		"hex": set(digits + "abcdef"), "HEX": set(digits + "ABCDEF"), "b32": set(base32Chars),
		"lowalnum": set(digits + lowerLetters), "upalnum": set(digits + upperLetters),
		"b64": set(alnumChars + "+/"), "b64url": set(alnumChars + "_-"), "chars": g.chars,
		"bech32": set("qpzry9x8gf2tvdw0s3jn54khce6mua7l"),
		"pick":   g.pick, "uuid": g.uuid, "repeat": repeat,
		"anthropic": g.anthropic, "github": g.github, "gitlab": g.gitlab, "vercel": g.vercel, "awsid": g.awsID,
		"azurekey": func(head string) (string, error) { return withSuffix(head, evidence.AzureKeySuffix(head)) },
		"cask":     func(head string) (string, error) { return withSuffix(head, evidence.AzureCASKSuffix(head)) },
		"entra":    func(head string) (string, error) { return withSuffix(head, evidence.AzureEntraSuffix(head)) },
		"azdo": func() (string, error) {
			return withSuffix("", evidence.AzureDevOpsToken(g.must("abcdefghijklmnopqrstuvwxyz234567", 52)))
		},
		"base64":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base64url": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
		"urlenc":    url.QueryEscape, "jsonesc": jsonEscape, "upcase": strings.ToUpper,
		"cat":  func(parts ...string) string { return strings.Join(parts, "") },
		"join": func(sep string, parts ...string) string { return strings.Join(parts, sep) },
		"unix": func(n int64) int64 { return time.Now().Unix() + n },
		"date": func(n int) string {
			return time.Now().UTC().Add(time.Duration(n) * time.Second).Format(time.RFC3339)
		},
		"jwt": g.jwt, "pem": g.pem, "indent": indent, "nl": func() string { return "\n" },
	}
}

// chars returns n bytes of alphabet that look random in the way that generated keys do: no byte many times in a row,
// and where the alphabet and the length allow it at least one byte of each class.
func (g generator) chars(alphabet string, n int) (string, error) {
	if n < 0 || n > maxGenerated || alphabet == "" {
		return "", fmt.Errorf("make %d characters of %q: not in range", n, alphabet)
	}
	best, bestScore := "", -1.0
	for range 4 {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[g.rnd.IntN(len(alphabet))]
		}
		if s := spread(b); s > bestScore {
			best, bestScore = string(b), s
		}
	}
	return best, nil
}

// spread scores how typical of random text b is: distinct bytes and classes present.
func spread(b []byte) float64 {
	var seen [256]bool
	distinct, classes := 0, map[bool]int{}
	digit, letter := false, false
	for _, c := range b {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
		digit = digit || c >= '0' && c <= '9'
		letter = letter || c >= 'A'
	}
	if digit {
		classes[true]++
	}
	if letter {
		classes[false]++
	}
	return float64(distinct) + 10*float64(len(classes))
}

func (g generator) pick(options ...string) (string, error) {
	if len(options) == 0 {
		return "", fmt.Errorf("pick one of nothing")
	}
	return options[g.rnd.IntN(len(options))], nil
}

func (g generator) must(alphabet string, n int) string {
	s, err := g.chars(alphabet, n)
	if err != nil {
		return ""
	}
	return s
}

func (g generator) uuid() string {
	h := g.must(digits+"abcdef", 30)
	return h[:8] + "-" + h[8:12] + "-4" + h[12:15] + "-" + string("89ab"[g.rnd.IntN(4)]) + h[15:18] + "-" + h[18:30]
}

func (g generator) anthropic(prefix string) string {
	head := prefix + g.must(alnumChars+"_-", 85) + g.must("AQgw", 1)
	return head + "-" + evidence.AnthropicSuffix(head)
}

func (g generator) github(prefix string) string {
	body := g.must(alnumChars, 30)
	return prefix + body + evidence.GitHubSuffix(body)
}

func (g generator) gitlab(prefix string) string {
	head := prefix + g.must(alnumChars+"_-", 40) + ".01." + g.must(digits+lowerLetters, 2)
	return head + evidence.GitLabSuffix(head)
}

func (g generator) vercel(prefix string) string {
	body := g.must(alnumChars, 50)
	return prefix + body + evidence.VercelSuffix(body)
}

// withSuffix ends a value with its checksum; an empty checksum says that the value cannot have one.
func withSuffix(head, suffix string) (string, error) {
	if suffix == "" {
		return "", fmt.Errorf("make a checksum for %d characters: not the head of a known format", len(head))
	}
	return head + suffix, nil
}

// awsID makes a key id from which an account number can be decoded: ids whose fifth character is below Q are older.
func (g generator) awsID(prefix string) string {
	return prefix + g.must("QRSTUVWXYZ", 1) + g.must(base32Chars, 15)
}

func (g generator) jwt(header, payload string) (string, error) {
	for _, part := range []string{header, payload} {
		if !json.Valid([]byte(part)) {
			return "", fmt.Errorf("make a JWT: not JSON: %q", part)
		}
	}
	enc := base64.RawURLEncoding
	sig := make([]byte, 64)
	for i := range sig {
		sig[i] = byte(g.rnd.IntN(math.MaxUint8 + 1))
	}
	return enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload)) + "." + enc.EncodeToString(sig), nil
}

// pem makes a new private key. It is not seeded: Go's key generation takes its randomness from the system.
func (g generator) pem(kind string) (string, error) {
	block, err := newKeyBlock(kind)
	if err != nil {
		return "", fmt.Errorf("make a %s private key: %w", kind, err)
	}
	return string(pem.EncodeToMemory(block)), nil
}

func newKeyBlock(kind string) (*pem.Block, error) {
	switch kind {
	case "RSA":
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		return &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}, nil
	case "EC":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalECPrivateKey(key)
		return &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, err
	case "PKCS8":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
	case "PKCS8RSA":
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
	case "OPENSSH":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return ssh.MarshalPrivateKey(key, "")
	case "ENCRYPTED":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("example"))
	default:
		return nil, fmt.Errorf("unknown kind; known are RSA, EC, PKCS8, PKCS8RSA, OPENSSH, ENCRYPTED")
	}
}

func repeat(s string, n int) (string, error) {
	if n < 0 || n*len(s) > maxGenerated {
		return "", fmt.Errorf("repeat %q %d times: not in range", s, n)
	}
	return strings.Repeat(s, n), nil
}

func jsonEscape(s string) (string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return string(b[1 : len(b)-1]), nil
}

func indent(n int, s string) (string, error) {
	pad, err := repeat(" ", n)
	if err != nil {
		return "", err
	}
	return pad + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+pad), nil
}
