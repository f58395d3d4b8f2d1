package evidence

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// parseJWT decodes the header and the payload of a signed token. The signature is not looked at.
func parseJWT(s string) (header, claims object, ok bool) {
	if len(s) > maxValue {
		return nil, nil, false
	}
	parts := strings.SplitN(s, ".", 4)
	if len(parts) < 2 || len(parts) > 3 {
		return nil, nil, false
	}
	for i, into := range []*object{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[i], "="))
		if err != nil {
			return nil, nil, false
		}
		if *into, ok = parseObject(b); !ok {
			return nil, nil, false
		}
	}
	return header, claims, true
}

// jwt reads a token's own account of itself.
func jwt(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	header, claims, ok := parseJWT(s)
	if !ok {
		return Result{Change: Lowered, Reason: "it does not decode"}
	}
	f := facts{}
	f.set("alg", header.str("alg"))
	f.set("kid", header.str("kid"))
	claimFacts(claims, f)
	r := Result{Facts: f}
	if end, ok := claims.seconds("exp", time.Second); ok {
		r.expiry(end, in.Now)
	}
	switch alg := header.str("alg"); {
	case alg == "" || strings.EqualFold(alg, "none"):
		r.Change, r.Reason = Lowered, "it is not signed"
	case claims.str("sub") == "1234567890" && claims.str("name") == "John Doe":
		r.Change, r.Severity, r.Reason = Lowered, "info", "it is the sample of jwt.io"
	case alg == "HS256" && signedWithSample(s):
		r.Change, r.Severity, r.Reason = Lowered, "low", "it is signed with a published sample key"
	case f["issuer"] == "kubernetes":
		r.Change = Raised
	case f["issuer"] == "supabase":
		supabaseRole(claims, &r)
	case f["iss"] != "" || f["expires"] != "" || f["sub"] != "":
		r.Change = Raised
	}
	return r
}

// claimFacts states who issued the token, for whom and to whom.
func claimFacts(claims object, f facts) {
	iss := claims.str("iss")
	f.set("iss", iss)
	f.set("issuer", issuerOf(iss, claims))
	if aud := claims.strs("aud"); len(aud) > 0 && len(aud) <= 8 {
		f.set("aud", strings.Join(aud, ","))
	}
	f.setName("sub", claims.str("sub"))
	f.set("jti", claims.str("jti"))
	f.set("role", claims.str("role"))
	if t, ok := claims.seconds("iat", time.Second); ok {
		f.setTime("issued", t)
	}
}

// issuerOf names the kind of service that issued the token, from its issuer.
func issuerOf(iss string, claims object) string {
	host := strings.TrimPrefix(iss, "https://")
	host, _, _ = strings.Cut(host, "/")
	switch {
	case isKubernetes(claims):
		return "kubernetes"
	case iss == "supabase" || iss == "supabase-demo" || strings.HasSuffix(host, ".supabase.co"):
		return "supabase"
	case strings.HasSuffix(host, ".auth0.com"):
		return "auth0"
	case strings.HasPrefix(host, "cognito-idp."):
		return "cognito"
	case host == "accounts.google.com" || strings.HasSuffix(iss, ".gserviceaccount.com"):
		return "google"
	case host == "sts.windows.net" || host == "login.microsoftonline.com":
		return "entra"
	case host == "token.actions.githubusercontent.com":
		return "github-actions"
	case host == "oidc.vercel.com":
		return "vercel"
	case host == "gitlab.com":
		return "gitlab"
	case strings.HasSuffix(host, ".okta.com"):
		return "okta"
	default:
		return ""
	}
}

// supabaseRole tells the key that goes past all row policies from the one that every browser gets.
func supabaseRole(claims object, r *Result) {
	facts(r.Facts).set("supabase_ref", claims.str("ref"))
	switch {
	case claims.str("iss") == "supabase-demo":
		r.Change, r.Severity, r.Reason = Lowered, "info", "it is the published key of a local Supabase"
	case claims.str("role") == "service_role":
		r.Change, r.Severity = Raised, "critical"
	case claims.str("role") == "anon":
		r.Severity, r.Reason = "info", "a Supabase anon key is public by design"
	}
}

// signedWithSample reports whether the signature was made with a key that tutorials print.
func signedWithSample(s string) bool {
	cut := strings.LastIndexByte(s, '.')
	if cut < 0 {
		return false
	}
	sig, err := base64.RawURLEncoding.DecodeString(s[cut+1:])
	if err != nil {
		return false
	}
	for _, key := range []string{"your-256-bit-secret", "a-string-secret-at-least-256-bits-long", "secret"} {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(s[:cut])) // a hash never fails
		if hmac.Equal(mac.Sum(nil), sig) {
			return true
		}
	}
	return false
}

const (
	legacyIssuer = "kubernetes/serviceaccount"
	legacyClaim  = "kubernetes.io/serviceaccount/"
)

func isKubernetes(claims object) bool {
	return claims.str("iss") == legacyIssuer || len(claims["kubernetes.io"]) > 0
}

// k8sServiceAccount reads the claims of a service-account token of either kind. The kind without an expiry date is valid
// until somebody deletes it.
func k8sServiceAccount(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	header, claims, ok := parseJWT(s)
	if !ok {
		return Result{Change: Lowered, Reason: "it does not decode"}
	}
	if !isKubernetes(claims) {
		return jwt(in)
	}
	f := facts{}
	f.set("kid", header.str("kid"))
	claimFacts(claims, f)
	if claims.str("iss") == legacyIssuer {
		f["token_type"] = "legacy"
		f.set("namespace", claims.str(legacyClaim+"namespace"))
		f.set("service_account", claims.str(legacyClaim+"service-account.name"))
		f.set("uid", claims.str(legacyClaim+"service-account.uid"))
		f.set("secret_name", claims.str(legacyClaim+"secret.name"))
	} else {
		f["token_type"] = "bound"
		k := claims.object("kubernetes.io")
		f.set("namespace", k.str("namespace"))
		f.set("service_account", k.object("serviceaccount").str("name"))
		f.set("uid", k.object("serviceaccount").str("uid"))
		for _, bound := range []string{"pod", "node", "secret"} {
			f.set(bound+"_name", k.object(bound).str("name"))
		}
	}
	if f["jti"] != "" {
		f["credential_id"] = "JTI=" + f["jti"]
	}
	r := Result{Change: Proven, Facts: f, Reason: "its claims name a service account"}
	if end, ok := claims.seconds("exp", time.Second); ok {
		r.expiry(end, in.Now)
	} else {
		r.Reason = "it never expires"
	}
	return r
}
