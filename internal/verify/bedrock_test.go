package verify

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func testBedrockLong() string {
	return "ABSK" + base64.StdEncoding.EncodeToString([]byte("BedrockAPIKey-a1b2-at-029608264753:"+strings.Repeat("aB3x", 15)))
}

func testBedrockURL(region string) string {
	return "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIA" + strings.Repeat("Q", 16) + "%2F20261123%2F" + region + "%2Fbedrock%2Faws4_request&X-Amz-Date=20261123T100000Z&X-Amz-Expires=43200&X-Amz-Signature=" + strings.Repeat("0123456789abcdef", 4) + "&Version=1"
}

func testBedrockShort(region string) string {
	return "bedrock-api-key-" + base64.StdEncoding.EncodeToString([]byte(testBedrockURL(region)))
}

func TestBedrockKeys(t *testing.T) {
	long, short := testBedrockLong(), testBedrockShort("eu-central-1")
	const refused = `{"Message":"Authentication failed: Please make sure your API Key is valid."}`
	const denied = `{"Message":"User: arn:aws:iam::029608264753:user/x is not authorized to perform: bedrock:ListFoundationModels on resource: y"}`
	const mantle = `{"error":{"code":"invalid_api_key","message":"Invalid bearer token"}}`
	type reply struct {
		status int
		body   string
	}
	for _, tc := range []struct {
		name, rule, secret string
		first, second      reply
		want               scanner.Verdict
	}{
		{"long, live", "aws-bedrock-long-term-key", long, reply{200, `{"modelSummaries":[]}`}, reply{}, scanner.Live},
		{"long, refused by both", "aws-bedrock-long-term-key", long, reply{403, refused}, reply{401, mantle}, scanner.Dead},
		{"long, refused by the first only", "aws-bedrock-long-term-key", long, reply{403, refused}, reply{200, `{"object":"list","data":[]}`}, scanner.Live},
		{"long, the second is busy", "aws-bedrock-long-term-key", long, reply{403, refused}, reply{503, ``}, scanner.Unknown},
		{"long, another word of the second", "aws-bedrock-long-term-key", long, reply{403, refused}, reply{401, `{"error":{"code":"other"}}`}, scanner.Unknown},
		{"long, may not list", "aws-bedrock-long-term-key", long, reply{403, denied}, reply{}, scanner.Restricted},
		{"long, ended", "aws-bedrock-long-term-key", long, reply{403, `{"Message":"The security token included in the request is expired"}`}, reply{}, scanner.Expired},
		{"short, live", "aws-bedrock-short-term-key", short, reply{200, `{"modelSummaries":[]}`}, reply{}, scanner.Live},
		{"short, refused in its region", "aws-bedrock-short-term-key", short, reply{403, refused}, reply{}, scanner.Dead},
		{"short, ended", "aws-bedrock-short-term-key", short, reply{403, `{"__type":"ExpiredTokenException"}`}, reply{}, scanner.Expired},
		{"short, throttled", "aws-bedrock-short-term-key", short, reply{429, `{}`}, reply{}, scanner.Unknown},
		{"another 403", "aws-bedrock-short-term-key", short, reply{403, `{"Message":"Request not allowed"}`}, reply{}, scanner.Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			serve := func(w http.ResponseWriter, r *http.Request) {
				one := tc.first
				switch {
				case r.Header.Get("Authorization") != "Bearer "+tc.secret:
					one = reply{403, refused}
					if r.URL.Path == "/v1/models" {
						one = reply{401, mantle}
					}
				case r.URL.Path == "/v1/models":
					one = tc.second
				case r.URL.Path != "/foundation-models":
					t.Errorf("asked %s", r.URL)
				}
				answering(one.status, one.body)(w, r)
			}
			signedCase{rule: tc.rule, provider: "aws", secret: tc.secret, serve: serve, want: tc.want}.check(t)
		})
	}
}

