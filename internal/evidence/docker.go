package evidence

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// dockerAuth decodes the user and the password of a registry login.
func dockerAuth(in Input) Result {
	s, ok := in.text()
	if !ok || s == "" {
		return Result{}
	}
	b, ok := unbase64(s)
	pair := string(b)
	if !ok || !strings.Contains(pair, ":") {
		pair = s
	}
	user, password, found := strings.Cut(pair, ":")
	password = strings.TrimRight(password, "\x00\r\n")
	if !found || !utf8.ValidString(pair) {
		return Result{Change: Lowered, Reason: "it does not decode to a user and a password"}
	}
	if password == "" {
		return Result{Change: Refuted, Reason: "it decodes to an empty password"}
	}
	f := facts{}
	f.setName("username", user)
	registry := registryNear(in.around(), s)
	f.set("registry", registry)
	r := Result{Change: Raised, Facts: f, Reason: "it decodes to a user and a password"}
	switch {
	case isPlaceholderLogin(user, password):
		r.Change, r.Reason = Lowered, "it decodes to a placeholder login"
	case registry != "" && hostKind(registry) == hostExample:
		r.Change, r.Reason = Lowered, "the registry is an example"
	case registry != "" && hostKind(registry) == hostLocal:
		r.Change, r.Severity, r.Reason = Lowered, "low", "the registry is a local one"
	case user == "AWS":
		ecrToken(password, in.Now, &r)
	case user == "_json_key" || user == "_json_key_base64":
		f["credential_kind"] = "google-service-account"
	case user == "00000000-0000-0000-0000-000000000000":
		f["credential_kind"] = "azure-registry-token"
	case user == "<token>":
		f["credential_kind"] = "identity-token"
	}
	return r
}

// ecrToken reads the expiry out of the token that "aws ecr get-login-password" prints, which is JSON in base64.
func ecrToken(password string, now time.Time, r *Result) {
	r.Facts["credential_kind"] = "aws-ecr-token"
	b, ok := unbase64(password)
	if !ok {
		return
	}
	o, ok := parseObject(b)
	if !ok {
		return
	}
	if end, ok := o.seconds("expiration", time.Second); ok {
		r.expiry(end, now)
	}
}

// registryNear returns the key under which a value stands in the "auths" object, as a host.
func registryNear(ctx, value string) string {
	at := strings.Index(ctx, value)
	if at < 0 {
		return ""
	}
	re := regexp.MustCompile(`\\?"([A-Za-z0-9:/._-]{3,200})\\?"\s*:\s*\{[^{}]*$`)
	m := re.FindStringSubmatch(ctx[max(0, at-1024):at])
	if m == nil {
		return ""
	}
	host := strings.TrimPrefix(strings.TrimPrefix(m[1], "https://"), "http://")
	host, _, _ = strings.Cut(host, "/")
	return host
}

// kubeconfigClientKey parses the private key of a client and, if it is there, reads whom the certificate names.
func kubeconfigClientKey(in Input) Result {
	r := privateKey(in)
	if r.Change == Lowered {
		return r
	}
	if r.Facts == nil {
		r.Facts = map[string]string{}
	}
	encoded := in.part("client_certificate_data", "client-certificate-data", "certificate")
	if encoded == "" {
		re := regexp.MustCompile(`client-certificate-data["']?:\s*["']?([A-Za-z0-9+/=]{100,})`)
		if m := re.FindStringSubmatch(in.around()); m != nil {
			encoded = m[1]
		}
	}
	if encoded != "" {
		clientCertificate(encoded, in.Now, &r)
	}
	return r
}

// kubernetesSecret looks at the manifest around a value of a Secret.
func kubernetesSecret(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	ctx := in.around()
	for _, kind := range []string{"SealedSecret", "ExternalSecret", "SecretProviderClass"} {
		if regexp.MustCompile(`kind["']?:\s*["']?` + kind + `\b`).MatchString(ctx) {
			return Result{Change: Lowered, Reason: "the manifest holds no clear values"}
		}
	}
	if strings.Contains(s, "ENC[AES256_GCM") {
		return Result{Change: Refuted, Reason: "it is encrypted with SOPS"}
	}
	f := facts{}
	for _, key := range []string{"name", "namespace", "type"} {
		re := regexp.MustCompile(`(?m)^[ \t-]*["']?` + key + `["']?:\s*["']?([A-Za-z0-9./_-]{1,253})["']?,?\s*$`)
		if m := re.FindStringSubmatch(ctx); m != nil {
			f.setName("secret_"+key, m[1])
		}
	}
	clear, decoded := s, false
	if b, ok := unbase64(s); ok && len(b) > 0 && utf8.Valid(b) {
		clear, decoded = strings.TrimSpace(string(b)), true
	}
	r := Result{Facts: f}
	switch named := namesCredential(ctx, s); {
	case !named && !(decoded && isPrintable(clear)):
		r.Change, r.Reason = Lowered, "its name does not say that it is a credential, and it does not decode to text"
	case !named && (isUserName(ctx, s) || isPublicWord(clear)):
		r.Change, r.Reason = Lowered, "it decodes to a name, a host or a setting"
	case isTemplate(clear) || isTemplate(s):
		r.Change, r.Reason = Lowered, "it is filled in when the manifest is used"
	case isWeakWord(clear):
		r.Change, r.Reason = Lowered, "it is a placeholder"
	case regexp.MustCompile(`kind["']?:\s*["']?Secret\b`).MatchString(ctx):
		r.Change, r.Reason = Raised, "it stands in a Secret"
	}
	return r
}

// entryName returns the key before a value in a manifest, or "".
func entryName(ctx, value string) string {
	at := strings.Index(ctx, value)
	if at < 0 {
		return ""
	}
	re := regexp.MustCompile(`([A-Za-z0-9_.-]+)\\{0,3}["']?:[ \t]*\\{0,3}["']?$`)
	m := re.FindStringSubmatch(ctx[max(0, at-120):at])
	if m == nil {
		return ""
	}
	return m[1]
}

// namesCredential reports whether the key before a value in a manifest is one that a credential has. Where there is none
// to be seen, nothing speaks against it.
func namesCredential(ctx, value string) bool {
	name := entryName(ctx, value)
	return name == "" ||
		regexp.MustCompile(`(?i)pass|pwd|secret|token|key|cred|auth|jwt|cookie|salt|seed|dsn|connection|private|cert`).MatchString(name)
}

// isUserName reports whether the key says that the value is who or where, not the secret of it.
func isUserName(ctx, value string) bool {
	return regexp.MustCompile(`(?i)(?:user(?:name)?|login|email|host(?:name)?|address|database|db|name|namespace|region|bucket|id)$`).
		MatchString(entryName(ctx, value))
}

// isPrintable reports whether s is a line or more of text in ASCII.
func isPrintable(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return s != ""
}

// isPublicWord reports whether a clear value looks like a setting: a word, a host, a path, a number, a file with names
// and values. What is random mixes digits and letters of both cases, or has signs that settings do not have.
func isPublicWord(s string) bool {
	if strings.ContainsAny(s, "\n\r") || isDigits(s) {
		return true
	}
	if strings.Contains(s, "://") {
		return !strings.Contains(s, "@")
	}
	lower, upper, digit := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			lower++
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= '0' && c <= '9':
			digit++
		case !strings.ContainsRune("._-/:, ", rune(c)):
			return false
		}
	}
	switch {
	case lower > 0 && upper > 0:
		return digit == 0 && upper < lower/3 // a name in camel case
	default:
		return digit == 0 || len(s) < 20
	}
}
