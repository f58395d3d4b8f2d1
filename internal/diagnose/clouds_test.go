package diagnose

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"
)

// longTerm and shortTerm are Bedrock API keys of nobody.
func longTerm(t *testing.T) string {
	return "ABSK" + base64.StdEncoding.EncodeToString([]byte("BedrockAPIKey-"+made(t, "<<lowalnum 4>>")+"-at-123456789012:"+made(t, "<<b64 60>>")))
}

func shortTerm(t *testing.T, region string, issued time.Time) string {
	q := url.Values{
		"Action": {"CallWithBearerToken"}, "X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Date": {issued.UTC().Format("20060102T150405Z")}, "X-Amz-Expires": {"43200"},
		"X-Amz-Credential": {made(t, `<<awsid "ASIA">>`) + "/" + issued.UTC().Format("20060102") + "/" + region + "/bedrock/aws4_request"},
		"X-Amz-Signature":  {made(t, "<<hex 64>>")}, "X-Amz-Security-Token": {made(t, "<<b64 200>>")}, "X-Amz-SignedHeaders": {"host"},
	}
	return "bedrock-api-key-" + base64.StdEncoding.EncodeToString([]byte("bedrock.amazonaws.com/?"+q.Encode()+"&Version=1"))
}

// refusedBearer is what Bedrock answers to a key that it does not take: the wrong region sounds the same.
var refusedBearer = reply{403, `{"Message":"Authentication failed: Please make sure your API Key is valid."}`, nil}

func denied(action string) reply {
	return reply{403, `{"Message":"User: arn:aws:iam::123456789012:user/BedrockAPIKey-a1b2 is not authorized to perform: bedrock:` + action + ` on resource: *"}`,
		[]string{"X-Amzn-Errortype: AccessDeniedException", "X-Amzn-Requestid: 0b8e7c64"}}
}

// The answers of Bedrock to a key, in the steps that they belong to.
func TestBedrockAnswers(t *testing.T) {
	now := time.Now()
	long, short := longTerm(t), shortTerm(t, "eu-central-1", now.Add(-time.Hour))
	for name, tc := range map[string]struct {
		key, region string
		r           reply
		want        []string
	}{
		"live":            {long, "us-east-1", reply{200, `{"modelSummaries":[]}`, nil}, []string{"2 ok: it is whole", "3 ok: a Bedrock API key goes as Authorization: Bearer", "6 ok: the region is us-east-1", "7 ok: the key is taken", "8 ok: *bedrock:InvokeModel"}},
		"may not list":    {long, "us-east-1", denied("ListFoundationModels"), []string{"7 wrong: the key is known, and this use of it is refused: *bedrock:InvokeModel for calls", "7 ok: X-Amzn-Requestid: 0b8e7c64"}},
		"no bearer":       {long, "us-east-1", denied("CallWithBearerToken"), []string{"7 wrong: the key is known, and this use of it is refused: *its user may not use keys of this kind"}},
		"no model":        {long, "us-east-1", reply{403, `{"message":"You don't have access to the model with the specified model ID."}`, nil}, []string{"7 wrong: the key is known, and this use of it is refused: *no access to the model"}},
		"marketplace":     {long, "us-east-1", reply{403, `{"message":"Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace actions"}`, nil}, []string{"7 wrong: the key is known"}},
		"short, live":     {short, "eu-central-1", reply{200, `{"modelSummaries":[]}`, nil}, []string{"6 ok: the region is eu-central-1 (AWS_REGION)", "7 ok"}},
		"wrong region":    {short, "us-west-2", refusedBearer, []string{"6 wrong: the key works in eu-central-1 only, and the region is us-west-2 (AWS_REGION)", "7 wrong: the key is not taken: *calls another region"}},
		"no region":       {short, "", reply{200, `{"modelSummaries":[]}`, nil}, []string{"6 look: no region is set, and the key works in eu-central-1 only"}},
		"session ended":   {short, "eu-central-1", reply{403, `{"Message":"The security token included in the request is expired"}`, nil}, []string{"7 wrong: the key is not taken: The key has ended."}},
		"signature ended": {short, "eu-central-1", reply{403, `{"message":"Signature expired: 20261123T100000Z is now earlier than 20261123T110000Z"}`, nil}, []string{"7 ?: the answer does not tell: AWS refused the time of the signature"}},
		"throttled":       {long, "us-east-1", reply{429, `{"message":"Too many requests, please wait before trying again."}`, []string{"Retry-After: 60"}}, []string{"7 ?", "8 wrong: too many requests"}},
		"dead":            {long, "us-east-1", reply{401, `{"error":{"code":"invalid_api_key","message":"Invalid bearer token"}}`, nil}, []string{"7 wrong: the key is not taken"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{endpoint: newStand(t, tc.key, tc.r, refusedBearer).URL}.with("AWS_BEARER_TOKEN_BEDROCK", tc.key, "AWS_REGION", tc.region)
			expect(t, w.run(t, "bedrock", tc.key), tc.want...)
		})
	}
}

