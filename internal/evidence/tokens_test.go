package evidence

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestChecksumVectors(t *testing.T) {
	as := func(n int) string { return strings.Repeat("A", n) }
	for _, c := range []struct{ name, got, want string }{
		{"anthropic api", AnthropicSuffix("sk-ant-" + "api03-" + as(86)), "vRXFZQAA"},
		{"anthropic admin", AnthropicSuffix("sk-ant-" + "admin01-" + as(86)), "pWBNlgAA"},
		{"anthropic oat", AnthropicSuffix("sk-ant-" + "oat01-" + as(86)), "Vb3pHgAA"},
		{"anthropic sid", AnthropicSuffix("sk-ant-" + "sid01-" + as(86)), "JRsGWwAA"},
		{"github", GitHubSuffix(as(30)), "0uCPlr"},
		{"vercel", VercelSuffix(as(50)), "1cGWCC"},
		{"entra", AzureEntraSuffix("zzz8Q~" + strings.Repeat("z", 31)), "blP"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}

func anthropicKey(prefix string) string {
	head := prefix + chars(base64url, 85) + "A"
	return head + "-" + AnthropicSuffix(head)
}

// edited changes one character in the middle.
func edited(s string) string {
	b := []byte(s)
	i := len(b) / 2
	b[i] = map[bool]byte{true: 'a', false: 'b'}[b[i] != 'a']
	return string(b)
}

func TestAnthropic(t *testing.T) {
	for prefix, kind := range map[string]string{
		"api03": "api", "api01": "compliance", "admin01": "admin", "oat01": "oauth-access", "ort01": "oauth-refresh",
		"sid01": "session", "sid02": "session", "usr": "user", "svc": "service-account", "cc": "claude-code", "new07": "-",
	} {
		key := anthropicKey("sk-ant-" + prefix + "-")
		r := value(t, "anthropic", key)
		wantChange(t, r, Proven)
		hint := key[:len("sk-ant-")+len(prefix)+1+3] + "..." + key[len(key)-4:]
		wantFacts(t, r, map[string]string{"key_type": kind, "partial_key_hint": hint})
		wantChange(t, value(t, "anthropic", edited(key)), Lowered)
	}
	wantChange(t, value(t, "anthropic", "sk-ant-"+"api03-"+chars(alnum, 60)), Lowered)
	wantChange(t, value(t, "anthropic", "sk-ant-"+"usr-"+chars(alnum, 90)), Unchanged)
}

func TestAnthropicSessionIngress(t *testing.T) {
	si := "sk-ant-" + "si-"
	r := value(t, "anthropic", si+token(t, map[string]any{"alg": "ES256"}, map[string]any{"exp": now().Add(-time.Hour).Unix()}))
	wantChange(t, r, Proven)
	if r.Verdict != Expired {
		t.Errorf("verdict %q", r.Verdict)
	}
	wantFacts(t, r, map[string]string{"key_type": "session-ingress", "expires": "2026-11-22T11:00:00Z", "partial_key_hint": "-"})
	wantChange(t, value(t, "anthropic", si+chars(alnum, 40)), Lowered)
}

func TestAnthropicCredentialsFile(t *testing.T) {
	access, refresh := anthropicKey("sk-ant-"+"oat01-"), anthropicKey("sk-ant-"+"ort01-")
	file := fmt.Sprintf(`{"claudeAiOauth":{"accessToken":%q,"refreshToken":%q,"expiresAt":%d,"scopes":["user:inference","user:profile"]},
		"other":{"accessToken":"x","expiresAt":1}}`, access, refresh, now().Add(-time.Minute).UnixMilli())
	r := run(t, "anthropic", Input{Value: []byte(access), Context: []byte(file)})
	if r.Verdict != Expired {
		t.Errorf("the access token: %+v", r)
	}
	wantFacts(t, r, map[string]string{"scopes": "user:inference,user:profile", "expires": "2026-11-22T11:59:00Z"})
	if r := run(t, "anthropic", Input{Value: []byte(refresh), Context: []byte(file)}); r.Verdict != "" {
		t.Errorf("the refresh token outlives the access token: %+v", r)
	}
	far := fmt.Sprintf(`{"mcp":{"accessToken":"x","expiresAt":1},"env":{"TOKEN":%q}}`, access)
	if r := run(t, "anthropic", Input{Value: []byte(access), Context: []byte(far)}); r.Verdict != "" {
		t.Errorf("another token's expiry was taken: %+v", r)
	}
}

func TestForges(t *testing.T) {
	gh := func(prefix string, n int) string { body := chars(alnum, n); return prefix + body + GitHubSuffix(body) }
	routable := "glpat-" + chars(alnum, 30) + ".01.1a"
	vc := chars(alnum, 50)
	for name, c := range map[string]struct {
		function, value string
		want            Change
		facts           map[string]string
	}{
		"ghp":          {"github", gh("gh"+"p_", 30), Proven, map[string]string{"token_type": "personal-classic"}},
		"ghp edited":   {"github", edited(gh("gh"+"p_", 30)), Lowered, nil},
		"gho edited":   {"github", edited(gh("gh"+"o_", 30)), Lowered, nil},
		"ghs":          {"github", gh("gh"+"s_", 30), Proven, map[string]string{"token_type": "installation"}},
		"ghr":          {"github", gh("gh"+"r_", 70), Proven, map[string]string{"token_type": "refresh"}},
		"fine-grained": {"github", "github" + "_pat_" + chars(alnum, 82), Unchanged, map[string]string{"token_type": "personal-fine-grained"}},
		"stateless":    {"github", "ghs_123_" + token(t, map[string]any{"alg": "RS256"}, map[string]any{"exp": 1.8e9}), Proven, map[string]string{"app_id": "123", "expires": "2027-01-15T08:00:00Z"}},
		"no jwt":       {"github-stateless", "ghs_123_" + chars(alnum, 30) + ".x.y", Lowered, nil},
		"routable":     {"gitlab", routable + GitLabSuffix(routable), Proven, map[string]string{"token_type": "personal-access"}},
		"edited":       {"gitlab", edited(routable + GitLabSuffix(routable)), Lowered, nil},
		"legacy":       {"gitlab", "glpat-" + chars(alnum, 20), Unchanged, nil},
		"vercel":       {"vercel", "vc" + "p_" + vc + VercelSuffix(vc), Proven, map[string]string{"token_type": "personal"}},
		"vercel bad":   {"vercel", "vc" + "k_" + edited(vc+VercelSuffix(vc)), Lowered, map[string]string{"token_type": "ai-gateway"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := value(t, c.function, c.value)
			wantChange(t, r, c.want)
			wantFacts(t, r, c.facts)
		})
	}
	sum := sha256.Sum256([]byte("abc"))
	wantFacts(t, value(t, "github-hashed-token", "abc"), map[string]string{"hashed_token": base64.StdEncoding.EncodeToString(sum[:])})
}

func TestJWT(t *testing.T) {
	hs := map[string]any{"alg": "HS256", "kid": "k1"}
	for name, c := range map[string]struct {
		header, claims map[string]any
		want           Change
		severity       string
		verdict        string
		facts          map[string]string
	}{
		"live":         {hs, map[string]any{"iss": "https://a.auth0.com/", "aud": []string{"x", "y"}, "sub": "auth0/12", "exp": 1.9e9}, Raised, "", "", map[string]string{"issuer": "auth0", "aud": "x,y", "kid": "k1", "sub": "auth0/12"}},
		"expired":      {hs, map[string]any{"exp": 1.5e9}, Raised, "", Expired, map[string]string{"expires": "2017-07-14T02:40:00Z"}},
		"unsigned":     {map[string]any{"alg": "none"}, map[string]any{"iss": "x"}, Lowered, "", "", nil},
		"sample":       {hs, map[string]any{"sub": "1234567890", "name": "John Doe"}, Lowered, "info", "", nil},
		"service role": {hs, map[string]any{"iss": "supabase", "role": "service_role", "ref": "abcdef"}, Raised, "critical", "", map[string]string{"role": "service_role", "supabase_ref": "abcdef"}},
		"anon":         {hs, map[string]any{"iss": "supabase", "role": "anon"}, Unchanged, "info", "", nil},
		"demo":         {hs, map[string]any{"iss": "supabase-demo", "role": "service_role"}, Lowered, "info", "", nil},
		"token as sub": {hs, map[string]any{"sub": chars(alnum, 40)}, Unchanged, "", "", map[string]string{"sub": "-"}},
		"absurd exp":   {hs, map[string]any{"iss": "x", "exp": 1e300}, Raised, "", "", map[string]string{"expires": "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := value(t, "jwt", token(t, c.header, c.claims))
			wantChange(t, r, c.want)
			if r.Severity != c.severity || r.Verdict != c.verdict {
				t.Errorf("severity %q, verdict %q", r.Severity, r.Verdict)
			}
			wantFacts(t, r, c.facts)
		})
	}
	wantChange(t, value(t, "jwt", "eyJ."+chars(alnum, 20)+".x"), Lowered)
	signed := token(t, map[string]any{"alg": "HS256"}, map[string]any{"iss": "x"})
	signed = signed[:strings.LastIndexByte(signed, '.')]
	mac := hmac.New(sha256.New, []byte("your-256-bit-"+"secret"))
	mac.Write([]byte(signed))
	wantChange(t, value(t, "jwt", signed+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil))), Lowered)
}

