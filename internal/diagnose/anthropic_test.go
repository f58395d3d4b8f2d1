package diagnose

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/scanner"
)

const (
	gmt          = "Mon, 02 Jan 2006 15:04:05 GMT"
	organization = "Anthropic-Organization-Id: 5e0a0000-0000-4000-8000-000000000001"
	listed       = `{"data":[{"type":"model","id":"claude-example"}],"has_more":false}`
)

func problem(kind, message string) string {
	return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"},"request_id":"req_011"}`
}

var unknownKey = reply{401, problem("authentication_error", "invalid x-api-key"), nil}

// Nothing is set.
func TestNothingSet(t *testing.T) {
	res := world{}.run(t, "anthropic")
	expect(t, res, "1 wrong: no key was found in ANTHROPIC_AUTH_TOKEN", "2 -: needs a key", "3 -: needs a key", "4 -: needs a whole key", "5 -: needs an answer")
	if g, step := res.Worst(); g != Wrong || step != 1 {
		t.Errorf("%s at %d", g, step)
	}
}

// A helper program may have the key, so that none is found is not wrong; it is not run.
func TestHelperIsTold(t *testing.T) {
	w := world{env: map[string]string{"HOME": "/h"}, files: map[string]string{"/h/.claude/settings.json": `{"apiKeyHelper": "/bin/give-key"}`}}
	res := w.run(t, "")
	expect(t, res, "1 look: /h/.claude/settings.json: apiKeyHelper", "1 ?: no key stands in")
	if g, _ := res.Worst(); g != Unclear {
		t.Error(g)
	}
}

// Where a key stands, and in which order the places count.
func TestPlaces(t *testing.T) {
	key, other := made(t, `<<anthropic "sk-ant-api03-">>`), made(t, `<<anthropic "sk-ant-api03-">> `)
	for name, tc := range map[string]struct {
		w    world
		want []string
	}{
		"variable": {world{}.with("ANTHROPIC_API_KEY", key), []string{"1 ok: ANTHROPIC_API_KEY holds "}},
		"dotenv":   {world{files: map[string]string{".env": "# x\nexport ANTHROPIC_API_KEY='" + key + "'\n"}}, []string{"1 ok: ANTHROPIC_API_KEY in .env holds "}},
		"comment":  {world{files: map[string]string{".env.local": "ANTHROPIC_API_KEY=" + key + " # mine\r\n"}}, []string{"1 ok: ANTHROPIC_API_KEY in .env.local holds ", "2 ok: it is whole"}},
		"quoted":   {world{files: map[string]string{".env": "ANTHROPIC_API_KEY=\"" + key + "\" # mine\n"}}, []string{"2 ok: it is whole"}},
		"item":     {world{files: map[string]string{"compose.yml": "  - \"ANTHROPIC_API_KEY=" + key + "\"\n"}}, []string{"2 ok: it is whole"}},
		"AWS":      {world{}.with("ANTHROPIC_AWS_API_KEY", "x"), []string{"1 look: ANTHROPIC_AWS_API_KEY: it is for the Claude Platform on AWS"}},
		"direnv": {world{files: map[string]string{".envrc": "export ANTHROPIC_API_KEY=" + key + "\n"}},
			[]string{"1 ok: ANTHROPIC_API_KEY in .envrc holds ", "1 look: only what is started through that file"}},
		"compose": {world{files: map[string]string{"compose.yaml": "services:\n  a:\n    environment:\n      - ANTHROPIC_API_KEY=" + key + "\n"}}.with("ANTHROPIC_API_KEY", other),
			[]string{"1 ok: ANTHROPIC_API_KEY holds", "1 look: ANTHROPIC_API_KEY in compose.yaml holds another"}},
		"compose map": {world{files: map[string]string{"docker-compose.yml": "    environment:\n      ANTHROPIC_API_KEY: \"" + key + "\"\n"}},
			[]string{"1 ok: ANTHROPIC_API_KEY in docker-compose.yml holds"}},
		"reference": {world{files: map[string]string{"compose.yaml": "      ANTHROPIC_API_KEY: ${ANTHROPIC_API_KEY}\n"}}, []string{"1 wrong: no key was found"}},
		"same":      {world{files: map[string]string{".env": "ANTHROPIC_API_KEY=" + key + "\n"}}.with("ANTHROPIC_API_KEY", key), []string{"1 ok: ANTHROPIC_API_KEY in .env holds the same"}},
		"login": {world{env: map[string]string{"HOME": "/h"}, files: map[string]string{"/h/.claude/.credentials.json": `{"claudeAiOauth":{"accessToken":"` + key + `"}}`}},
			[]string{"1 ok: /h/.claude/.credentials.json holds"}},
		"broken login": {world{env: map[string]string{"HOME": "/h"}, files: map[string]string{"/h/.claude/.credentials.json": `{`}},
			[]string{"1 wrong: /h/.claude/.credentials.json: it is no JSON"}},
		"settings": {world{env: map[string]string{"HOME": "/h", "CLAUDE_CONFIG_DIR": "/c"}, files: map[string]string{
			"/c/settings.json": `{"env":{"ANTHROPIC_API_KEY":"` + key + `","ANTHROPIC_BASE_URL":"https://gateway.example/x","CLAUDE_CODE_USE_VERTEX":"1"}}`,
		}}, []string{
			"1 ok: ANTHROPIC_API_KEY in /c/settings.json holds", "1 look: CLAUDE_CODE_USE_VERTEX in /c/settings.json: Claude Code goes to Vertex",
			"4 look: ANTHROPIC_BASE_URL in /c/settings.json sends clients to gateway.example",
		}},
	} {
		t.Run(name, func(t *testing.T) { expect(t, tc.w.run(t, "anthropic", key, other), tc.want...) })
	}
}

