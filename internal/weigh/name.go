package weigh

import (
	"bytes"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/assign"
)

// Kind is what a name says that its value is.
type Kind string

// The kinds. A rule names one of them.
const (
	Password Kind = "password"
	Secret   Kind = "secret"
	Token    Kind = "token"
	APIKey   Kind = "api-key"
	Key      Kind = "key"
	Auth     Kind = "auth"
	Salt     Kind = "salt"
)

var kinds = [...]Kind{Password, Secret, Token, APIKey, Key, Auth, Salt}

// Kinds returns all kinds.
func Kinds() []Kind { return kinds[:] }

// vocabulary is how a kind is called.
type vocabulary struct {
	// words are in lower case, a longer one before its beginning.
	words []string
	// whole are those of them that have to begin at the beginning of a word: "pass" is none in "compass".
	whole []string
	// base is what the name alone is worth.
	base float64
	// least is the shortest value, in bytes.
	least int
}

// vocabularies are the kinds' own, in the order of [Kinds].
var vocabularies = [...]vocabulary{
	{
		words: []string{"password", "passwort", "passwrd", "passwd", "passphrase", "pass_phrase", "passcode", "passkey", "pass", "pswd", "psswd", "pword", "pwd", "psw", "psk", "pw", "contrasena", "senha"},
		whole: []string{"pass", "psw", "psk", "pw", "pwd", "pword"}, base: 1.5, least: 4,
	},
	{
		words: []string{"secret_key_base", "secretkey", "secret_key", "secret-key", "secret", "credentials", "credential", "creds", "cred"},
		whole: []string{"cred", "creds"}, base: 1.2, least: 6,
	},
	{words: []string{"token", "jwt", "bearer", "tok"}, whole: []string{"jwt", "bearer", "tok"}, base: 1.0, least: 8},
	{
		words: []string{
			"api_key", "apikey", "api-key", "api key", "api.key", "access.key", "access_key", "accesskey", "access-key", "access key",
			"app_key", "appkey", "app-key", "auth_key", "authkey", "auth-key",
		},
		base: 1.2, least: 8,
	},
	{words: []string{"key"}, whole: []string{"key"}, base: 0.6, least: 8},
	{words: []string{"authorization", "authenticate", "auth", "login", "signin"}, whole: []string{"auth", "login"}, base: 0.6, least: 6},
	{words: []string{"salt", "seed"}, whole: []string{"salt", "seed"}, base: 0.5, least: 8},
}

// vocabulary returns how the kind is called; it is nil for what is no kind.
func (k Kind) vocabulary() *vocabulary {
	for i, known := range kinds {
		if k == known {
			return &vocabularies[i]
		}
	}
	return nil
}

// glued are what stands before a short word without a break: dbpass.
var glued = wordSet(`db user usr my mysql pg sql smtp ftp ssh root admin mail email proxy ldap imap pop redis mongo jdbc sys app web wifi vnc http basic bind data dba require master sa ps
	rabbit rabbitmq sudo vpn ssl cert key store keystore truststore login lgn api secret auth access`)

// keyOwners are the words that make a credential of a key.
var keyOwners = wordSet(`api access secret private encryption encrypt encrypted enc decryption decrypt crypto crypt cipher aes des rsa hmac signing sign signature
	master auth authorization authentication account storage shared app application license licence client consumer jwt session cookie ssh deploy deployment server
	admin subscription sas webhook service function instrumentation ingest push maps integration developer partner merchant security symmetric secure wallet
	root tls csrf rpc bot sdk ingestion publish token signer seal unseal vault cloud hash tracking wrapping wrap wrapped sync backup payment data database db session shared dek kek aead hmac256 blowfish fernet rijndael machine functions host write rest publish stream device iot pre preshared psk wpa management
	billing payment gateway ops tunnel node validator mining mail sms captcha recaptcha google aws azure gcp`)

// about are words behind a credential word with which a name tells something about a credential, and is none.
var about = wordSet(`name names url uri urls path paths file files filename dir directory folder location type types field fields label labels placeholder hint
	hints error errors message messages msg msgs title titles text texts description desc help tooltip caption length len size min max count limit expiry expires
	expire expiration expired ttl timeout age lifetime duration policy policies regex regexp pattern format formatter validator validation validate encoder
	encoding algorithm algo alg provider manager service services endpoint endpoints header headers param params parameter parameters prefix suffix column columns
	table class selector xpath css element input inputs form view page screen button btn link reset change strength rules history question answer version status
	state enabled disabled required optional flag mode scope scopes issuer audience parser lexer kind index position pos offset start end stream source reader
	writer factory builder store cache bucket ref reference refs arn alias env var variable prop property option options arg args handler callback listener event
	request response exchange model dto entity schema object list set map array iterator usage budget rate per valid invalid exists changed updated created at on
	date time by from to is has can group resolver grant owner mount volume id ids code codes count counts number num engine backend auth method client server
	generator generated rotation lookup command cmd prompt dialog popup modal icon visible visibility match matches mismatch check checker confirmation verify
	verification verifier managed template topic queue spec config configs configuration settings setting info metadata details detail data_type types plugin
	module package import export helper utils util util support tests suite dictionary signing_alg algorithm_values_supported supported requested granted encrypted
	annotation annotations transport layout style styles mapping mapper converter serializer deserializer codec hasher hashing mapping bytes characters chars
	char node nodes tree span kinds literal literals operator keyword comma colon identifier symbol symbols separator delimiter thru through arr mgr permissions permission role roles
	only mtime ctime updated_at revoked revoke revocation introspection refresh_url auth_method signing_method count_total scheme`)

