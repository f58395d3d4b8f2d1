package evidence

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAWSAccessKey(t *testing.T) {
	id := "ASIAQNZGKIQ" + "Y56JQ7WML" // the usual published example
	r := value(t, "aws-access-key", id)
	wantFacts(t, r, map[string]string{"aws_account": "029608264753", "aws_access_key_id": id, "key_type": "temporary"})
	secret := chars(alnum, 40)
	r = run(t, "aws-access-key", Input{Value: []byte(secret), Parts: map[string][]byte{"aws_access_key_id": []byte(id), "z": []byte("other")}})
	wantFacts(t, r, map[string]string{"aws_account": "029608264753", "aws_access_key_id": id})
	for _, v := range r.Facts {
		if strings.Contains(v, secret) {
			t.Error("a fact holds the secret")
		}
	}
	r = value(t, "aws-access-key", "AKIAIOSFODNN7"+"EXAMPLE")
	wantChange(t, r, Lowered)
	wantFacts(t, r, map[string]string{"aws_account": "-"})
	wantFacts(t, value(t, "aws-access-key", "AKIAJ"+chars(base32Digits, 15)), map[string]string{"aws_account": "-"})
	r = value(t, "aws-access-key", "AKIA"+chars("0123456789ABC", 16))
	wantChange(t, r, Lowered)
	wantFacts(t, r, map[string]string{"aws_account": "-", "key_type": "long-term"})
	// An id of a canary account: the account's bits in base 32, the rest arbitrary.
	r = value(t, "aws-access-key", keyIDOf(171436882533))
	wantFacts(t, r, map[string]string{"aws_account": "171436882533", "canary": "true"})
	if r.Reason != "canary token" {
		t.Errorf("reason %q", r.Reason)
	}
}

// keyIDOf makes an access-key id of an account.
func keyIDOf(account uint64) string {
	n := 1<<47 | account<<7
	var b strings.Builder
	for shift := 43; shift >= -2; shift -= 5 {
		if shift < 0 {
			b.WriteByte(base32Digits[n<<-shift&31])
		} else {
			b.WriteByte(base32Digits[n>>shift&31])
		}
	}
	return "AKIA" + b.String() + strings.Repeat("A", 6)
}

func TestAWSSessionToken(t *testing.T) {
	wantChange(t, value(t, "aws-session-token", "IQoJb3JpZ2luX2VjE"+chars(alnum, 403)), Raised)
	wantChange(t, value(t, "aws-session-token", chars("bcd", 400)), Lowered)
}

func TestBedrock(t *testing.T) {
	clear := "BedrockAPIKey-a1b2-at-123456789012:" + chars(alnum, 60)
	for _, v := range []string{"ABSK" + base64.StdEncoding.EncodeToString([]byte(clear)), clear} {
		r := value(t, "bedrock-long", v)
		wantChange(t, r, Proven)
		wantFacts(t, r, map[string]string{"iam_user": "BedrockAPIKey-a1b2", "aws_account": "123456789012"})
	}
	wantChange(t, value(t, "bedrock-long", "ABSK"+chars(alnum, 128)), Lowered)

	short := func(issued time.Time) Result {
		q := url.Values{
			"Action": {"CallWithBearerToken"}, "X-Amz-Credential": {keyIDOf(123456789012) + "/20261122/us-east-1/bedrock/aws4_request"},
			"X-Amz-Date": {issued.Format("20060102T150405Z")}, "X-Amz-Expires": {"43200"},
		}
		return value(t, "bedrock-short", "bedrock-api-key-"+base64.StdEncoding.EncodeToString([]byte("bedrock.amazonaws.com/?"+q.Encode())))
	}
	r := short(now().Add(-time.Hour))
	wantChange(t, r, Proven)
	wantFacts(t, r, map[string]string{"region": "us-east-1", "aws_account": "123456789012", "issued": "2026-11-22T11:00:00Z", "expires": "2026-11-22T23:00:00Z"})
	if r.Verdict != "" {
		t.Errorf("verdict %q", r.Verdict)
	}
	if r := short(now().Add(-13 * time.Hour)); r.Verdict != Expired {
		t.Errorf("verdict %q", r.Verdict)
	}
	wantChange(t, value(t, "bedrock-short", "bedrock-api-key-"+chars(alnum, 120)), Lowered)
}