// What happens to a key on its way into a variable.
func TestShapes(t *testing.T) {
	key, other := made(t, `<<anthropic "sk-ant-api03-">>`), made(t, `<<anthropic "sk-ant-api03-">> `)
	other = strings.TrimSpace(other)
	foreign := made(t, `<<github "ghp_">>`)
	for name, tc := range map[string]struct{ value, want string }{
		"whole":        {key, "2 ok: it is whole: Anthropic API key"},
		"space":        {key + " ", "2 wrong: there is white space"},
		"newline":      {key + "\n", "2 wrong: *line break"},
		"CR":           {key + "\r", "2 wrong: *carriage return"},
		"CRLF":         {key + "\r\n", "2 wrong: *carriage return"},
		"quotes":       {`"` + key + `"`, "2 wrong: the quotes"},
		"bearer":       {"Bearer " + key, "2 wrong: *begins with the word Bearer"},
		"broken":       {key[:50] + "\n" + key[50:], "2 wrong: there is a line break within"},
		"zero width":   {key[:50] + "\u200b" + key[50:], "2 wrong: there is a character"},
		"bom":          {"\ufeff" + key, "2 ok: it is whole"},
		"dash":         {strings.Replace(key, "sk-ant", "sk–ant", 1), "2 wrong: *typographic dash"},
		"cut":          {key[:60], "2 wrong: the key in ANTHROPIC_API_KEY was cut off: it has 60 characters, and keys of this kind have 108"},
		"cut a little": {key[:107], "2 wrong: the key in ANTHROPIC_API_KEY was cut off: it has 107"},
		"too long":     {key + "x", "2 wrong: the key in ANTHROPIC_API_KEY has something after its end"},
		"pasted":       {key + other, "2 wrong: *pasted together"},
		"reference":    {"${KEY}", "2 wrong: *a reference"},
		"elided":       {key[:16] + "..." + key[104:], "2 wrong: *shortened for showing"},
		"placeholder":  {"your-api-key-here", "2 wrong: *a placeholder"},
		"mask":         {"sk-ant-api03-" + strings.Repeat("x", 93) + "AA", "2 wrong: *placeholder"},
		"assignment":   {"ANTHROPIC_API_KEY=" + key, "2 wrong: *NAME=VALUE"},
		"foreign":      {foreign, "2 wrong: this is no credential of Anthropic's API: it looks like one of another kind (GitHub"},
		"nothing":      {"hello", "2 wrong: no rule takes it"},
		"edited":       {key[:40] + flip(key[40]) + key[41:], "2 look: it looks like: Anthropic API key"},
	} {
		t.Run(name, func(t *testing.T) {
			res := world{}.with("ANTHROPIC_API_KEY", tc.value).run(t, "anthropic", key, other, foreign)
			expect(t, res, tc.want)
		})
	}
}

