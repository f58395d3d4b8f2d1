package verify

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// TestKubernetesAudiences: an API server refuses a token for others as it refuses one that is no more.
func TestKubernetesAudiences(t *testing.T) {
	const refused = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`
	for audience, want := range map[string]scanner.Verdict{
		`"aud":["https://kubernetes.default.svc"],`:                       scanner.Dead,
		`"aud":["https://kubernetes.default.svc.cluster.local","k3s"],`:   scanner.Dead,
		`"aud":["https://container.googleapis.com/v1/projects/p/x"],`:     scanner.Dead,
		`"aud":["sts.amazonaws.com"],`:                                    scanner.Unknown,
		`"aud":["https://vault.acme.example"],`:                           scanner.Unknown,
		`"aud":["https://evil.example/https://kubernetes.default.svc/"],`: scanner.Unknown,
		``: scanner.Unknown,
	} {
		coded := base64.RawURLEncoding.EncodeToString
		secret := coded([]byte(`{"alg":"RS256","kid":"k1"}`)) + "." + coded([]byte("{"+audience+`"exp":4102444800,"kubernetes.io":{"namespace":"ci"}}`)) + "." + coded(make([]byte, 48))
		signedCase{rule: "kubernetes-service-account-token", provider: "kubernetes", secret: secret, serve: answering(http.StatusUnauthorized, refused), want: want}.check(t)
	}
}
