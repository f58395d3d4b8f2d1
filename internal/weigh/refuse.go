package weigh

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/assign"
)

// references are what stands for a value that is elsewhere.
var references = []string{
	"${", "$(", "#{", "{{", "}}", "<%", "%>", "$[", "@{", "{%", "%(", "<?", "<<", "...", "…",
	"process.env", "os.environ", "os.getenv", "getenv", "System.get", "ENV[", "secrets.", "var.", "local.", "data.", "module.",
	"vault:", "secretsmanager", "arn:aws", "op://", "ref+", "ssm:", "keyvault", "!vault", "$ANSIBLE_VAULT", "ENC[", "ENC(", "{cipher}",
	"lookup(", "secretKeyRef", "valueFrom", "sops", "ASK_", "config.get", "env.", "!Ref", "!GetAtt", "!Sub", "{{resolve:",
}

// refused returns why a value is none, or "".
func (w *weighing) refused(k Kind) string {
	a, v := &w.Assignment, w.value
	if v[0] == '$' && (len(v) < 12 || isIdentifier(v[1:])) || v[0] == '%' && v[len(v)-1] == '%' || v[0] == '&' || v[0] == '*' && a.Quote == 0 ||
		v[0] == '@' && v[len(v)-1] == '@' || v[0] == '<' || v[0] == '{' || v[0] == '[' || v[0] == '(' {
		return "the value is a reference"
	}
	for _, r := range references {
		if bytes.Contains(v, []byte(r)) {
			return "the value is a reference: " + r
		}
	}
	if bytes.Contains(v, []byte("%s")) || bytes.Contains(v, []byte("%d")) || bytes.Contains(v, []byte("%v")) || bytes.Contains(v, []byte("{}")) || bytes.Contains(v, []byte("{0}")) {
		return "the value is a format"
	}
	if v[0] == ':' && isIdentifier(v[1:]) {
		return "the value is a bound parameter"
	}
	if len(v) < k.vocabulary().least || len(v) > maxValue {
		return "the value is too short or too long"
	}
	if !utf8.Valid(v) || bytes.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\t' || r == utf8.RuneError }) {
		return "the value is no text"
	}
	if w.inList() {
		return "name and value are words of a list"
	}
	if text, ok := w.decoded(); ok && bytes.HasPrefix(text, []byte("{\"")) && bytes.Contains(text, []byte("\"alg\"")) && bytes.Count(bytes.TrimRight(v, "."), []byte(".")) < 2 {
		return "the value is the head of a JWT alone"
	}
	if isTime().Match(v) {
		return "the value is a time or a version"
	}
	if callee := a.Callee.Of(w.text); len(callee) > 0 && !isMaker().Match(callee) {
		return "the value is an argument of " + string(callee)
	}
	if isExpression().Match(v) {
		return "the value is a regular expression"
	}
	if w.shape.length > 180 && bytes.HasPrefix(v, []byte("Ag")) {
		return "the value is sealed: it has the form of SealedSecrets"
	}
	if isLocator().Match(v) {
		return "the value is a path or an address"
	}
	if isPath().Match(v) && w.shape.wordShare() >= 0.5 {
		return "the value is a path"
	}
	if isPlace().Match(v) {
		return "the value is a place, a colour, a number, an encoding or a rule of validation"
	}
	if a.Quote == 0 {
		return w.refusedBare()
	}
	if a.Quote == '"' || a.Quote == '\'' || a.Quote == '`' {
		if i := bytes.IndexByte(v, '{'); i >= 0 && bytes.IndexByte(v[i:], '}') > 1 && isIdentifier(v[i+1:i+bytes.IndexByte(v[i:], '}')]) {
			return "the value is a template"
		}
	}
	return ""
}

// inList reports whether name and value are two of several literals in a row: {"pass", "passwd", "password"}. A flag and its
// argument are, too, and are none of these.
func (w *weighing) inList() bool {
	a := &w.Assignment
	if a.Operator != assign.Argument || a.Member || a.Flag || a.Quote == 0 {
		return false
	}
	before := a.Before.Of(w.text)
	if i := bytes.LastIndexAny(before, "\"'`"); i >= 0 {
		before = before[:i]
		if n := len(before); n > 1 && isLetter(before[n-1]) && !isLetter(before[n-2]) { // the b of b"x"
			before = before[:n-1]
		}
		before = bytes.TrimRight(before, " \t")
	}
	after := bytes.TrimLeft(w.text[min(len(w.text), a.Value.Hi+1):a.Line.Hi], " \t")
	follows := len(after) > 1 && after[0] == ',' && bytes.ContainsAny(after[1:min(len(after), 4)], "\"'`")
	if len(before) == 0 {
		return follows
	}
	switch before[len(before)-1] {
	case ',':
		return true
	case '{', '[':
		return follows
	}
	return false
}