func serviceAccount(t *testing.T, email, key string) string {
	b, err := json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": "proj-1", "private_key_id": chars("0123456789abcdef", 40), "client_email": email, "private_key": key,
		"auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGoogleServiceAccount(t *testing.T) {
	key, email := rsaPEM(t), "sa@proj-1.iam.gserviceaccount.com"
	file := serviceAccount(t, email, key)
	quoted, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	escaped, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	for how, in := range map[string]Input{
		"plain": {Value: []byte(file)}, "base64": {Value: []byte(base64.StdEncoding.EncodeToString([]byte(file)))},
		"in a string": {Value: quoted[1 : len(quoted)-1]}, "key alone": {Value: escaped[1 : len(escaped)-1], Context: []byte("x = " + file)},
	} {
		r := run(t, "google-service-account", in)
		if r.Change != Proven {
			t.Errorf("%s: %+v", how, r)
		}
		wantFacts(t, r, map[string]string{"client_email": email, "project_id": "proj-1", "key_type": "rsa", "private_key_id": chars("0123456789abcdef", 40)})
	}
	wantChange(t, value(t, "google-service-account", serviceAccount(t, email, key[:300])), Lowered)
	wantChange(t, value(t, "google-service-account", serviceAccount(t, publicTestAccount, key)), Lowered)
}

func TestGoogleOthers(t *testing.T) {
	clientID := "123456789012-" + chars("abcdefghij0123456789", 32) + ".apps.googleusercontent.com"
	adc := fmt.Sprintf(`{"type":"authorized_user","client_id":%q,"client_secret":"x","refresh_token":"1//0%s"}`, clientID, chars(alnum, 60))
	r := value(t, "google-adc", adc)
	wantChange(t, r, Proven)
	wantFacts(t, r, map[string]string{"client_id": clientID})
	secret := "GOC" + "SPX-" + chars(base64url, 28)
	other := "999999999999-" + chars("abcdefghij0123456789", 32) + ".apps.googleusercontent.com"
	r = run(t, "google-oauth-client", Input{Value: []byte(secret), Context: []byte(other + strings.Repeat(" ", 200) + "id: " + clientID + "\nsecret: " + secret)})
	wantChange(t, r, Raised)
	wantFacts(t, r, map[string]string{"client_id": clientID, "project_number": "123456789012"})
	wantChange(t, value(t, "google-oauth-client", "d-FL95Q19q7M"+"QmFpd7hHD0Ty"), Lowered)
	key := "AIza" + "SyA" + chars(base64url, 32)
	wantChange(t, value(t, "google-api-key", key), Raised)
	if r := run(t, "google-api-key", Input{Value: []byte(key), Context: []byte("const firebaseConfig = {apiKey: ")}); r.Severity != "low" {
		t.Errorf("a Firebase key: %+v", r)
	}
}

func TestAzureKeys(t *testing.T) {
	for _, f := range azureFormats() {
		for i, seed := range f.seeds {
			head := chars(alnum, f.offset) + f.signature
			key := head + AzureKeySuffix(head)
			if i > 0 {
				b, _ := unbase64(key)
				key = head + keyTail(f, b, seed)
			}
			r := value(t, "azure-key", key)
			if len(key) != f.length || r.Change != Proven {
				t.Errorf("%s %s: %d characters, %+v", f.service, seed.role, len(key), r)
			}
			wantFacts(t, r, map[string]string{"azure_service": f.service, "key_role": map[bool]string{true: "-", false: seed.role}[seed.role == ""]})
			if got := value(t, "azure-key", "A"+key[1:]).Change; got == Proven {
				t.Errorf("%s: an edited key is proven", f.service)
			}
		}
	}
	emulator := "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsu" + "Fq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
	if r := value(t, "azure-key", emulator); r.Change != Lowered || r.Severity != "info" {
		t.Errorf("the emulator's key: %+v", r)
	}
	old := chars(alnum, 86) + "=="
	r := run(t, "azure-key", Input{Value: []byte(old), Context: []byte("AccountName=prodlogs;AccountKey=" + old)})
	wantChange(t, r, Unchanged)
	wantFacts(t, r, map[string]string{"account": "prodlogs"})
}