// What stands in a key by chance is no placeholder.
func TestWholeKeysAreNoPlaceholders(t *testing.T) {
	for _, word := range []string{"xxxx", "YOUR", "your"} {
		body := made(t, "<<b64url 40>>") + word
		body = "sk-ant-api03-" + body + made(t, "<<b64url 41>>") + "A"
		sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body)))
		key := body + "-" + base64.RawURLEncoding.EncodeToString(append(sum, 0, 0))
		expect(t, world{}.with("ANTHROPIC_API_KEY", key).run(t, "", key), "2 ok: it is whole")
	}
}

// What is switched off is not told of, what is too large is not read, and what is wrong counts more than what is unclear.
func TestSmallThings(t *testing.T) {
	refuse(t, world{}.with("CLAUDE_CODE_USE_BEDROCK", "0", "CLAUDE_CODE_USE_VERTEX", "false").run(t, ""), "CLAUDE_CODE_USE")
	large := world{files: map[string]string{".env": strings.Repeat("#", maxSource) + "\nANTHROPIC_API_KEY=" + made(t, `<<anthropic "sk-ant-api03-">>`)}}
	expect(t, large.run(t, ""), "1 look: .env: it is too large", "1 wrong: no key was found")
	r := Result{Steps: []Step{{Remarks: []Remark{{Unclear, ""}}}, {Remarks: []Remark{{Fine, ""}, {Wrong, ""}}}}}
	if g, step := r.Worst(); g != Wrong || step != 2 {
		t.Errorf("%s at %d", g, step)
	}
	r.Steps = r.Steps[:1]
	if g, step := r.Worst(); g != Unclear || step != 1 {
		t.Errorf("%s at %d", g, step)
	}
}

func flip(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

// Which header a kind goes by, and the mistakes that a variable makes of it.
func TestHeaders(t *testing.T) {
	kind := func(prefix string) string { return made(t, `<<anthropic "`+prefix+`">>`) }
	for name, tc := range map[string]struct{ variable, value, want string }{
		"key":                {"ANTHROPIC_API_KEY", kind("sk-ant-api03-"), "3 ok: an API key goes as x-api-key"},
		"key as bearer":      {"ANTHROPIC_AUTH_TOKEN", kind("sk-ant-api03-"), "3 wrong: *clients send that variable as Authorization: Bearer"},
		"token":              {"CLAUDE_CODE_OAUTH_TOKEN", kind("sk-ant-oat01-"), "3 ok: an OAuth token goes as Authorization: Bearer"},
		"token as key":       {"ANTHROPIC_API_KEY", kind("sk-ant-oat01-"), "3 wrong: *as x-api-key"},
		"refresh token":      {"CLAUDE_CODE_OAUTH_TOKEN", kind("sk-ant-ort01-"), "3 wrong: this is a refresh token"},
		"cookie":             {"ANTHROPIC_API_KEY", kind("sk-ant-sid01-"), "3 wrong: this is the cookie"},
		"admin key":          {"ANTHROPIC_ADMIN_KEY", kind("sk-ant-admin01-"), "3 ok: an admin key"},
		"admin key as key":   {"ANTHROPIC_API_KEY", kind("sk-ant-admin01-"), "3 wrong: *opens /v1/organizations only"},
		"compliance key":     {"ANTHROPIC_API_KEY", kind("sk-ant-api01-"), "3 look: a compliance access key"},
		"personal key":       {"ANTHROPIC_API_KEY", "sk-ant-usr-" + made(t, `<<b64url 92>>`) + "9aAA", "3 look: a personal key *anthropic-workspace-id"},
		"something of other": {"ANTHROPIC_API_KEY", "hello", "3 -: needs"},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, world{}.with(tc.variable, tc.value).run(t, "anthropic", tc.value), tc.want)
		})
	}
	key := kind("sk-ant-api03-")
	expect(t, world{}.with("ANTHROPIC_API_KEY", key, "ANTHROPIC_AUTH_TOKEN", key, "ANTHROPIC_CUSTOM_HEADERS", "x: y").run(t, ""),
		"3 look: both ANTHROPIC_API_KEY", "3 look: ANTHROPIC_CUSTOM_HEADERS adds headers")
	expect(t, world{}.with("ANTHROPIC_AUTH_TOKEN", "sk-gateway-key", "ANTHROPIC_BASE_URL", "https://gateway.example").run(t, ""),
		"2 ?: it is no credential of Anthropic's API. As ANTHROPIC_BASE_URL sends", "3 look: clients send ANTHROPIC_AUTH_TOKEN as Authorization")
}