func TestBedrockForms(t *testing.T) {
	for _, tc := range []struct{ secret, key, region string }{
		{testBedrockLong(), testBedrockLong(), ""},
		{"BedrockAPIKey-a1b2-at-029608264753:" + strings.Repeat("aB3x", 15), testBedrockLong(), ""},
		{testBedrockShort("ap-northeast-1"), testBedrockShort("ap-northeast-1"), "ap-northeast-1"},
		{testBedrockURL("us-west-2"), testBedrockShort("us-west-2"), "us-west-2"},
		{strings.ReplaceAll(testBedrockURL("us-west-2"), "&", "&amp;"), testBedrockShort("us-west-2"), "us-west-2"},
		{testBedrockShort("evil.example%2Fx"), "", ""},
		{testBedrockShort("us-east-1.evil"), "", ""},
		{"bedrock-api-key-" + strings.Repeat("A", 200), "", ""},
		{"something else", "", ""},
	} {
		key, region, err := bedrockKey(tc.secret)
		if key != tc.key || region != tc.region || (err != nil) != (tc.key == "") {
			t.Errorf("%.40s: %.40s, %s, %v", tc.secret, key, region, err)
		}
	}
}

// TestBedrockRegions: a long-term key is dead only if every region that is asked refuses it, and the user's partition is among them.
func TestBedrockRegions(t *testing.T) {
	v := &Verifier{opt: Options{Now: time.Now}}
	long := signedChecks()["bedrock-long"]
	hosts := map[string]bool{}
	for _, name := range append([]string{"bedrock-long"}, long.further...) {
		req, err := signedChecks()[name].sign(t.Context(), v, map[string]string{"secret": testBedrockLong()})
		if err != nil {
			t.Fatal(err)
		}
		hosts[req.URL.Host] = true
	}
	for _, host := range []string{"bedrock.us-east-1.amazonaws.com", "bedrock.us-west-2.amazonaws.com", "bedrock.us-gov-west-1.amazonaws.com", "bedrock-mantle.us-east-1.api.aws"} {
		if !hosts[host] {
			t.Errorf("%s is not asked, only %v", host, hosts)
		}
	}
	const refused = `{"Message":"Authentication failed: Please make sure your API Key is valid."}`
	asked := 0
	elsewhere := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+testBedrockLong() {
			if asked++; asked == 2 {
				answering(200, `{"modelSummaries":[]}`)(w, r)
				return
			}
		}
		answering(403, refused)(w, r)
	}
	signedCase{rule: "aws-bedrock-long-term-key", provider: "aws", secret: testBedrockLong(), serve: elsewhere, want: scanner.Live}.check(t)
}

// TestBedrockBehindAVariable: the name of a variable is no part of the key's user, or a wrong key would be asked about, which is dead.
func TestBedrockBehindAVariable(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set.Filter(func(r *rules.Rule) bool { return r.ID == "aws-bedrock-long-term-key-decoded" }), scanner.Options{MinConfidence: rules.LowConfidence, IncludeExamples: true})
	if err != nil {
		t.Fatal(err)
	}
	key, err := rules.Expand("ci-<<lowalnum 4>>-at-<<digits 12>>:<<b64 60>>", "x")
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Scan(t.Context(), scanner.Text([]byte("export BEDROCK_KEY="+key+"\n")), nil)
	if err != nil || len(res.Findings) != 1 || res.Findings[0].Secret.Reveal() != key {
		t.Errorf("%v, %d findings, not with the key alone", err, len(res.Findings))
	}
}

// TestBedrockControl: the control of a short-term key is the same request with another signature. Any other change could leave nothing to
// ask with, and then a living key is unknown.
func TestBedrockControl(t *testing.T) {
	for _, secret := range []string{testBedrockShort("eu-central-1"), testBedrockURL("eu-central-1")} {
		for range 50 {
			changed, err := scrambleBedrock(map[string]string{"secret": secret})
			if err != nil {
				t.Fatal(err)
			}
			_, region, err := bedrockKey(changed["secret"])
			if err != nil || region != "eu-central-1" {
				t.Fatalf("the control is for %q: %v", region, err)
			}
			clear, _ := anyBase64(strings.TrimPrefix(changed["secret"], shortPrefix))
			before, signature, _ := strings.Cut(testBedrockURL("eu-central-1"), "X-Amz-Signature=")
			head, other, ok := strings.Cut(string(clear), "X-Amz-Signature=")
			if !ok || head != before || other == signature || len(other) != len(signature) || !strings.HasSuffix(other, "&Version=1") {
				t.Fatalf("the control asks something else: %s", clear)
			}
		}
	}
}
