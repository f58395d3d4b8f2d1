package evidence

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNamesAreSortedAndFound(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) {
		t.Errorf("names are not sorted: %v", names)
	}
	for _, n := range names {
		if f, ok := Lookup(n); !ok || f == nil {
			t.Errorf("Lookup(%q) finds nothing", n)
		}
	}
	if len(slices.Compact(names)) != len(Names()) {
		t.Error("a name stands twice")
	}
	if _, ok := Lookup("no-such"); ok {
		t.Error("Lookup finds a name that is none")
	}
}

func TestNoFactHoldsTheValue(t *testing.T) {
	leaky := guarded(func(in Input) Result {
		return Result{Facts: map[string]string{"a": "x" + string(in.Value), "b": "fine"}}
	})
	r := leaky(Input{Value: []byte("a-long-secret")})
	wantFacts(t, r, map[string]string{"a": "-", "b": "fine"})
}

func TestFactsAreSafeToPaste(t *testing.T) {
	for _, bad := range []string{"", "-rf", "a b", "$(id)", "a;b", "a|b", "a\nb", "`id`", "a'b", "\x1b[2J", "ü", strings.Repeat("a", 257)} {
		f := facts{}
		f.set("k", bad)
		if len(f) != 0 {
			t.Errorf("a fact of %q is stated", bad)
		}
	}
	f := facts{}
	f.set("k", "user@project-1.iam.gserviceaccount.com")
	if len(f) != 1 {
		t.Error("an address is not stated")
	}
}

func TestNamesThatLookLikeTokensAreNotStated(t *testing.T) {
	for name, want := range map[string]bool{
		"deploy-user": true, "AWS": true, "_json_key": true, "00000000-0000-0000-0000-000000000000": true,
		"gh" + "p_" + chars(alnum, 36): false, chars(alnum, 24): false, "gl" + "pat-" + chars("abc", 20): false,
	} {
		f := facts{}
		f.setName("user", name)
		if _, ok := f["user"]; ok != want {
			t.Errorf("stated(%d characters) = %v, want %v", len(name), ok, want)
		}
	}
}

// seeds are values of every kind, so that the fuzzer starts beyond the first checks.
func seeds(t testing.TB) []string {
	pem := rsaPEM(t)
	return []string{
		"", ".", "-", "sk-ant-", "sk-ant-api03-" + chars(base64url, 95), "sk-ant-si-" + token(t, map[string]any{"alg": "RS256"}, map[string]any{"exp": 1}),
		"AKIA" + chars(base32Digits, 16), "ABSK" + chars(alnum, 120), "bedrock-api-key-" + chars(alnum, 120),
		"AIza" + chars(base64url, 35), `{"type":"service_account","client_email":"a@b","private_key":"x"}`,
		token(t, map[string]any{"alg": "HS256"}, map[string]any{"iss": "kubernetes/serviceaccount"}),
		"ghp_" + chars(alnum, 36), "ghs_1_" + token(t, map[string]any{}, map[string]any{}),
		"glpat-" + chars(alnum, 40) + ".01." + chars(alnum, 9), "vcp_" + chars(alnum, 56), chars(alnum, 76) + "+AStAAAAAA==",
		chars(alnum, 52) + "JQQJ99AB" + chars(alnum, 24), "abc8Q~" + chars(alnum, 34), chars("abcdef234567", 52),
		"https://a.blob.core.windows.net/c?sv=1&sig=" + chars(alnum, 43) + "%3D", "dp.st.prd." + chars(alnum, 40), "hvs.CAES" + chars(alnum, 90),
		"dXNlcjpwYXNz", "pypi-AgEIcHlwaS5vcmc" + chars(alnum, 60), "AGE-SECRET-KEY-1" + strings.Repeat("Q", 58),
		pem, strings.ReplaceAll(pem, "\n", `\n`), pgpBegin + "\n\nlQ==\n", "PuTTY-User-Key-File-" + "2: ssh-rsa\nPublic-Lines: 1\nAAAA\n",
	}
}

func FuzzEveryFunction(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s), []byte("postgres://user:"+s+"@host/db"), []byte(s))
	}
	f.Fuzz(func(t *testing.T, value, context, part []byte) {
		in := Input{Value: value, Context: context, Parts: map[string][]byte{"user": part, "client_certificate_data": part}, Now: now()}
		for _, name := range Names() {
			fn, _ := Lookup(name)
			r := fn(in)
			if r.Change < Unchanged || r.Change > Refuted || r.Change.String() == "invalid" {
				t.Errorf("%s: change %d", name, r.Change)
			}
			if !slices.Contains([]string{"", "critical", "high", "medium", "low", "info"}, r.Severity) {
				t.Errorf("%s: severity %q", name, r.Severity)
			}
			if !slices.Contains([]string{"", Expired, Uncheckable}, r.Verdict) {
				t.Errorf("%s: verdict %q", name, r.Verdict)
			}
			for k, v := range r.Facts {
				if len(v) > maxFact || !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\n\x1b") {
					t.Errorf("%s: fact %s = %q", name, k, v)
				}
			}
			if len(value) >= 16 && strings.Contains(r.Reason, string(value)) {
				t.Errorf("%s: the reason holds the value", name)
			}
		}
	})
}

func TestHostileValuesCostLittle(t *testing.T) {
	for _, unit := range append(seeds(t), "-----BEGIN ", pemBegin+"X PRIVATE KEY-----", "a: b\n", `\\`, `\n`, "{", `{"a":`, "[", ":x@", "://", "AAAA", "LS0tLS1CRUdJTi", "\x02\x02\x01") {
		if unit == "" {
			continue
		}
		big := []byte(strings.Repeat(unit, maxValue/len(unit)))
		for _, name := range Names() {
			d := quickest(func() {
				run(t, name, Input{Value: big, Context: big})
				run(t, name, Input{Value: []byte("x"), Context: big, Parts: map[string][]byte{"client_certificate_data": big}})
			})
			if d > time.Second {
				t.Errorf("%s of %.20q repeated: %v", name, unit, d)
			}
		}
	}
}

// quickest is how long something takes when the machine has time for it: a second is tried again, as it may have been taken by others.
func quickest(f func()) time.Duration {
	best := time.Hour
	for tries := 0; tries < 5 && best > time.Second; tries++ {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}