// What stands between a client and the provider is said once, and never with a password.
func TestHosts(t *testing.T) {
	key := made(t, `<<anthropic "sk-ant-api03-">>`)
	w := world{}.with("ANTHROPIC_API_KEY", key)
	res := w.with("HTTPS_PROXY", "http://user:word@proxy.example:8080", "https_proxy", "http://user:word@proxy.example:8080", "NO_PROXY", "x",
		"NODE_EXTRA_CA_CERTS", "/a", "SSL_CERT_FILE", "/b", "REQUESTS_CA_BUNDLE", "/c").run(t, "", key)
	expect(t, res, "4 look: HTTPS_PROXY, https_proxy: requests go through proxy.example:8080", "4 ok: NO_PROXY", "4 look: certificate authorities of your own are set (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE)")
	if text := shown(res); strings.Contains(text, "word") || strings.Count(text, "certificate authorities") != 1 || strings.Count(text, "proxy.example") != 1 {
		t.Error(text)
	}
	refuse(t, w.with("NO_PROXY", "x").run(t, ""), "NO_PROXY")
	for base, want := range map[string]string{
		"https://api.anthropic.com/v1":   "4 look: ANTHROPIC_BASE_URL has the path /v1",
		"https://api.anthropic.com/":     "4 ok: skant asks api.anthropic.com",
		"http://api.anthropic.com":       "4 wrong: ANTHROPIC_BASE_URL sends the key to api.anthropic.com without encryption",
		"http://gateway.example":         "4 wrong: ANTHROPIC_BASE_URL sends the key to gateway.example without encryption",
		"https://anthropic.com":          "4 look: ANTHROPIC_BASE_URL sends clients to anthropic.com",
		"http://localhost:4000":          "4 look: ANTHROPIC_BASE_URL sends clients to localhost:4000",
		"https://u:word@gateway.example": "4 look: ANTHROPIC_BASE_URL sends clients to gateway.example",
		"https://":                       "4 wrong: ANTHROPIC_BASE_URL is no address",
	} {
		res := w.with("ANTHROPIC_BASE_URL", base).run(t, "", key)
		expect(t, res, want)
		if strings.Contains(shown(res), "word") {
			t.Error(shown(res))
		}
	}
}