// isLocator matches paths, URLs, mail addresses, host names and file names.
var isLocator = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]{1,20}://|(?:magnet|mailto|urn|data|tel|file|arn):|[~.]{0,2}/[\w.-]+(?:/|$)|[A-Za-z]:\\|[\w.+-]+@[\w-]+\.[\w.-]+$|(?:[\w-]+\.)+(?:com|org|net|io|dev|local|internal|example|txt|pem|key|crt|json|ya?ml|xml|properties|conf|cfg|ini|js|ts|py|rb|java|go|php|html?|css|md|sh|log|png|svg|jks|p12|pfx|keystore|db|sql)$|www\.)`)
})

// isTime matches dates, times and version numbers.
var isTime = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{4}-\d\d-\d\d(?:[T ].*)?$|^v?\d+(?:\.\d+){1,3}(?:[-+][\w.]+)?$|^\d{1,2}:\d\d`)
})

// isPath matches relative paths, and base64 that has slashes.
var isPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w.-]+/[\w.-]+/[\w./-]+$`) })

// isPlace matches lines and columns, colours, and numbers of programs.
var isPlace = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i:utf-?8|utf-?16|ascii|latin-?1|iso-8859-\d+|base64)$|^(?:required|nullable|sometimes|string|bail)\||^\d+:\d+[:,)]?$|^[a-z]{2,3}(?:-[a-z]{3,12}){1,3}-?\d$|^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*:\d{2,5}$|^\d{1,5}(?:-\d{1,5})+$|^\\u[0-9A-Fa-f]{4}|^#[0-9A-Fa-f]{3,8}$|^0[xX][0-9A-Fa-f]{1,16}[uUlL]*$`)
})

// isExpression matches what only a regular expression has.
var isExpression = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\^.*\$$|^\^[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*[_-]$|\[\^|\[[\^]?\w-\w|\]\{\d+,?\d*\}|\\[dws][+*{]|\.[*+]\)|\(\?`)
})

// isMaker matches functions that make a secret of a literal, or fall back to one.
var isMaker = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:decode|encode|b64|base64|bytes?|str(?:ing)?|char|secret|passw(?:or)?d|credentials?|token|key\w*|auth\w*|getenv|get|env|environ|default|from|buffer|of|literal|raw|fernet|cipher|value|unhexlify|hex|wrap|create|new|encrypt|decrypt|sensitive|text|to\w+|parse\w*)!?$|\[\]byte$|^(?-i:(?:[A-Z]\w*\.)*[A-Z]\w*)$|^[a-z]{1,2}$`)
})

// isCode matches what only an expression of a program has.
var isCode = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)+\W*$|^[!&*~]?[A-Za-z_$][\w.$:>\[\]!?-]*[(\[{]|[A-Za-z_\])]\(|\)\.|=>|->|::|&&|\|\||^[A-Za-z_]+\[|^(?:new|await|func|function|lambda|return|typeof|not)$|^-?\d+(?:\.\d+)?$`)
})

// refusedBare returns why a value without quotes is none: it is an expression, a type, a word.
func (w *weighing) refusedBare() string {
	a, v := &w.Assignment, w.value
	if a.Operator != assign.Element && a.Value.Hi+1 < len(w.text) && w.text[a.Value.Hi] == '<' && w.text[a.Value.Hi+1] != '/' {
		return "the value goes on with what is to be filled in"
	}
	if a.Operator == assign.Default || a.Operator == assign.Call || a.Operator == assign.Argument || a.Operator == assign.Compare {
		return "the value is an expression"
	}
	if w.shape.digits > 0 && w.shape.length >= 20 && w.shape.wordShare() < 0.4 && !bytes.ContainsAny(v, "()[]{}<>:;,&|*") {
		return "" // a token with dots in it
	}
	if isCode().Match(v) && !(isDigits(v) && len(v) >= 6) {
		return "the value is code"
	}
	if bytes.ContainsAny(v, ",;|(){}[]<>\"'`\\") && a.Operator != assign.Element {
		return "the value has signs that a value without quotes does not have"
	}
	if constants(strings.ToLower(string(v))) {
		return "the value is a constant of the language"
	}
	if isIdentifier(v) && w.shape.digits == 0 && a.Annotated {
		return "the value is a variable"
	}
	return ""
}

// constants are what programs and configuration say in place of a value.
var constants = wordSet(`null nil none true false undefined string str bool boolean int integer number object any void char varchar text bytes byte password passwd
	secret token required optional yes no on off default empty unset auto self this prompt ask generated random localhost redacted hidden masked sensitive
	func function return const var let final static private public readonly required! string? option<string> enabled disabled`)

func isDigits(v []byte) bool {
	for _, c := range v {
		if !isDigit(c) {
			return false
		}
	}
	return len(v) > 0
}

func isIdentifier(v []byte) bool {
	for i, c := range v {
		if !isLetter(c) && c != '_' && !(i > 0 && (isDigit(c) || c == '.' || c == '-')) {
			return false
		}
	}
	return len(v) > 0
}