// A short-term key says itself that it has ended, and is then sent to nobody.
func TestBedrockKeyThatEnded(t *testing.T) {
	key := shortTerm(t, "eu-central-1", time.Now().Add(-13*time.Hour))
	s := newStand(t, "", reply{200, `{"modelSummaries":[]}`, nil}, refusedBearer)
	res := world{endpoint: s.URL}.with("AWS_BEARER_TOKEN_BEDROCK", key, "AWS_REGION", "eu-central-1").run(t, "bedrock", key)
	expect(t, res, "2 wrong: it says itself that it has expired: 20", "4 -: nobody was asked", "7 -: needs an answer")
	if g, step := res.Worst(); s.asked > 0 || g != Wrong || step != 2 {
		t.Errorf("asked %d times, %s at %d", s.asked, g, step)
	}
}

// Access keys: from the environment, from a profile, halves, sessions; and credentials that stand nowhere.
func TestBedrockAccessKeys(t *testing.T) {
	id, secret := made(t, `<<awsid "AKIA">>`), made(t, "<<b64 40>>")
	w := world{env: map[string]string{"HOME": "/h"}}
	sts := func(status int, code string) reply {
		return reply{status, `{"Error":{"Code":"` + code + `","Message":"x","Type":"Sender"}}`, nil}
	}
	identity := reply{200, `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"123456789012","Arn":"arn:aws:iam::123456789012:user/ci","UserId":"AIDA"}}}`, nil}
	for name, tc := range map[string]struct {
		r    reply
		want string
	}{
		"live":   {identity, "7 ok: arn: arn:aws:iam::123456789012:user/ci"},
		"gone":   {sts(403, "InvalidClientTokenId"), "7 wrong: the key is not taken"},
		"secret": {sts(403, "SignatureDoesNotMatch"), "7 ?: the answer does not tell: The key id exists and is active"},
		"clock":  {sts(400, "RequestExpired"), "7 ?: the answer does not tell: AWS refused the time of the request"},
		"denied": {sts(403, "AccessDenied"), "7 wrong: the key is known"},
		"ended":  {sts(403, "ExpiredToken"), "7 wrong: the key is not taken"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{endpoint: newStand(t, once, tc.r, sts(403, "InvalidClientTokenId")).URL}.with(idVariable, id, secretVariable, secret, "AWS_DEFAULT_REGION", "eu-west-1")
			expect(t, w.run(t, "bedrock", secret), "1 ok: AWS_ACCESS_KEY_ID holds "+id, "3 ok: an access key signs", "6 ok: the region is eu-west-1 (AWS_DEFAULT_REGION)", tc.want)
		})
	}
	expect(t, w.with(idVariable, id).run(t, "bedrock", secret), "1 wrong: AWS_ACCESS_KEY_ID: of access key id and secret access key only one is set")
	expect(t, w.with(idVariable, "ASIA"+id[4:], secretVariable, secret).run(t, "bedrock", secret), "2 wrong: AWS_ACCESS_KEY_ID holds a temporary key")
	refuse(t, w.with(idVariable, id, secretVariable, secret).run(t, "bedrock", secret), "temporary")
	refuse(t, w.with(idVariable, "ASIA"+id[4:], secretVariable, secret, "AWS_SESSION_TOKEN", made(t, "<<b64 300>>")).run(t, "bedrock", secret), "without its session token")
	expect(t, w.with("AWS_WEB_IDENTITY_TOKEN_FILE", "/t").run(t, "bedrock"), "1 look: AWS_WEB_IDENTITY_TOKEN_FILE is set", "1 ?: no key stands")
	expect(t, w.with("AWS_PROFILE", "nope").run(t, "bedrock"), "1 wrong: AWS_PROFILE is nope: neither")
	w.files = map[string]string{
		"/h/.aws/credentials": "[a]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n",
		"/h/.aws/config":      "[profile a]\nregion = eu-north-1\n[profile b]\nsso_session = x\n[profile c]\ncredential_process = /bin/x\n",
	}
	expect(t, w.with("AWS_PROFILE", "a").run(t, "bedrock", secret), "1 ok: [a] in /h/.aws/credentials holds "+id, "6 ok: the region is eu-north-1 ([a] in AWS's configuration)")
	expect(t, w.with("AWS_PROFILE", "b").run(t, "bedrock"), "1 look: [b] signs in with SSO", "1 ?")
	expect(t, w.with("AWS_PROFILE", "c").run(t, "bedrock"), "1 look: [c] names a credential_process", "1 ?")
}

