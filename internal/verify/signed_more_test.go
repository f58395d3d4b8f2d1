package verify

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// The answers of signed checks that the tests of their requests leave out.
func TestSignedAnswers(t *testing.T) {
	const denied = `{"Message":"User: arn:aws:iam::029608264753:user/x is not authorized to perform: bedrock:CallWithBearerToken on resource: y"}`
	for name, secret := range map[string]string{"aws-bedrock-long-term-key": testBedrockLong(), "aws-bedrock-short-term-key": testBedrockShort("eu-central-1")} {
		for _, tc := range []struct {
			body string
			want scanner.Verdict
			says string
		}{
			{denied, scanner.Restricted, "may not use keys of this kind"},
			{`{"message":"You don't have access to the model with the specified model ID."}`, scanner.Restricted, "no access to the model"},
			{`{"message":"Signature expired: 20261123T000000Z is now earlier than 20261123T100000Z"}`, scanner.Unknown, "time of the signature"},
		} {
			own := func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+secret }
			signedCase{rule: name, provider: "aws", secret: secret, serve: onlyWith(own, answering(http.StatusForbidden, tc.body)), want: tc.want, says: tc.says}.check(t)
		}
	}
	root := `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"029608264753","Arn":"arn:aws:iam::029608264753:root","UserId":"029608264753"}}}`
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	id, secret := "AKIA"+strings.Repeat("Q", 16), strings.Repeat("aB3/", 10)
	known := stsStandIn(t, map[string]stsKey{id: {region: "us-east-1", secret: secret}}, now)
	serve := func(w http.ResponseWriter, r *http.Request) {
		rec := &recorded{header: http.Header{}, status: http.StatusOK}
		if known(rec, r); rec.status == http.StatusOK {
			rec.body = []byte(root)
		}
		answering(rec.status, string(rec.body))(w, r)
	}
	signedCase{rule: "aws-access-key", provider: "aws", secret: secret, parts: map[string]string{"aws_access_key_id": id}, serve: serve, now: now, want: scanner.Live, says: "the root user's"}.check(t)
}

type recorded struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(b []byte) (int, error) { r.body = append(r.body, b...); return len(b), nil }

// TestOCIAnswers: no rule has all that the check needs, so that one is made that has.
func TestOCIAnswers(t *testing.T) {
	file, err := os.ReadFile("../../rules/builtin/oracle.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(file), "    liveness: half\n", "    liveness: api-key\n", 1)
	set, err := rules.Read([]byte(text), "oracle.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ruleID := ""
	for _, r := range set.All() {
		if r.Liveness == "api-key" {
			ruleID = r.ID
		}
	}
	secret := testPEM(t, testRSA(t))
	parts := map[string]scanner.Secret{}
	for name, value := range map[string]string{"user_ocid": "ocid1.user.oc1..aaaa", "tenancy_ocid": "ocid1.tenancy.oc1..bbbb", "region": "eu-frankfurt-1"} {
		parts[name] = scanner.NewIdentifier(value)
	}
	own := ""
	for _, tc := range []struct {
		status int
		body   string
		want   scanner.Verdict
	}{
		{200, `{"id":"ocid1.user.oc1..aaaa","name":"ci","compartmentId":"ocid1.tenancy.oc1..bbbb"}`, scanner.Live},
		{401, `{"code":"NotAuthenticated","message":"The required information to complete authentication was not provided or was incorrect."}`, scanner.Dead},
		{401, `{"code":"NotAuthenticated","message":"Date 'x' is not within allowed clock skew."}`, scanner.Unknown},
		{404, `{"code":"NotAuthorizedOrNotFound","message":"Authorization failed or requested resource not found."}`, scanner.Restricted},
		{429, `{"code":"TooManyRequests"}`, scanner.Unknown},
	} {
		own = ""
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			keyID, _, _ := strings.Cut(r.Header.Get("Authorization"), `",algorithm`)
			if own == "" {
				own = keyID
			}
			if keyID != own { // the control's key has another fingerprint
				answering(401, `{"code":"NotAuthenticated","message":"no"}`)(w, r)
				return
			}
			answering(tc.status, tc.body)(w, r)
		})
		got := one(t, verifierOf(t, text, srv, "oracle"), scanner.NewFinding(ruleID, scanner.NewSecret(secret, 0), parts))
		if got.Verdict != tc.want {
			t.Errorf("HTTP %d %s: %s %q", tc.status, tc.body, got.Verdict, got.Verification.Says)
		}
	}
}

