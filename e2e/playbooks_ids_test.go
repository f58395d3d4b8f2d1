//go:build e2e && linux

package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/evidence"
)

// TestPlaybookNamesTheCredential holds that the ids by which providers know what leaked reach the commands, and not only the text: characters that a
// shell takes for its own keep them out, if the playbook does not leave room for them.
func TestPlaybookNamesTheCredential(t *testing.T) {
	var seed [32]byte
	copy(seed[:], t.Name())
	source := rand.New(rand.NewChaCha8(seed))
	letters := func(n int, alphabet string) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabet[source.IntN(len(alphabet))]
		}
		return string(out)
	}
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	body := letters(30, alnum)
	github := "gh" + "p_" + body + evidence.GitHubSuffix(body)
	sum := sha256.Sum256([]byte(github))
	hashed := base64.StdEncoding.EncodeToString(sum[:])
	claude := newSecret(t)
	hint := claude[:len("sk-ant-api03-")+3] + "..." + claude[len(claude)-4:]
	key := "AK" + "IA" + letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
	secret := letters(40, alnum)

	r := newRepo(t)
	r.write("deploy.env", "GITHUB_TOKEN="+github+"\nANTHROPIC_API_KEY="+claude+"\n")
	r.write("aws.env", "AWS_ACCESS_KEY_ID="+key+"\nAWS_SECRET_ACCESS_KEY="+secret+"\n")
	r.git("add", ".")
	r.git("commit", "-q", "-m", "settings")
	_, book := r.run(skant, "recover")
	for _, value := range []string{github, claude, secret} {
		if strings.Contains(book, value) {
			t.Fatal("the runbook has a secret in it")
		}
	}
	for what, want := range map[string]string{
		"the audit log's hash of the token": `hashed_token:"''` + hashed + `''" created:`,
		"the hint of the key":               "--arg hint '" + hint + "'",
		"the access-key id":                 "aws iam update-access-key --user-name \"$USER_NAME\" --access-key-id " + key + " --status Inactive",
		"the id in the log query":           "AttributeKey=AccessKeyId,AttributeValue=" + key,
		"the rule":                          "skant verify --rule github-personal-token",
	} {
		if !strings.Contains(book, want) {
			t.Errorf("%s is not in a command: no %q", what, want)
		}
	}
	line := "printf %s phrase='hashed_token:\"''" + hashed + "''\"'"
	if out, err := exec.Command(require(t, "sh", "install it"), "-c", line).Output(); err != nil || string(out) != `phrase=hashed_token:"`+hashed+`"` {
		t.Errorf("a shell makes %q of it (%v)", out, err)
	}
}