func TestKubernetesServiceAccount(t *testing.T) {
	legacy := map[string]any{
		"iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": "prod",
		"kubernetes.io/serviceaccount/service-account.name": "deployer", "kubernetes.io/serviceaccount/service-account.uid": "u1",
		"kubernetes.io/serviceaccount/secret.name": "deployer-token-x", "sub": "system:serviceaccount:prod:deployer",
	}
	r := value(t, "k8s-service-account", token(t, map[string]any{"alg": "RS256"}, legacy))
	wantChange(t, r, Proven)
	if r.Reason != "it never expires" {
		t.Errorf("reason %q", r.Reason)
	}
	wantFacts(t, r, map[string]string{"namespace": "prod", "service_account": "deployer", "uid": "u1", "secret_name": "deployer-token-x", "token_type": "legacy"})
	bound := map[string]any{
		"iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "jti": "j-1", "exp": 1.7e9,
		"kubernetes.io": map[string]any{"namespace": "ns", "serviceaccount": map[string]any{"name": "sa", "uid": "u2"}, "pod": map[string]any{"name": "p"}},
	}
	r = value(t, "k8s-service-account", token(t, map[string]any{"alg": "RS256"}, bound))
	if r.Verdict != Expired {
		t.Errorf("verdict %q", r.Verdict)
	}
	wantFacts(t, r, map[string]string{"namespace": "ns", "service_account": "sa", "uid": "u2", "jti": "j-1", "credential_id": "JTI=j-1", "pod_name": "p", "token_type": "bound"})
	wantChange(t, value(t, "k8s-service-account", token(t, map[string]any{"alg": "RS256"}, map[string]any{"iss": "x"})), Raised)
}