// planned scans a text and returns the one task of a rule of Azure's that comes of it.
func planned(t *testing.T, v *Verifier, ruleID, tmpl string) *task {
	t.Helper()
	text, err := rules.Expand(tmpl, ruleID)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(v.set.Filter(func(r *rules.Rule) bool { return r.ID == ruleID }), scanner.Options{MinConfidence: rules.LowConfidence, IncludeExamples: true})
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Scan(t.Context(), scanner.Text([]byte(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := v.plan(res.Findings)
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%s: %d tasks, %v", tmpl, len(tasks), err)
	}
	return tasks[0]
}

// What stands near a credential of Azure's names an account or an organization, and never a host.
func TestAzureNearby(t *testing.T) {
	v, err := New(withDocs(t), Options{Proxy: noProxy})
	if err != nil {
		t.Fatal(err)
	}
	const profile, key, pat = "https://app.vssps.visualstudio.com/_apis/profile/profiles/me?api-version=7.1", `<<azurekey (cat (b64 76) "+ASt")>>`, "<<azdo>>"
	projects := func(organization string) string {
		return "https://dev.azure.com/" + organization + "/_apis/projects?api-version=7.1&$top=1"
	}
	list := func(account string) string {
		return "https://" + account + ".blob.core.windows.net/?comp=list&maxresults=1"
	}
	for _, tt := range []struct {
		ruleID, text string
		// url is asked; empty if nobody is.
		url string
		// guess says that a refusal does not count.
		guess bool
	}{
		{"azure-devops-pat-legacy-url", "https://build:" + pat + "@dev.azure.com/acme/app/_git/app", projects("acme"), false},
		{"azure-devops-pat-legacy-url", "git clone https://" + pat + "@acme-corp.visualstudio.com/app/_git/app", projects("acme-corp"), false},
		{"azure-devops-pat-legacy-url", "https://feed:" + pat + "@pkgs.dev.azure.com/Acme/_packaging/feed/pypi/simple/", projects("Acme"), false},
		{"azure-devops-pat-legacy", "AZURE_DEVOPS_EXT_PAT=" + pat, profile, false},
		{"azure-devops-pat-legacy", "AZURE_DEVOPS_EXT_PAT=" + pat + "\nurl: https://marketplace.visualstudio.com/items", profile, false},
		{"azure-devops-pat-legacy", "AZURE_DEVOPS_EXT_PAT=" + pat + "\nurl: https://acme.visualstudio.com.evil.example/", profile, false},
		{"azure-devops-pat-legacy", "AZURE_DEVOPS_EXT_PAT=" + pat + "\nurl: https://dev.azure.com/acme%2f..%2fx", projects("acme"), false},
		{"azure-storage-key", "AccountName=acmeprod;AccountKey=" + key, list("acmeprod"), false},
		{"azure-storage-key", "url=https://acmeprod.blob.core.windows.net/box key=" + key, list("acmeprod"), true},
		{"azure-storage-key", "url=https://acmeprod.dfs.core.windows.net key=" + key, list("acmeprod"), true},
		{"azure-storage-key", "AccountName=acmeprod;AccountKey=" + key + ";BlobEndpoint=https://acmeprod.blob.core.windows.net/", list("acmeprod"), false},
		{"azure-storage-key", "AccountName=acmeprod;AccountKey=" + key + " # https://acmecdn.blob.core.windows.net/", list("acmeprod"), true},
		{"azure-storage-key", "url=https://acmeprod.blob.core.windows.net.evil.example/box key=" + key, "", false},
		{"azure-storage-key", "url=https://a.b.blob.core.windows.net/box key=" + key, "", false},
		{"azure-storage-key", "url=http://acmeprod.blob.core.windows.net/box key=" + key, "", false},
		{"azure-storage-key", "url=https://acme-prod.blob.core.windows.net/box key=" + key, "", false},
	} {
		task := planned(t, v, tt.ruleID, tt.text)
		if a := v.asked(t.Context(), task); a.URL != tt.url {
			t.Errorf("%s asks %q (%s), want %q", tt.text, a.URL, a.Why, tt.url)
		}
		if guess := task.values["account_url"] != ""; guess != tt.guess {
			t.Errorf("%s: a guess: %v", tt.text, guess)
		}
	}
	refusal := `<Error><Code>AuthenticationFailed</Code><AuthenticationErrorDetail>The MAC signature found in the HTTP request 'x=' is not the same as any computed signature.</AuthenticationErrorDetail></Error>`
	task := planned(t, v, "azure-storage-key", "url=https://acmeprod.blob.core.windows.net/box key="+key)
	for _, guess := range []bool{true, false} {
		if !guess {
			delete(task.values, "account_url")
		}
		a := &answer{status: 403, header: http.Header{"Content-Type": {"application/xml"}}, body: []byte(refusal)}
		m := task.check.judge(task.check.variants()[0].read(v, task.values, a), "h", task.values, nil)
		if want := map[bool]scanner.Verdict{true: scanner.Unknown, false: scanner.Dead}[guess]; m.verdict != want {
			t.Errorf("a guess: %v: %s %q", guess, m.verdict, m.says)
		}
	}
	for organization, want := range map[string]string{"acme": "acme", "dev.azure.com/acme": "acme", "acme.visualstudio.com": "acme", "dev.azure.com/": "", "a/b": "", "dev.azure.com/../x": "", "-a": "", "": "", "evil.example": ""} {
		if got := devOpsOrganization(organization); got != want {
			t.Errorf("%q is the organization %q, want %q", organization, got, want)
		}
	}
	// The words of two of its answers, which no named server gives.
	c := planned(t, v, "azure-devops-pat-legacy", "AZURE_DEVOPS_EXT_PAT="+pat).check
	for _, tc := range []struct {
		status int
		body   string
		want   scanner.Verdict
	}{
		{200, `{"id":"0a1b2c3d-0000-4000-8000-000000000001","displayName":"Ann","coreRevision":1}`, scanner.Live},
		{401, ``, scanner.Unknown},
	} {
		a := &answer{status: tc.status, header: http.Header{}, body: []byte(tc.body)}
		if m := c.judge(c.variants()[0].read(v, nil, a), "h", nil, nil); m.verdict != tc.want {
			t.Errorf("HTTP %d %s: %s", tc.status, tc.body, m.verdict)
		}
	}
}