// Each answer is told in the step that it belongs to.
func TestAnswers(t *testing.T) {
	key := made(t, `<<anthropic "sk-ant-api03-">>`)
	for name, tc := range map[string]struct {
		r    reply
		want []string
	}{
		"live":       {reply{200, listed, []string{organization}}, []string{"4 ok: 127.0.0.1", "5 ok: the clock", "6 ok: requests from here", "7 ok: the key is taken", "7 ok: Anthropic-Organization-Id", "8 ok: the list of models"}},
		"dead":       {unknownKey, []string{"4 ok: *HTTP 401", "7 wrong: the key is not taken: Anthropic does not know the key", "8 -: nothing is known of models"}},
		"blocked":    {reply{403, `{"error":{"type":"forbidden","message":"Request not allowed"}}`, nil}, []string{"6 wrong: the request was refused before the key was looked at", "7 ?: the answer does not tell"}},
		"page":       {reply{403, "<!DOCTYPE html><title>Just a moment...</title>", []string{"Content-Type: text/html"}}, []string{"4 wrong: a web page came back", "7 ?"}},
		"redirect":   {reply{302, "", []string{"Location: https://elsewhere.example"}}, []string{"4 look: the answer leads elsewhere", "7 ?"}},
		"proxy":      {reply{407, "", nil}, []string{"4 wrong: a proxy wants a password", "7 ?"}},
		"addresses":  {reply{403, problem("permission_error", "Your IP address isn't in this organization's allowed range."), []string{organization}}, []string{"7 wrong: the key is known, and this use of it is refused: *allowed range"}},
		"no credit":  {reply{400, problem("invalid_request_error", "Your credit balance is too low to access the Anthropic API."), []string{organization}}, []string{"8 wrong: there is no credit left"}},
		"workspace":  {reply{400, problem("invalid_request_error", "API key is not scoped to a workspace"), []string{organization}}, []string{"7 look: the key is taken: *anthropic-workspace-id", "8 -: nothing is known"}},
		"other 400":  {reply{400, problem("invalid_request_error", "Request not allowed with this model"), nil}, []string{"6 ok: requests from here", "7 ?"}},
		"limited":    {reply{429, problem("rate_limit_error", "slow"), []string{organization, "Retry-After: 40", "Anthropic-Ratelimit-Requests-Remaining: 0"}}, []string{"7 ok: the key is taken", "8 wrong: *Retry-After says (40)", "8 ok: Anthropic-Ratelimit-Requests-Remaining: 0"}},
		"overloaded": {reply{529, problem("overloaded_error", "Overloaded"), nil}, []string{"7 ?", "8 ?: the provider is overloaded"}},
		"slow":       {reply{200, listed, []string{organization, "Date: " + time.Now().Add(-2*time.Minute).UTC().Format(gmt)}}, []string{"5 look: the clock here is off by"}},
		"late":       {reply{200, listed, []string{organization, "Date: " + time.Now().Add(10*time.Minute).UTC().Format(gmt)}}, []string{"5 wrong: the clock here is off by"}},
		"no date":    {reply{200, listed, []string{organization, "Date: yesterday"}}, []string{"5 ?: the answer has no date"}},
		"clock":      {reply{200, listed, []string{organization, "Date: Mon, 02 Jan 2006 15:04:05 GMT"}}, []string{"5 wrong: the clock here is off by"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{endpoint: newStand(t, key, tc.r, unknownKey).URL}.with("ANTHROPIC_API_KEY", key)
			expect(t, w.run(t, "anthropic", key), tc.want...)
		})
	}
}

// A question that was put several times, with waits in between, is no wrong clock: what counts is when the answer came.
func TestClockAfterWaits(t *testing.T) {
	key := made(t, `<<anthropic "sk-ant-api03-">>`)
	in := world{endpoint: "https://127.0.0.1:1"}.with("ANTHROPIC_API_KEY", key).input(t, "")
	in.Ask = func(context.Context, *scanner.Finding) (*verify.Exchange, string, error) {
		at := time.Now().Add(90 * time.Second)
		x := verify.Exchange{Asked: verify.Asked{URL: "https://api.anthropic.com/v1/models"}, Status: 200, Headers: [][2]string{{"Date", at.UTC().Format(gmt)}}}
		x.Result.Verdict, x.Result.Verification.At = scanner.Live, at
		return &x, "", nil
	}
	res, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, res, "5 ok: the clock here is that of the answer")
}

// Without a network the reason is said once, and the steps that need an answer refer to it.
func TestNoNetwork(t *testing.T) {
	key := made(t, `<<anthropic "sk-ant-api03-">>`)
	gone := newStand(t, key, reply{}, reply{})
	gone.Close()
	in := world{endpoint: gone.URL}.with("ANTHROPIC_API_KEY", key).input(t, "")
	in.Ask = func(context.Context, *scanner.Finding) (*verify.Exchange, string, error) {
		x := verify.Exchange{Asked: verify.Asked{URL: "https://api.anthropic.com/v1/models"}, Result: verify.Result{Verdict: scanner.Unknown}}
		x.Result.Verification.Says = "There is no connection to api.anthropic.com, so nothing was sent."
		return &x, "", nil
	}
	res, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, res, "4 ?: there was no answer: There is no connection", "5 -: needs an answer", "6 -: needs an answer", "7 -: needs an answer", "8 -: needs an answer")
	if text := shown(res); strings.Count(text, "no connection") != 1 {
		t.Error(text)
	}
	if g, step := res.Worst(); g != Unclear || step != 4 {
		t.Errorf("%s at %d", g, step)
	}
}

