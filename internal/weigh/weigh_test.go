package weigh

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// value makes a text of n characters of an alphabet, the same in every run.
func value(alphabet string, n int) string {
	rnd := rand.New(rand.NewPCG(7, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rnd.IntN(len(alphabet))]
	}
	return string(b)
}

const (
	lowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
	alnum          = lowerAndDigits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// best returns the heaviest assignment of any kind in text; ok is false if all are refused.
func best(text string) (r Result, kind Kind, ok bool) {
	for _, k := range Kinds() {
		for at := range text {
			got, is := At(k, []byte(text), at)
			if is && got.Refused == "" && (!ok || got.Points > r.Points) {
				r, kind, ok = got, k, true
			}
		}
	}
	return r, kind, ok
}

func TestCredentials(t *testing.T) {
	strong, short, hex := value(alnum, 32), value(lowerAndDigits, 9), value("0123456789abcdef", 40)
	for _, text := range []string{
		"password = \"" + short + "\"", "DB_PASSWORD=" + short, "db_pass: '" + short + "'", "<password>" + short + "</password>",
		"dbPassword: \"Tr0ub" + "ador&3\"", "user.setPassword(\"" + short + "\")", "--password=" + short, "mysqlpass = '" + short + "'",
		"client_secret: " + strong, "clientSecret = \"" + strong + "\"", "SECRET_KEY_BASE=" + hex + hex, "secret: \"" + hex + "\"",
		"access_token = '" + strong + "'", "X-Auth-Token: " + strong, "token: " + hex, "Authorization: Bearer " + strong,
		"apiKey: \"" + strong + "\"", "API-KEY=" + hex, "aws_access_key = \"" + strong + "\"", "?api_key=" + strong + "&page=2",
		"encryption_key = \"" + hex + "\"", "private final String AES_KEY = \"" + strong + "\";", "\"signingKey\": \"" + strong + "\"",
		"auth = \"" + strong + "\"", "secret = Buffer.from(\"" + strong + "\")", "{\"name\": \"API_TOKEN\", \"value\": \"" + strong + "\"}",
		"token = os.environ.get(\"TOKEN\", \"" + strong + "\")", "password => \"" + value("bcdfghjklmnpqrstvwxz", 9) + "\"",
	} {
		if r, k, ok := best(text); !ok || r.Points < Medium || r.Example {
			t.Errorf("%q: %v %v %.1f %+v", text, ok, k, r.Points, r.Evidence)
		}
	}
}

func TestHarmless(t *testing.T) {
	strong, hex, uuid := value(alnum, 32), value("0123456789abcdef", 40), "3f2b8c1e-9d4a-4f6b-8a7c-5e1d2c3b4a59"
	for _, text := range []string{
		"password = getPassword()", "password = os.environ['PASSWORD']", "password: ${DB_PASSWORD}", "password = config.get('password')",
		"password: {{ vault_password }}", "PASSWORD=$1", "password = %(password)s", "password = user_password", "password: string;",
		"def login(user, password=None):", "String password = request.getParameter(\"password\");", "<input name=\"password\" type=\"password\">",
		"\"password\": \"Enter your password\"", "passwordLabel: \"Passwort\"", "PASSWORD_FIELD = \"user_password\"", "error.password = Invalid password",
		"password: changeme", "password = \"your-password-here\"", "password: \"********\"", "password = \"<password>\"", "password=:password",
		"password_hash = \"" + strong + "\"", "passwordResetUrl = \"" + strong + "\"", "PASSED: " + strong, "compass = \"" + strong + "\"",
		"token_type = \"Bearer\"", "tokenizer = \"" + strong + "\"", "nextPageToken: \"" + strong + "\"", "TOKEN_IDENTIFIER = \"identifier\"",
		"token = next_token()", "cache_key = \"" + hex + "\"", "primary_key = \"" + uuid + "\"", "public_key = \"" + strong + "\"", "key = \"" + strong + "\"",
		"secretName: my-app-tls", "secretKeyRef:\n  name: db", "secret: /run/secrets/db", "client_secret = \"client_secret\"",
		"author = \"" + strong + "\"", "auth_url: https://login.acme.example/oauth2", "auth = AuthMiddleware(app, 3)", "api_key = settings.API_KEY",
		"apiKeyName: \"deploy-2019\"", "api key: see the manual", "keyboard = \"" + strong + "\"", "The token is sent in the header", "secret = \"secret\"",
		"api_version_key = \"2019-01-01\"", "password = \"password\"", "if (password == null)", "password: !vault |", "password: ENC(" + strong + ")",
		"token_url = \"https://acme.example/token\"", "- {secret: '^figd_', use: token}", "- {secret: '^pdl_sdbx_', use: sandbox}", "secret_file = \"app.pem\"", "secretary = \"" + strong + "\"",
	} {
		if r, k, ok := best(text); ok && r.Points >= Medium && !r.Example {
			t.Errorf("%q: %v %.1f %+v", text, k, r.Points, r.Evidence)
		}
	}
}

func TestExamplesAreSaidToBe(t *testing.T) {
	for _, text := range []string{
		"password = \"example123\"", "api_key: \"your_api_key_here\"", "token=xxxxxxxxxxxxxxxx", "secret: \"0123456789abcdef\"", "password: 'abcdefgh1'",
		"client_secret = \"c2VjcmV0LW9mLXRoZS1hcHA=\"",
	} {
		if r, _, ok := best(text); !ok || !r.Example {
			t.Errorf("%q: %v, example %v, %+v", text, ok, r.Example, r.Evidence)
		}
	}
}

// TestEvidenceAddsUp holds the points against the evidence that explains them.
func TestEvidenceAddsUp(t *testing.T) {
	r, _, ok := best("export DEPLOY_TOKEN=\"" + value(alnum, 24) + "\" # for CI")
	if !ok {
		t.Fatal("refused")
	}
	sum := 0.0
	for _, e := range r.Evidence {
		if e.Reason == "" || e.Points == 0 {
			t.Errorf("evidence %+v", e)
		}
		sum += e.Points
	}
	if diff := sum - r.Points; diff > 1e-9 || diff < -1e-9 {
		t.Errorf("%.3f points, evidence of %.3f", r.Points, sum)
	}
}

func TestPath(t *testing.T) {
	for path, want := range map[string]float64{
		"src/main.go": 0, "config/.env": Most, "app.properties": Most, ".env.production": Most, "docker-compose.yml": Most, "docs/usage.md": -0.4,
		"locale/de/messages.po": -3, "messages_de.properties": -3, "dist/app.min.js": -1.5, "package-lock.json": -1.5, "go.sum": -1.5,
		"tests/test_login.py": -0.4, "src/test/java/A.java": -0.4, "login_test.go": -0.4, "a.spec.ts": -0.4, "config.example.yml": -0.4, "": 0,
	} {
		if got := Path(path).Points; got != want {
			t.Errorf("%s: %.1f, want %.1f", path, got, want)
		}
	}
	if !IsTest("a/testdata/x") || IsTest("src/contest/x.go") {
		t.Error("tests are told by their folders")
	}
}

func TestWords(t *testing.T) {
	l := theLanguage()
	if !slices.IsSorted(l.words) || len(l.words) < 5000 {
		t.Fatalf("%d words, sorted: %v", len(l.words), slices.IsSorted(l.words))
	}
	for w, want := range map[string]int{"password": 8, "databaseserver": 14, "qzxvkj": 0, "": 0, "users": 5, "mykey": 3} {
		if got := l.covered(w); got != want {
			t.Errorf("%q: %d letters belong to words, want %d", w, got, want)
		}
	}
	if a, b := l.likeness("connection"), l.likeness("xqzkvwjpgh"); a < 0.5 || b > 0 {
		t.Errorf("likeness of a word %.2f, of none %.2f", a, b)
	}
	if got := runs([]byte("HTTPServer_dbPass9xY")); !slices.Equal(got, []string{"http", "server", "db", "pass", "x", "y"}) {
		t.Errorf("runs %q", got)
	}
}

// FuzzAt weighs anything as anything.
func FuzzAt(f *testing.F) {
	for _, s := range []string{"password=x7", `{"api_key": "abcdefgh1"}`, "<secret>x</secret>", "token: Bearer abc", "aesKey = decode(\"a\", \"b\")"} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, kind uint8) {
		k := Kinds()[int(kind)%len(Kinds())]
		for at := range text {
			r, ok := At(k, text, at)
			if !ok || r.Refused != "" {
				continue
			}
			if r.Value.Hi > len(text) || r.Value.Len() == 0 {
				t.Fatalf("%q: %+v", text, r.Assignment)
			}
		}
	})
}

func BenchmarkAt(b *testing.B) {
	text := []byte(strings.Repeat(" ", 40) + "db_password = \"" + value(alnum, 20) + "\"\n")
	at := strings.Index(string(text), "password")
	b.ReportAllocs()
	for b.Loop() {
		At(Password, text, at)
	}
}