// aboutBefore are words before a credential word that do the same.
var aboutBefore = wordSet(`public translation locale message lang label error err invalid missing wrong empty forgot
	forget forgotten reset change changed update no non is has show hide toggle required allow enable disable need needs next prev previous page
	continuation cursor delimiter separator syntax lex lexer parse parser unexpected expected cancel cancellation cancellationtoken stop unique composite
	index column field shortcut keyboard hot press arrow dictionary dict column attribute attr
	without encrypted sealed supports supported validate validates verify verifies validator check checks incorrect bad hashed sorted natural surrogate
	routing idempotency ordering dedup deduplication group grouping bucket translate get read load fetch find parse generate create make encode decode max min
	count num total per select expect consume match peek skip eat accept contains equals assert assertequals ask prompt`)

// keysOf are words before "key" with which it is one of data.
var keysOf = wordSet(`registry search lookup primary foreign cache sort partition object row sync`)

// soften are words before it that make a credential of little value likely.
var soften = wordSet(`test tests testing dummy fake mock sample example demo placeholder default temp tmp foo bar`)

// wordSet is a set of words that is made when it is first asked.
func wordSet(words string) func(string) bool {
	made := sync.OnceValue(func() map[string]bool {
		m := map[string]bool{}
		for _, w := range strings.Fields(words) {
			m[w] = true
		}
		return m
	})
	return func(w string) bool { return made()[w] }
}

// wordAt returns the end of the credential word that begins at text[at:], or 0 if none does, or if it is part of another.
func (k Kind) wordAt(text []byte, at int) int {
	v := k.vocabulary()
	for _, w := range v.words {
		end := at + len(w)
		if end > len(text) || !bytes.EqualFold(text[at:end], []byte(w)) {
			continue
		}
		if contains(v.whole, w) && !beginsWord(text, at) {
			return 0
		}
		if end < len(text) && text[end]|0x20 == 's' && (end+1 == len(text) || !isLetter(text[end+1])) {
			return end // several of them
		}
		if end < len(text) && (isLower(text[end]) || isUpper(text[end]) && isUpper(text[end-1])) { // it goes on: tokenizer, secretary, PASSED
			return 0
		}
		return end
	}
	return 0
}

func contains(list []string, w string) bool {
	for _, l := range list {
		if l == w {
			return true
		}
	}
	return false
}

// beginsWord reports whether a word begins at text[at]: behind no letter, at a capital after a small letter, or behind
// what is known to be written in one.
func beginsWord(text []byte, at int) bool {
	if at == 0 || !isLetter(text[at-1]) || isUpper(text[at]) && isLower(text[at-1]) {
		return true
	}
	lo := at
	for lo > 0 && at-lo < 12 && isLetter(text[lo-1]) && !(isUpper(text[lo]) && isLower(text[lo-1])) {
		lo--
	}
	return glued(strings.ToLower(string(text[lo:at])))
}

// weighName adds what the name says. It reports false if the name is that of no credential.
func (w *weighing) weighName(k Kind) bool {
	text, a := w.text, &w.Assignment
	v := k.vocabulary()
	before, after := runs(text[a.Name.Lo:a.Word.Lo]), runs(text[a.Word.Hi:a.Name.Hi])
	w.add(v.base, "the name says %s", k)
	for i, word := range after {
		if k == Token && w.Operator == assign.Call && i == 0 && (word == "verify" || word == "sign" || word == "encode" || word == "decode") {
			continue
		}
		if about(word) && !(word == "id" && i == 0 && bytes.EqualFold(w.Word.Of(text), []byte("secret"))) {
			return false
		}
		switch {
		case word == "s" || word == "es": // several of them
			w.add(-0.5, "the name is in the plural")
		case word == "hash" || word == "digest" || word == "salt" || word == "iv" || word == "checksum" || word == "hint":
			return false
		}
	}
	if signs := k == Token && len(after) == 1 && (after[0] == "sign" || after[0] == "verify" || after[0] == "encode" || after[0] == "decode"); signs && w.Operator == assign.Call {
		w.add(0.5, "the value is what tokens are signed with")
	} else if w.Operator == assign.Call && len(after) > 0 {
		return false // password.strip("x")
	}
	if k == Auth && !w.Second && isLogin(w.Word.Of(text)) {
		return false
	}
	if w.Operator == assign.Space && !w.Flag && bytes.EqualFold(w.Name.Of(text), []byte("pass")) {
		return false // pass "x" on to another
	}
	if len(after) > 0 && strings.EqualFold(string(w.Word.Of(text)), "psk") {
		return false // the name of a cipher suite
	}
	last := ""
	if len(before) > 0 {
		last = before[len(before)-1]
	}
	if aboutBefore(last) {
		if k == Key || k == Token || last != "get" && last != "max" && last != "min" {
			return false
		}
	}
	for _, word := range before {
		if word == "public" || word == "etag" || word == "checksum" || word == "forgot" || word == "placeholder" {
			return false
		}
		if soften(word) {
			w.add(-0.7, "the name speaks of a test")
			break
		}
	}
	if k == Key && !keyOwners(last) && !(w.inQuery() && len(before) == 0) || (k == Key || k == Token) && keysOf(last) && last != "sync" {
		return false
	}
	return true
}

// isLogin reports whether a word names the act, which takes a user and a password, rather than a value.
func isLogin(word []byte) bool {
	switch strings.ToLower(string(word)) {
	case "login", "signin", "authenticate":
		return true
	}
	return false
}
