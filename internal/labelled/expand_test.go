package labelled

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// sample is one labelled text.
type sample struct {
	id       string
	category string
	half     half
	positive bool
	path     string
	text     string
	// values are the byte ranges of the credential in text: more than one where it stands there several times.
	values [][2]int
}

// filler fills in the placeholders of one shape. Files write them as <%name|U%>:
//
//	v         the credential, as its kind has it; v.plain without what a URL, a shell or XML gives a meaning, v.alnum
//	          letters and digits only, v.b64 encoded, v.basic encoded with a user's name before it, v.url percent-encoded,
//	          v.head and v.tail its first half and the rest
//	name      a name for such a credential
//	LIST      a word of the list in testdata/words; LIST#2 another one
//	hex:32    so many characters: also HEX, lower, upper, digits, alnum, lowalnum, upalnum, b64, b64url
//	int:1:99  a number in a range
//	pick:a,b  one of several texts
//	uuid, date, jwt, pem:KIND
//	site      a domain that nobody has thought of; names kept for documentation would say that nothing here is real
//
// Behind a bar stands how a name or words are joined: c camelCase, P PascalCase, U UPPER_SNAKE, k kebab-case, H Header-Case,
// d dotted.lower, w with spaces, W With Capitals, f flatlower, F FLATUPPER; as it is otherwise.
type filler struct {
	g      *grammar
	half   half
	rnd    *rand.Rand
	kind   string // of credential: "password", or "password:weak" for one sort of value
	value  string
	memory map[string]string
	out    strings.Builder
	values [][2]int
}

var placeholder = regexp.MustCompile(`«([^«»]+)»`)

// fill returns a text with its placeholders filled in.
func (f *filler) fill(text string) error {
	for {
		m := placeholder.FindStringSubmatchIndex(text)
		if m == nil {
			f.out.WriteString(text)
			return nil
		}
		f.out.WriteString(text[:m[0]])
		what := text[m[2]:m[3]]
		got, err := f.one(what)
		if err != nil {
			return fmt.Errorf("«%s»: %w", what, err)
		}
		if what == "v" || strings.HasPrefix(what, "v.") || strings.HasPrefix(what, "pem:") {
			f.values = append(f.values, [2]int{f.out.Len(), f.out.Len() + len(got)})
		}
		f.out.WriteString(got)
		text = text[m[1]:]
	}
}

// one returns the text for one placeholder. Whatever is asked for twice is the same both times.
func (f *filler) one(what string) (string, error) {
	key, style, styled := strings.Cut(what, "|")
	got, known := f.memory[key]
	if !known {
		var err error
		if got, err = f.draw(key); err != nil {
			return "", err
		}
		f.memory[key] = got
	}
	if !styled {
		return got, nil
	}
	return restyle(got, style)
}

func (f *filler) draw(key string) (string, error) {
	if key == "v" || strings.HasPrefix(key, "v.") {
		return f.credential(key)
	}
	key, _, _ = strings.Cut(key, "#") // which only tells two of the same kind apart
	head, args, _ := strings.Cut(key, ":")
	if alphabet, ok := alphabets[head]; ok && args != "" {
		n, err := strconv.Atoi(args)
		return f.chars(alphabet, n), err
	}
	switch head {
	case "name":
		return f.name(), nil
	case "site":
		return f.site(), nil
	case "uuid":
		return f.uuid(), nil
	case "date":
		return fmt.Sprintf("20%02d-%02d-%02d", 10+f.rnd.IntN(16), 1+f.rnd.IntN(12), 1+f.rnd.IntN(28)), nil
	case "jwt":
		return f.jwt(), nil
	case "pem":
		return f.pem(args)
	case "int":
		low, high, _ := strings.Cut(args, ":")
		a, err := strconv.Atoi(low)
		if err != nil {
			return "", err
		}
		b, err := strconv.Atoi(high)
		return strconv.Itoa(a + f.rnd.IntN(b-a+1)), err
	case "pick":
		return pick(f.rnd, strings.Split(args, ",")), nil
	}
	list, ok := f.g.words[head]
	if !ok {
		return "", fmt.Errorf("no such placeholder, and no list of that name")
	}
	return f.nested(pick(f.rnd, list[f.half]))
}

// nested fills in what stands between guillemets in a word of a list.
func (f *filler) nested(word string) (string, error) {
	var failed error
	word = placeholder.ReplaceAllStringFunc(word, func(inner string) string {
		got, err := f.one(strings.Trim(inner, "«»"))
		failed = errors.Join(failed, err)
		return got
	})
	return word, failed
}

func pick[T any](rnd *rand.Rand, list []T) T { return list[rnd.IntN(len(list))] }

// name makes a name for a credential: a core of the kind's own, often with a component before it.
func (f *filler) name() string {
	kind, _, _ := strings.Cut(f.kind, ":")
	core := pick(f.rnd, f.g.words["names-"+kind][f.half])
	if f.rnd.IntN(10) < 5 {
		component := pick(f.rnd, f.g.words["components"][f.half])
		if !strings.HasPrefix(core, component) {
			return component + "_" + core
		}
	}
	return core
}

// credential returns the value of the sample in one of its writings.
func (f *filler) credential(key string) (string, error) {
	_, form, _ := strings.Cut(key, ".")
	if f.value == "" {
		f.value = f.newValue(symbolsOf(form))
	}
	switch form {
	case "", "plain", "alnum":
		return f.value, nil
	case "b64":
		return base64.StdEncoding.EncodeToString([]byte(f.value)), nil
	case "basic":
		user, err := f.one("user")
		return base64.StdEncoding.EncodeToString([]byte(user + ":" + f.value)), err
	case "url":
		return url.QueryEscape(f.value), nil
	case "head":
		return f.value[:len(f.value)/2], nil
	case "tail":
		return f.value[len(f.value)/2:], nil
	default:
		return "", fmt.Errorf("a value has no form %q", form)
	}
}

// symbolsOf returns what may stand in a value beside letters and digits.
func symbolsOf(form string) string {
	switch form {
	case "plain", "head", "tail":
		return "-_.!~+"
	case "alnum":
		return ""
	default:
		return "!@#%^*-_=+.?~&!@"
	}
}

// words splits a name at underscores, dashes, dots, spaces and where its case changes.
func words(name string) []string {
	var b strings.Builder
	last := ' '
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteByte(' ')
		}
		if strings.ContainsRune("_-. ", r) {
			r = ' '
		}
		b.WriteRune(r)
		last = r
	}
	return strings.Fields(b.String())
}

func restyle(name, style string) (string, error) {
	parts := words(name)
	for i := range parts {
		parts[i] = strings.ToLower(parts[i])
	}
	capitals := slices.Clone(parts)
	for i, p := range capitals {
		r := []rune(p)
		r[0] = unicode.ToUpper(r[0])
		capitals[i] = string(r)
	}
	switch style {
	case "c":
		return strings.Join(append(parts[:1:1], capitals[1:]...), ""), nil
	case "P":
		return strings.Join(capitals, ""), nil
	case "U":
		return strings.ToUpper(strings.Join(parts, "_")), nil
	case "k":
		return strings.Join(parts, "-"), nil
	case "H":
		return strings.Join(capitals, "-"), nil
	case "d":
		return strings.Join(parts, "."), nil
	case "w":
		return strings.Join(parts, " "), nil
	case "W":
		return strings.Join(capitals, " "), nil
	case "f":
		return strings.Join(parts, ""), nil
	case "F":
		return strings.ToUpper(strings.Join(parts, "")), nil
	default:
		return "", fmt.Errorf("no way of writing is called %q", style)
	}
}
