package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// googleAPIKey tells the kinds of key apart and recognizes web keys of Firebase, which every visitor sees.
func googleAPIKey(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	if strings.HasPrefix(s, "AQ.") {
		return Result{Facts: facts{"key_type": "authorization"}}
	}
	if !strings.HasPrefix(s, "AIza") {
		return Result{}
	}
	r := Result{Facts: facts{"key_type": "classic"}}
	// Every key seen in the wild goes on like this; that is no promise, so others are not lowered.
	if len(s) == 39 && s[4:6] == "Sy" && s[6] >= 'A' && s[6] <= 'D' {
		r.Change = Raised
	}
	if isFirebase(in.around()) {
		r.Severity = "low"
		r.Reason = "it stands in a Firebase client configuration, where keys are public by design"
	}
	return r
}

func isFirebase(ctx string) bool {
	for _, word := range []string{"firebaseConfig", "firebaseapp.com", "mobilesdk_app_id", "current_key", "messagingSenderId", "GCM_SENDER_ID"} {
		if strings.Contains(ctx, word) {
			return true
		}
	}
	return false
}

// publicTestAccount is a service account whose key Google publishes for tests of image pulling.
const publicTestAccount = "image-pulling@authenticated-image-pulling.iam.gserviceaccount.com"

// googleServiceAccount reads a key file and parses the private key in it.
func googleServiceAccount(in Input) Result {
	o, ok := in.objectAround()
	if !ok {
		return Result{}
	}
	email, keyID := o.str("client_email"), o.str("private_key_id")
	f := facts{}
	f.set("client_email", email)
	f.set("private_key_id", keyID)
	f.set("project_id", o.str("project_id"))
	f.set("client_id", o.str("client_id"))
	r := Result{Facts: f}
	key := privateKey(Input{Value: []byte(o.str("private_key"))})
	f.merge(key.Facts)
	switch {
	case email == publicTestAccount:
		r.Change, r.Severity, r.Reason = Lowered, "info", "it is a test account whose key Google publishes"
	case o.str("type") != "service_account" || email == "":
		r.Change, r.Reason = Lowered, "it is not a complete key file"
	case key.Change != Proven:
		r.Change, r.Reason = Lowered, "its private key does not parse"
	case len(keyID) != 40 || !every(keyID, "0123456789abcdef"):
		r.Change, r.Reason = Raised, "its private key parses"
	default:
		r.Change, r.Reason = Proven, "it is a complete key file and its private key parses"
	}
	return r
}

// gcloudClient starts the client id that the gcloud program uses for everybody.
const gcloudClient = "764086051850-"

// googleADC reads the file that "gcloud auth application-default login" writes.
func googleADC(in Input) Result {
	o, ok := in.objectAround()
	if !ok || o.str("type") != "authorized_user" {
		return Result{}
	}
	f := facts{}
	f.set("client_id", o.str("client_id"))
	f.set("quota_project_id", o.str("quota_project_id"))
	if strings.HasPrefix(o.str("client_id"), gcloudClient) {
		f["oauth_client"] = "gcloud"
	}
	r := Result{Facts: f}
	if strings.HasPrefix(o.str("refresh_token"), "1//") && strings.HasSuffix(o.str("client_id"), ".apps.googleusercontent.com") {
		r.Change, r.Reason = Proven, "it is a complete credentials file"
	} else {
		r.Change, r.Reason = Lowered, "it is not a complete credentials file"
	}
	return r
}

// gcloudSecret is the SHA-256 of the client secret that comes with the gcloud program.
const gcloudSecret = "f0386f9be1fe905fb2f97a8daff11a9baa9988ceca7c2ecae4aec8db182db1b4"

// googleOAuthClient finds the client that a client secret belongs to.
func googleOAuthClient(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	if sum := sha256.Sum256([]byte(s)); hex.EncodeToString(sum[:]) == gcloudSecret {
		return Result{Change: Lowered, Severity: "info", Reason: "it comes with the gcloud program and is public"}
	}
	id := in.part("client_id", "google_client_id")
	if id == "" {
		id = clientIDNear(in.around(), s)
	}
	if id == "" {
		return Result{}
	}
	f := facts{}
	f.set("client_id", id)
	if number, _, _ := strings.Cut(id, "-"); isDigits(number) {
		f["project_number"] = number
	}
	return Result{Change: Raised, Facts: f, Reason: "its client id stands next to it"}
}

// clientIDNear returns the client id that is nearest to the value in the context.
func clientIDNear(ctx, value string) string {
	re := regexp.MustCompile(`[0-9]{10,15}-[a-z0-9]{32}\.apps\.googleusercontent\.com`)
	at := max(strings.Index(ctx, value), 0)
	best, distance := "", len(ctx)+1
	for _, m := range re.FindAllStringIndex(ctx, 16) {
		d := m[0] - at
		if d < 0 {
			d = at - m[1]
		}
		if d < distance {
			best, distance = ctx[m[0]:m[1]], d
		}
	}
	return best
}