// keyTail writes the checksum of another seed of the family.
func keyTail(f azureFormat, b []byte, seed azureSeed) string {
	cut := len(b) - 4
	sum := marvin32(b[:cut], seed.number())
	key := append(append([]byte(nil), b[:cut]...), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
	enc := base64.StdEncoding
	if f.service == "functions" {
		enc = base64.URLEncoding
	}
	return enc.EncodeToString(key)[f.offset+len(f.signature):]
}

func TestAzureOtherKeys(t *testing.T) {
	cask := func(date, tail string) Result {
		head := chars(alnum, 52) + "JQQJ99" + date + chars(alnum, 12) + tail
		return value(t, "azure-cask", head+AzureCASKSuffix(head))
	}
	r := cask("BC", "AAABACOG")
	wantChange(t, r, Proven)
	wantFacts(t, r, map[string]string{"created": "2025-03", "azure_service": "openai"})
	wantFacts(t, cask("CA", "AAAAAZDO"), map[string]string{"created": "2026-01", "azure_service": "azure-devops"})
	wantChange(t, cask("DA", "AAABACOG"), Lowered)
	wantChange(t, value(t, "azure-cask", chars(alnum, 52)+"JQQJ99BC"+chars(alnum, 12)+"AAABACOG"+"zzzz"), Raised)

	head := "abc8Q~" + chars(entraDigits, 31)
	r = value(t, "azure-entra", head+AzureEntraSuffix(head))
	wantChange(t, r, Proven)
	wantFacts(t, r, map[string]string{"hint": "abc"})
	wantChange(t, value(t, "azure-entra", edited(head+AzureEntraSuffix(head))), Lowered)
	wantChange(t, value(t, "azure-entra", "abc7Q~"+chars(entraDigits, 31)), Raised)

	pat := AzureDevOpsToken(chars("abcdefghijklmnopqrstuvwxyz234567", 52))
	wantChange(t, value(t, "azure-devops-legacy", pat), Proven)
	wantChange(t, value(t, "azure-devops-legacy", edited(pat)), Lowered)
	wantChange(t, value(t, "azure-devops-legacy", "1"+pat[1:]), Refuted)
}

func TestAzureSAS(t *testing.T) {
	sig := url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(chars(alnum, 32))))
	address := "https://acct.blob.core.windows.net/backups?sv=2022-11-02&ss=b&srt=co&sp=rl&se=2026-11-22T11:00Z&st=2026-01-01&sip=1.2.3.4-1.2.3.9&sig=" + sig
	for how, in := range map[string]Input{
		"url": {Value: []byte(address)}, "html": {Value: []byte(strings.ReplaceAll(address, "&", "&amp;"))},
		"signature alone": {Value: []byte(sig), Context: []byte(`url = "` + address + `" # x`)},
	} {
		r := run(t, "azure-sas", in)
		if r.Verdict != Expired || r.Change != Proven {
			t.Errorf("%s: %+v", how, r)
		}
		wantFacts(t, r, map[string]string{
			"account": "acct", "container": "backups", "permissions": "rl", "ip_range": "1.2.3.4-1.2.3.9", "version": "2022-11-02",
			"expires": "2026-11-22T11:00:00Z", "starts": "2026-01-01T00:00:00Z", "key_type": "account",
		})
	}
	wantChange(t, value(t, "azure-sas", "https://a.blob.core.windows.net/c?sv=1&se=2030-01-01&sig=short"), Lowered)
}

func TestDopplerAndVault(t *testing.T) {
	wantFacts(t, value(t, "doppler", "dp.st."+"prd."+chars(alnum, 43)), map[string]string{"token_type": "service", "config": "prd"})
	wantFacts(t, value(t, "doppler", "dp.said."+chars(alnum, 43)), map[string]string{"token_type": "service-account-identity", "config": "-"})
	ssc := base64.RawURLEncoding.EncodeToString(append([]byte{8, 1, 18, 65}, []byte(chars(alnum, 70))...))
	r := value(t, "vault", "hvs."+ssc)
	wantChange(t, r, Raised)
	wantFacts(t, r, map[string]string{"token_type": "service", "format": "server-side-consistent"})
	wantFacts(t, value(t, "vault", "hvb."+chars(alnum, 90)), map[string]string{"token_type": "batch"})
	wantFacts(t, value(t, "vault", "s."+chars(alnum, 24)), map[string]string{"format": "legacy"})
}