// What is no whole key is sent to nobody.
func TestNothingBrokenIsSent(t *testing.T) {
	key := made(t, `<<anthropic "sk-ant-api03-">>`)
	for _, value := range []string{key[:107], key + key, "sk-ant-api03-" + strings.Repeat("x", 93) + "AA", "hello"} {
		s := newStand(t, "", reply{200, listed, nil}, unknownKey)
		world{endpoint: s.URL}.with("ANTHROPIC_API_KEY", value).run(t, "")
		if s.asked > 0 {
			t.Errorf("%d characters were sent", len(value))
		}
	}
}

func TestErrors(t *testing.T) {
	if _, err := Run(t.Context(), Input{Way: "elsewhere"}); err == nil {
		t.Error("a way that does not exist is walked")
	}
	broken := errors.New("broken")
	in := world{}.with("ANTHROPIC_API_KEY", made(t, `<<anthropic "sk-ant-api03-">>`)).input(t, "")
	in.Ask = func(context.Context, *scanner.Finding) (*verify.Exchange, string, error) { return nil, "", broken }
	if _, err := Run(t.Context(), in); !errors.Is(err, broken) {
		t.Errorf("asking failed and the diagnosis says %v", err)
	}
	in.Find = func(context.Context, string) ([]scanner.Finding, error) { return nil, broken }
	if _, err := Run(t.Context(), in); !errors.Is(err, broken) {
		t.Errorf("searching failed and the diagnosis says %v", err)
	}
	for _, name := range Ways() {
		if !Known(name) {
			t.Error(name)
		}
	}
}

// FuzzSources: nothing that a file holds brings a diagnosis down.
func FuzzSources(f *testing.F) {
	f.Add("ANTHROPIC_API_KEY=x\n", `{"env":{"ANTHROPIC_API_KEY":1},"apiKeyHelper":"x"}`, "[default]\naws_access_key_id=\n")
	f.Add("export A==\r\n- \"B: c\"", `[]`, "=\n[")
	f.Add("\x00:=", `{"type":"service_account"}`, "[profile default]\nrole_arn=x")
	f.Fuzz(func(t *testing.T, lines, object, sections string) {
		w := world{env: map[string]string{"HOME": "/h", "GOOGLE_APPLICATION_CREDENTIALS": "/a.json", "ANTHROPIC_BASE_URL": lines}, files: map[string]string{
			".env": lines, "compose.yaml": lines, "/a.json": object, "/h/.claude/settings.json": object, "/h/.claude/.credentials.json": object,
			"/h/.aws/credentials": sections, "/h/.aws/config": sections,
		}}
		for _, way := range Ways() {
			in := w.input(t, way)
			in.Find = func(context.Context, string) ([]scanner.Finding, error) { return nil, nil }
			if _, err := Run(t.Context(), in); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestOwnHosts: only what calls go to by themselves is a way's own host, and not what its name has in it.
func TestOwnHosts(t *testing.T) {
	for _, tc := range []struct {
		way, host string
		want      bool
	}{
		{"anthropic", "api.anthropic.com", true}, {"anthropic", "API.anthropic.com:443", true}, {"anthropic", "anthropic.com", false},
		{"anthropic", "", false}, {"anthropic", "api.anthropic.com.evil.example", false},
		{"bedrock", "bedrock-runtime.eu-west-1.amazonaws.com", true}, {"bedrock", "bedrock.us-east-1.amazonaws.com", true},
		{"bedrock", "amazonaws.com", false}, {"bedrock", "bedrock.us-east-1.amazonaws.com.evil.example", false},
		{"vertex", "us-east5-aiplatform.googleapis.com", true}, {"vertex", "aiplatform.googleapis.com", true}, {"vertex", "googleapis.com", false},
	} {
		if got := wayOf(tc.way).owns(tc.host); got != tc.want {
			t.Errorf("%s owns %q: %t", tc.way, tc.host, got)
		}
	}
}
