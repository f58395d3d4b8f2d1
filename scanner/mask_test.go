package scanner

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// attributing is a source whose findings come back with commits that quote the secrets.
type attributing struct {
	chunks
	decorate func(*Finding)
}

func (a attributing) Attribute(_ context.Context, _ *Recorder, fs []Finding) ([]Finding, error) {
	for i := range fs {
		a.decorate(&fs[i])
	}
	return fs, nil
}

// TestNothingOfASecretIsShown puts secrets everywhere that a repository can put them, and looks for any 12 bytes of
// their bodies in the whole result.
func TestNothingOfASecretIsShown(t *testing.T) {
	s := testScanner(t, Options{})
	for round := range 60 {
		secrets := []string{token(uint64(round)), token(uint64(round + 1000)), secretKey(uint64(round))}
		text := fmt.Sprintf("%s\nAKM123456789 secret=%s \n%s %s\n%s", secrets[0], secrets[2], secrets[1], secrets[0],
			base64.StdEncoding.EncodeToString([]byte("token="+secrets[0]+"\n")))
		src := attributing{
			chunks{{Data: []byte(text), Location: Location{Path: "dir/" + secrets[0] + "/f", Kind: KindFile}}},
			func(f *Finding) {
				f.Location.Commit = &Commit{Author: secrets[1][5:], Email: secrets[0], Summary: "add " + secrets[2], Date: time.Now()}
				f.Exposure = &Exposure{Refs: []string{"refs/heads/" + secrets[1]}, Removed: []Commit{*f.Location.Commit}}
				f.Reasons = append(f.Reasons, "found beside "+secrets[2])
			},
		}
		rec := &Recorder{}
		rec.Unread("files", "cannot read "+secrets[0], "name/"+secrets[1])
		res, err := s.Scan(t.Context(), src, rec)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) < 4 {
			t.Fatalf("round %d: %d findings", round, len(res.Findings))
		}
		js, err := json.Marshal(Report{Findings: res.Findings, Coverage: res.Coverage})
		if err != nil {
			t.Fatal(err)
		}
		shown := string(js) + fmt.Sprintf("%+v %#v", res, res)
		for _, v := range secrets {
			b := strings.TrimPrefix(v, "acm_")
			for i := 0; i+gramLength <= len(b); i++ {
				if strings.Contains(shown, b[i:i+gramLength]) {
					t.Fatalf("round %d: 12 bytes of a secret are shown, at %d: %.400s", round, i, shown)
				}
			}
		}
	}
}

func TestMaskKeepsTheRest(t *testing.T) {
	m := newMask([]Finding{{Secret: NewSecret(token(5), 4)}, {Secret: NewSecret("pw12", 0)}, {Secret: NewIdentifier("AKM123456789")}})
	in := "before " + token(5)[2:20] + " between pw12 after AKM123456789"
	want := "before m_" + masked + " between " + masked + " after AKM123456789"
	if got := m.text(in); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMaskLeavesWordsAndArmour(t *testing.T) {
	block := "-----BEGIN " + "EC PRIVATE KEY-----\n" + body(50) + "\n-----END " + "EC PRIVATE KEY-----"
	m := newMask([]Finding{{Secret: NewSecret("password", 0)}, {Secret: NewSecret(" "+block, 0)}})
	in := "password: -----BEGIN " + "EC PRIVATE KEY-----"
	if got := m.text(in); got != in {
		t.Errorf("%q became %q", in, got)
	}
	if got := m.text(block); strings.Contains(got, body(50)[:gramLength]) {
		t.Errorf("the key is shown: %q", got)
	}
}

func TestScrub(t *testing.T) {
	s := testScanner(t, Options{})
	got := s.Scrub("open /tmp/" + token(6) + ": no such file")
	// The public prefix says which of several names is meant.
	if want := "open /tmp/acm_" + masked + ": no such file"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestShowSecrets(t *testing.T) {
	for _, show := range []bool{false, true} {
		_, fs := scanText(t, testScanner(t, Options{ShowSecrets: show}), token(8))
		if got := fs[0].Revealed == token(8); got != show {
			t.Errorf("show %v: revealed %v", show, got)
		}
	}
}

// TestFactThatIsASecretElsewhere: what one rule states as a public name is the secret of another finding.
func TestFactThatIsASecretElsewhere(t *testing.T) {
	value := token(3)
	fs := []Finding{
		{Secret: NewSecret(token(4), 0), Facts: map[string]string{"client_id": value, "region": "eu-west-1"}},
		{Secret: NewSecret(value, 0), Excerpt: "KEY=" + value},
	}
	m := newMask(fs)
	m.finding(&fs[1])
	if _, stated := fs[0].Facts["client_id"]; stated || fs[0].Facts["region"] == "" || strings.Contains(fs[1].Excerpt, value) {
		t.Errorf("facts %v, excerpt %q", fs[0].Facts, fs[1].Excerpt)
	}
}