func TestURLCredentials(t *testing.T) {
	for _, c := range []struct {
		address, password string
		want              Change
		severity          string
		facts             map[string]string
	}{
		{"postgres§svc:k3y%40x9@db1.prod.acme.io:5432/app", "k3y%40x9", Unchanged, "", map[string]string{"host": "db1.prod.acme.io", "user": "svc", "port": "5432", "scheme": "postgres"}},
		{"mysql§root:root@db1.acme.io/x", "root", Lowered, "low", nil},
		{"postgres§postgres:k3yx9@localhost:5432/app", "k3yx9", Lowered, "info", map[string]string{"host": "localhost"}},
		{"redis§:k3yx9z@10.2.3.4:6379", "k3yx9z", Unchanged, "low", map[string]string{"host": "10.2.3.4"}},
		{"redis§:k3yx9z@[::1]:6379", "k3yx9z", Lowered, "info", nil},
		{"https§bob:k3yx9z@git.example.com/x", "k3yx9z", Lowered, "info", nil},
		{"https§bob:${PASSWORD}@git.acme.io/x", "${PASSWORD}", Lowered, "", nil},
		{"mongodb+srv§u:<password>@c0.abc.mongodb.net/x", "<password>", Lowered, "", map[string]string{"scheme": "mongodb+srv"}},
		{"postgres§a:changeme@pg.acme.io", "changeme", Lowered, "low", nil},
		{"postgres§a:k3yx9z@pg.svc.cluster.local/x", "k3yx9z", Unchanged, "low", nil},
		{"https§" + chars(alnum, 40) + ":x-oauth-basic@github.com/a/b", "x-oauth-basic", Unchanged, "", map[string]string{"user": "-", "host": "github.com"}},
	} {
		// Written out, these would be found by every scanner that reads this file.
		c.address = strings.ReplaceAll(c.address, "§", "://")
		r := run(t, "url-credentials", Input{Value: []byte(c.password), Context: []byte("DATABASE_URL=\"" + c.address + "\"\n")})
		if r.Change != c.want || r.Severity != c.severity {
			t.Errorf("%s: %v %q (%s), want %v %q", c.address, r.Change, r.Severity, r.Reason, c.want, c.severity)
		}
		wantFacts(t, r, c.facts)
	}
	r := run(t, "url-credentials", Input{Value: []byte("k3yx9z"), Parts: map[string][]byte{"host": []byte("127.0.0.1"), "user": []byte("a")}})
	wantChange(t, r, Lowered)
}

func TestKubernetesSecret(t *testing.T) {
	entry := func(kind, key, v string) Result {
		return run(t, "kubernetes-secret", Input{Value: []byte(v), Context: []byte("kind: " + kind + "\nmetadata:\n  name: app\n  namespace: prod\ntype: Opaque\ndata:\n  " + key + ": " + v + "\n")})
	}
	manifest := func(kind, v string) Result { return entry(kind, "password", v) }
	real := base64.StdEncoding.EncodeToString([]byte("k3y-of-the-app"))
	r := manifest("Secret", real)
	wantChange(t, r, Raised)
	wantFacts(t, r, map[string]string{"secret_name": "app", "secret_namespace": "prod", "secret_type": "Opaque"})
	wantChange(t, manifest("SealedSecret", real), Lowered)
	wantChange(t, manifest("Secret", base64.StdEncoding.EncodeToString([]byte("changeme"))), Lowered)
	wantChange(t, manifest("Secret", "{{ .Values.password }}"), Lowered)
	wantChange(t, manifest("Secret", "ENC[AES256_GCM,data:x]"), Refuted)
	for clear, want := range map[string]Change{
		"postgres.acme.internal": Lowered, "https://acme.example/a": Lowered, "productionWithLogs": Lowered, "5432": Lowered,
		"mode: fast\nlevel: 2": Lowered, "\x00\x01binary": Lowered, "Zx8" + chars(alnum, 14) + "q": Raised, "pg://u:p@h/d": Raised, "k!y-of-app": Raised,
	} {
		if r := entry("Secret", "foo", base64.StdEncoding.EncodeToString([]byte(clear))); r.Change != want {
			t.Errorf("%q: %+v", clear, r)
		}
	}
	wantChange(t, entry("Secret", "username", base64.StdEncoding.EncodeToString([]byte("Zx8"+chars(alnum, 14)))), Lowered)
}