// macaroonOf writes a token as PyPI does.
func macaroonOf(location, identifier string, conditions ...string) []byte {
	field := func(b []byte, kind byte, s string) []byte { return append(append(b, kind, byte(len(s))), s...) }
	b := field(field([]byte{2}, 1, location), 2, identifier)
	b = append(b, 0)
	for _, c := range conditions {
		b = append(field(b, 2, c), 0)
	}
	return field(append(b, 0), 6, strings.Repeat("s", 32))
}

func TestRegistries(t *testing.T) {
	encode := func(b []byte) string { return "pypi-" + base64.RawURLEncoding.EncodeToString(b) }
	id := "01234567-89ab-cdef-0123-456789abcdef"
	whole := macaroonOf("pypi.org", id, `{"version":1,"permissions":{"projects":["left-pad"]}}`)
	r := value(t, "pypi", encode(whole))
	wantChange(t, r, Proven)
	wantFacts(t, r, map[string]string{"index": "pypi.org", "token_id": id, "projects": "left-pad"})
	r = value(t, "pypi", encode(macaroonOf("pypi.org", id, `[0, 1700000000, 1600000000]`, `[1, ["a","b"]]`)))
	if r.Verdict != Expired {
		t.Errorf("verdict %q", r.Verdict)
	}
	wantFacts(t, r, map[string]string{"projects": "a,b"})
	wantChange(t, value(t, "pypi", encode(whole[:len(whole)-5])), Lowered)

	npmToken := "npm" + "_" + chars(alnum, 36)
	r = run(t, "npm", Input{Value: []byte(npmToken), Context: []byte("//registry.npmjs.org/:_authToken=" + npmToken)})
	wantFacts(t, r, map[string]string{"registry": "registry.npmjs.org", "token_type": "access"})
	wantFacts(t, value(t, "npm", id), map[string]string{"token_type": "legacy"})
	wantFacts(t, value(t, "npm", base64.StdEncoding.EncodeToString([]byte("bob:pw"))), map[string]string{"token_type": "basic", "username": "bob"})

	login := func(pair, registry string) Result {
		v := base64.StdEncoding.EncodeToString([]byte(pair))
		return run(t, "docker-auth", Input{Value: []byte(v), Context: []byte(`{"auths":{"` + registry + `":{"auth":"` + v + `"}}}`)})
	}
	for _, c := range []struct {
		pair, registry string
		want           Change
		facts          map[string]string
	}{
		{"bob:k3y-of-bob", "https://index.docker.io/v1/", Raised, map[string]string{"username": "bob", "registry": "index.docker.io"}},
		{"bob:", "ghcr.io", Refuted, nil},
		{"username:password", "ghcr.io", Lowered, nil},
		{"bob:k3y-of-bob", "registry.example.com", Lowered, nil},
		{"bob:k3y-of-bob", "localhost:5000", Lowered, nil},
		{"AWS:" + base64.StdEncoding.EncodeToString([]byte(`{"payload":"x","expiration":1700000000}`)), "1.dkr.ecr.eu-west-1.amazonaws.com", Raised, map[string]string{"credential_kind": "aws-ecr-token", "expires": "2023-11-14T22:13:20Z"}},
		{chars(alnum, 40) + ":x-oauth-basic", "ghcr.io", Raised, map[string]string{"username": "-"}},
		{"no colon in here", "ghcr.io", Lowered, nil},
	} {
		r := login(c.pair, c.registry)
		wantChange(t, r, c.want)
		wantFacts(t, r, c.facts)
	}
}
