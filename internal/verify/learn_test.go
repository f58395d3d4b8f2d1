package verify

import (
	"net/http"
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// TestHuggingFaceLearns: what a token reaches is in the answer, and belongs in the report.
func TestHuggingFaceLearns(t *testing.T) {
	const who = `{"type":"user","name":"acme","orgs":[{"name":"lab"},{"name":"shop"}],"auth":{"type":"access_token","accessToken":{"displayName":"ci","role":"fineGrained","fineGrained":{"global":[],"scoped":[{"entity":{"type":"user"},"permissions":["repo.write"]},{"entity":{"type":"org"},"permissions":["repo.content.read","job.write"]}]}}}}`
	secret := "hf_" + strings.Repeat("aB", 17)
	right := func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+secret }
	x := signedCase{rule: "huggingface-user-token", provider: "huggingface", secret: secret, serve: onlyWith(right, answering(200, who))}.ask(t)
	got := x.Result.Verification.Learned
	if x.Result.Verdict != scanner.Live || !strings.Contains(got["organizations"], "shop") || !strings.Contains(got["scopes"], "job.write") || !strings.Contains(got["scopes"], "repo.write") {
		t.Errorf("%s: %q", x.Result.Verdict, got)
	}
	t.Logf("%q", got)
}

// TestLangSmithWithoutTraces: an empty list is an answer to a key that lives.
func TestLangSmithWithoutTraces(t *testing.T) {
	secret := "lsv2_pt_" + strings.Repeat("0a", 16) + "_" + strings.Repeat("b1", 5)
	right := func(r *http.Request) bool { return r.Header.Get("X-Api-Key") == secret }
	signedCase{rule: "langsmith-api-key", provider: "langsmith", secret: secret, serve: onlyWith(right, answering(200, "[]")), want: scanner.Live}.check(t)
}