// Each way has names of its own for models.
func TestModelNames(t *testing.T) {
	for _, tc := range []struct{ way, model, want string }{
		{"anthropic", "claude-sonnet-4-5", "8 look: ANTHROPIC_MODEL asks for claude-sonnet-4-5: the key's workspace"},
		{"anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "8 wrong: *that is a name of Amazon Bedrock"},
		{"anthropic", "claude-sonnet-4-5@20250929", "8 wrong: *that is a name of Vertex AI"},
		{"bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "8 look: *inference profile"},
		{"bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "8 look: ANTHROPIC_MODEL asks for eu."},
		{"vertex", "claude-sonnet-4-5@20250929", "8 look: ANTHROPIC_MODEL asks for"},
		{"vertex", "anthropic.claude-sonnet-4-5-20250929-v1:0", "8 wrong: *that is a name of Amazon Bedrock"},
	} {
		expect(t, world{}.with("ANTHROPIC_MODEL", tc.model).run(t, tc.way), tc.want)
	}
}

// account is a service account's key file, and the list of certificates that Google publishes for it.
func account(t *testing.T) (file, certificates, others string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id, another := made(t, "<<hex 40>>"), made(t, "<<hex 40>> ")
	list := func(id string, key *rsa.PrivateKey) string {
		cert := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ci"}, NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(map[string]string{id: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	b, err := json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": "acme-prod", "private_key_id": id, "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": "ci@acme-prod.iam.gserviceaccount.com", "client_id": "1234567890", "token_uri": "https://oauth2.googleapis.com/token",
		"client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/ci%40acme-prod.iam.gserviceaccount.com",
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b), list(id, key), list(strings.TrimSpace(another), other)
}

// Vertex: what is missing here, and what Google says of a service account's key and of tokens.
func TestVertex(t *testing.T) {
	file, listed, others := account(t)
	secret := file[strings.Index(file, "BEGIN PRIVATE"):]
	secret = secret[40 : len(secret)-400]
	w := world{env: map[string]string{"HOME": "/h"}, files: map[string]string{"/sa.json": file}}
	sa := w.with(adcVariable, "/sa.json", "ANTHROPIC_VERTEX_PROJECT_ID", "acme-prod", "CLOUD_ML_REGION", "global")
	for name, tc := range map[string]struct {
		r    reply
		want []string
	}{
		"live": {reply{200, listed, nil}, []string{"1 ok: GOOGLE_APPLICATION_CREDENTIALS (/sa.json) holds a file of ", "3 ok: the key of ci@acme-prod.iam.gserviceaccount.com signs", "3 ok: calls are made in the project acme-prod",
			"6 ok: the region is global", "7 ok: the key is taken", "8 ok: the key is good; Claude has to be enabled"}},
		"key deleted":     {reply{200, others, nil}, []string{"7 wrong: the key is not taken: Google lists certificates of the account, and none is of this key"}},
		"account deleted": {reply{404, `{"error":{"code":404}}`, nil}, []string{"7 ?: the answer does not tell: The account is deleted or disabled"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := sa
			w.endpoint = newStand(t, "", tc.r, tc.r).URL
			expect(t, w.run(t, "vertex", secret), tc.want...)
		})
	}
	expect(t, w.run(t, "vertex"), "1 wrong: no key was found in GOOGLE_APPLICATION_CREDENTIALS", "3 wrong: no project is set", "6 look: CLOUD_ML_REGION is not set")
	expect(t, w.with(adcVariable, "/gone.json").run(t, "vertex"), "1 wrong: GOOGLE_APPLICATION_CREDENTIALS names /gone.json")
	expect(t, w.with(adcVariable, "/sa.json").run(t, "vertex", secret), "3 look: no variable names a project; some clients take the credentials' own, acme-prod")
	expect(t, w.with(adcVariable, "/sa.json", "GOOGLE_CLOUD_PROJECT", "acme-test").run(t, "vertex", secret), "3 look: GOOGLE_CLOUD_PROJECT sends calls to the project acme-test, and the key is of the project acme-prod")
	expect(t, w.with("K_SERVICE", "x").run(t, "vertex"), "1 look: K_SERVICE is set", "1 ?: no key stands")
	w.files = map[string]string{"/h/.config/gcloud/application_default_credentials.json": `{"type":"authorized_user","client_id":"1234-` + made(t, "<<lowalnum 32>>") + `.apps.googleusercontent.com","client_secret":"x","refresh_token":"1//0` + made(t, "<<b64url 98>>") + `"}`}
	expect(t, w.run(t, "vertex"), "3 look: these are a user's credentials", "3 look: they name no quota project", "3 wrong: no project is set")
	w.files = map[string]string{"/sa.json": "nothing"}
	expect(t, w.with(adcVariable, "/sa.json").run(t, "vertex"), "1 ok: GOOGLE_APPLICATION_CREDENTIALS (/sa.json) holds a file of 7 bytes", "2 wrong: no rule takes it for a credential of Vertex AI", "3 wrong: GOOGLE_APPLICATION_CREDENTIALS (/sa.json) is no file of credentials")
}

// An API that is not enabled, and tokens.
func TestVertexKeysAndTokens(t *testing.T) {
	key, token := "AQ.Ab8RN6"+made(t, "<<b64url 44>>"), "ya29.a0"+made(t, "<<b64url 160>>")
	disabled := reply{403, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"disabled","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"consumer":"projects/720070608347","service":"generativelanguage.googleapis.com"}}]}}`, nil}
	invalid := reply{400, `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"API key not valid.","details":[{"reason":"API_KEY_INVALID"}]}}`, nil}
	w := world{endpoint: newStand(t, key, disabled, invalid).URL}.with("GOOGLE_API_KEY", key, "GOOGLE_CLOUD_PROJECT", "acme")
	expect(t, w.run(t, "vertex", key), "3 look: an API key goes as x-goog-api-key", "7 wrong: the key is known, and this use of it is refused: *has not enabled", "7 ok: project: ")
	dead := reply{400, `{"error":"invalid_token","error_description":"Invalid Value"}`, nil}
	w = world{endpoint: newStand(t, token, dead, dead).URL}.with("GOOGLE_OAUTH_ACCESS_TOKEN", token, "GOOGLE_CLOUD_PROJECT", "acme")
	expect(t, w.run(t, "vertex", token), "3 ok: an access token goes as Authorization", "7 wrong: the key is not taken: The token has ended or is revoked")
}
