//go:build e2e && e2eslow && (linux || darwin || freebsd)

package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// These tests ask a real server, built from its source: nothing that stands for a provider answers as it does in all things.

// vaultMeans is what has to be said of a token: by which rule, which verdict, a part of the sentence, and what is learnt, as expressions.
type vaultMeans struct {
	rule, verdict, says string
	learned             map[string]string
}

const (
	vaultService = "vault-service-token"
	vaultBatch   = "vault-batch-token"
	vaultUnknown = "does not know the token"
	vaultDenied  = "denies the request"
	vaultRefused = "do not let it look itself up"
	vaultTime    = `^20\d\d-\d\d-\d\dT`
)

// vaultMeaning says it for each of (*vault).tokens. Before 1.17 a server says the same of a token that it does not know and of one that is bound to
// other addresses: then nothing is dead.
func vaultMeaning(before117 bool) map[string]vaultMeans {
	learned := func(policies, path, kind string, more ...string) map[string]string {
		all := map[string]string{"policies": "^" + policies + "$", "path": "^" + path + "$", "token_type": "^" + kind + "$", "display_name": "^token"}
		if kind == "service" {
			all["accessor"] = `^[A-Za-z0-9]{24}$`
		}
		for i := 0; i+1 < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	const create = "auth/token/create"
	means := map[string]vaultMeans{
		"root":          {vaultService, "live", "may do everything", learned("root", "auth/token/root", "service", "display_name", "^root$")},
		"root-child":    {vaultService, "live", "may do everything", learned("root", create, "service", "expires", vaultTime)},
		"child":         {vaultService, "live", "The token is alive.", learned("default, nothing", create, "service", "display_name", "^token-ci$", "expires", vaultTime)},
		"orphan":        {vaultService, "live", "The token is alive.", learned("default", "auth/token/create-orphan", "service", "expires", vaultTime)},
		"periodic":      {vaultService, "live", "The token is alive.", learned("default", create, "service", "expires", vaultTime)},
		"batch":         {vaultBatch, "live", "The token is alive.", learned("default", create, "batch", "expires", vaultTime)},
		"limited":       {vaultService, "restricted", vaultRefused, nil},
		"batch-limited": {vaultBatch, "restricted", vaultRefused, nil},
		"once":          {vaultService, "live", "Asking took that use", learned("default", create, "service")},
		"thrice":        {vaultService, "live", "limited in uses", learned("default", create, "service", "expires", vaultTime, "uses_left", "^2$")},
		"wrapping":      {vaultService, "restricted", "asking has used it up", nil},
		"bound":         {vaultService, "unknown", vaultDenied, nil},
		"disabled":      {vaultService, "unknown", vaultDenied, nil},
	}
	nobody := vaultMeans{verdict: "dead", says: vaultUnknown}
	if before117 {
		nobody = vaultMeans{verdict: "unknown", says: vaultDenied}
	}
	for name, rule := range map[string]string{
		"revoked": vaultService, "expired": vaultService, "child-of-none": vaultService, "made-up": vaultService,
		"batch-expired": vaultBatch, "batch-of-none": vaultBatch, "made-up-batch": vaultBatch,
		"made-up-legacy": "vault-legacy-token", "made-up-batch-b": "vault-batch-token-legacy",
	} {
		nobody.rule = rule
		means[name] = nobody
	}
	return means
}

// vaultRepo is a repository into whose history tokens have leaked, and the folder of what was printed and kept while it was searched.
type vaultRepo struct {
	*workRepo
	server *vault
	tokens map[string]string
	kept   string
	runs   []string
}

// leakVault commits each token in a file of its own, and takes half of the files out again.
func leakVault(t *testing.T, server *vault, tokens map[string]string) *vaultRepo {
	t.Helper()
	r := &vaultRepo{newRepo(t), server, tokens, t.TempDir(), nil}
	r.env = append(r.env, "HOME="+r.kept, "XDG_CACHE_HOME="+filepath.Join(r.kept, "cache"), "XDG_CONFIG_HOME="+filepath.Join(r.kept, "config"),
		"SKANT_CACHE_DIR="+filepath.Join(r.kept, "skant"), "SSL_CERT_FILE="+server.ca)
	if server.ca == "" {
		r.env = without(r.env, "SSL_CERT_FILE")
	}
	for name, token := range tokens {
		r.write(name+".env", "VAULT_TOKEN="+token+"\n")
	}
	r.git("add", ".")
	r.git("commit", "-qm", "one")
	names := slices.Sorted(maps.Keys(tokens))
	for _, name := range names[:len(names)/2] {
		r.git("rm", "-q", name+".env")
	}
	r.git("commit", "-qm", "two", "--allow-empty")
	return r
}

// skant runs the program and keeps what it prints.
func (r *vaultRepo) skant(in string, args ...string) (code int, out string) {
	r.t.Helper()
	cmd := exec.Command(skant, append(args, "--verify-endpoint", "vault="+r.server.url)...)
	var all bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = r.dir, r.env, strings.NewReader(in), &all, &all
	_ = cmd.Run() // the status says it
	if cmd.ProcessState == nil {
		r.t.Fatalf("skant %q does not start", args)
	}
	r.runs = append(r.runs, all.String())
	return cmd.ProcessState.ExitCode(), all.String()
}

// vaultFound is a finding of a report.
type vaultFound struct {
	Rule     string `json:"rule_id"`
	Verdict  string `json:"verdict"`
	Location struct {
		Path string `json:"path"`
	} `json:"location"`
	Verification struct {
		Status, Attempts int
		Says             string
		Learned          map[string]string
		Cached           bool
	} `json:"verification"`
}

// history searches the history in every format, asks, and returns what was found, by the names of the tokens.
func (r *vaultRepo) history(args ...string) (code int, found map[string]vaultFound) {
	r.t.Helper()
	file := func(format string) string { return "-o=" + format + "=" + filepath.Join(r.kept, "report."+format) }
	args = append([]string{"history", "--verify", "-o=text", file("json"), file("jsonl"), file("sarif"), file("markdown"), file("github"), file("gitlab"), file("csv"), file("junit"), file("ocsf"), file("html")}, args...)
	code, out := r.skant("", args...)
	raw, err := os.ReadFile(filepath.Join(r.kept, "report.json"))
	if err != nil {
		r.t.Fatalf("exit %d: %v\n%s", code, err, out)
	}
	var rep struct {
		Findings []vaultFound
		Coverage struct{ Complete bool }
	}
	if err := json.Unmarshal(raw, &rep); err != nil {
		r.t.Fatal(err)
	}
	found = map[string]vaultFound{}
	for _, f := range rep.Findings {
		name := strings.TrimSuffix(f.Location.Path, ".env")
		if _, twice := found[name]; twice {
			r.t.Errorf("%s is found twice", name)
		}
		found[name] = f
	}
	if !rep.Coverage.Complete || len(found) != len(r.tokens) {
		r.t.Errorf("complete %v, %d of %d tokens found", rep.Coverage.Complete, len(found), len(r.tokens))
	}
	return code, found
}

// holds compares a finding with what has to be said of it.
func (want vaultMeans) holds(t *testing.T, name string, f vaultFound) {
	t.Helper()
	v := f.Verification
	if f.Rule != want.rule || f.Verdict != want.verdict || !strings.Contains(v.Says, want.says) || v.Attempts != 1 {
		t.Errorf("%s: %s %s (%d, %d attempts) %q, want %s %s %q", name, f.Rule, f.Verdict, v.Status, v.Attempts, v.Says, want.rule, want.verdict, want.says)
	}
	if got, need := slices.Sorted(maps.Keys(v.Learned)), slices.Sorted(maps.Keys(want.learned)); !slices.Equal(got, need) {
		t.Errorf("%s: %q is learnt, not %q", name, got, need)
	}
	for fact, expression := range want.learned {
		if !regexp.MustCompile(expression).MatchString(v.Learned[fact]) {
			t.Errorf("%s: %s is %q", name, fact, v.Learned[fact])
		}
	}
}

// typed asks about one token on standard input.
func (r *vaultRepo) typed(name, verdict string, args ...string) {
	r.t.Helper()
	code, out := r.skant("VAULT_TOKEN="+r.tokens[name]+"\n", append([]string{"verify"}, args...)...)
	want := map[string]int{"live": 1, "restricted": 1, "dead": 0, "unknown": 3}[verdict]
	if code != want || !strings.Contains(out, "Verdict: "+verdict) {
		r.t.Errorf("skant verify of %s: exit %d, not %s\n%s", name, code, verdict, r.hide(out))
	}
}

// hide takes the tokens out of what a failing test shows.
func (r *vaultRepo) hide(out string) string {
	for name, token := range r.tokens {
		out = strings.ReplaceAll(out, token, "("+name+")")
	}
	return out
}

// tight holds that no 8 bytes of a token, nor of the short one that stands in it, are in anything that was printed, reported or kept. What several
// tokens have in common belongs to their form.
func (r *vaultRepo) tight() {
	r.t.Helper()
	const piece = 8
	owners := map[string]map[string]bool{}
	for name, token := range r.tokens {
		for _, form := range []string{token, innerToken(token)} {
			for i := 0; i+piece <= len(form); i++ {
				if owners[form[i:i+piece]] == nil {
					owners[form[i:i+piece]] = map[string]bool{}
				}
				owners[form[i:i+piece]][name] = true
			}
		}
	}
	pieces := 0
	for p, names := range owners {
		if len(names) > 1 {
			delete(owners, p)
		} else {
			pieces++
		}
	}
	searched := map[string]string{"what was printed": strings.Join(r.runs, "\n")}
	err := filepath.WalkDir(r.kept, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		searched[strings.TrimPrefix(path, r.kept)] = string(content)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	bytes, verdicts := 0, false
	for where, content := range searched {
		bytes += len(content)
		verdicts = verdicts || strings.Contains(where, "/skant/verdicts/")
		for i := 0; i+piece <= len(content); i++ {
			for name := range owners[content[i:i+piece]] {
				r.t.Errorf("%s: 8 bytes of the token %s at %d", where, name, i)
			}
		}
	}
	if !verdicts || pieces < 15*len(r.tokens) {
		r.t.Errorf("only %d pieces were looked for, verdicts kept: %v", pieces, verdicts)
	}
	r.t.Logf("%d runs: none of %d pieces of %d tokens is in %d files and %d KiB", len(r.runs), pieces, len(r.tokens), len(searched), bytes>>10)
}

// TestSlowVault asks a server about a token of each kind, and again after one was revoked, while it is sealed, and when it is gone.
func TestSlowVault(t *testing.T) {
	server := startVault(t, vaultNew, false)
	r := leakVault(t, server, server.tokens())
	if code, out := r.skant("", "history", "--verify-dry-run"); code != 1 || !strings.Contains(out, "/v1/auth/token/lookup-self") {
		t.Errorf("exit %d\n%s", code, r.hide(out))
	}
	_, before := server.asked(r.tokens)

	code, found := r.history()
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	for name, want := range vaultMeaning(false) {
		want.holds(t, name, found[name])
	}
	// One request for each token, and a made-up one for each rule that has one alive.
	times, after := server.asked(r.tokens)
	for name := range r.tokens {
		if times[name] != 1 {
			t.Errorf("Vault was asked %d times about %s", times[name], name)
		}
	}
	if controls := after - before - len(r.tokens); before != 0 || controls != 2 {
		t.Errorf("%d requests before, %d more than tokens", before, controls)
	}
	// Asking has used up what could be used once, as the documentation says.
	if server.unwrapped(r.tokens["wrapping"]) {
		t.Error("a token for response wrapping survives")
	}

	r.afterRevoking()

	for name, verdict := range map[string]string{
		"root": "live", "batch": "live", "limited": "restricted", "bound": "unknown", "disabled": "unknown", "expired": "dead", "made-up": "dead",
		"batch-of-none": "dead", "once": "dead", "wrapping": "dead", "thrice": "live",
	} {
		r.typed(name, verdict, "--no-cache")
	}
	r.typed("thrice", "dead", "--no-cache")
	r.failsOn("root-child", 1)
	r.failsOn("limited", 1)
	r.failsOn("revoked", 0)

	server.must("PUT", "sys/seal", server.root, nil)
	r.nothingKnown("sealed")
	server.must("PUT", "sys/unseal", "", map[string]string{"key": server.unseal})
	r.typed("root", "live", "--no-cache")
	server.stop()
	r.nothingKnown("stopped")
	r.tight()
}

// afterRevoking is what somebody sees who has just revoked a token: what is kept for some minutes, until the token itself is asked about, and the
// truth from then on.
func (r *vaultRepo) afterRevoking() {
	r.t.Helper()
	_, before := r.server.asked(r.tokens)
	r.server.revoke(r.tokens["child"])
	if _, found := r.history(); found["child"].Verdict != "live" || !found["child"].Verification.Cached {
		r.t.Errorf("a second run: child is %s, kept %v", found["child"].Verdict, found["child"].Verification.Cached)
	}
	// Nobody is asked again but the two that nothing is known about.
	if _, after := r.server.asked(r.tokens); after-before != 2 {
		r.t.Errorf("a second run sends %d requests", after-before)
	}
	r.typed("child", "dead")
	if _, found := r.history(); found["child"].Verdict != "dead" {
		r.t.Errorf("after it was asked about: child is %s", found["child"].Verdict)
	}
	code, found := r.history("--no-cache")
	if code != 1 || found["child"].Verdict != "dead" || found["root"].Verdict != "live" || found["once"].Verdict != "dead" {
		r.t.Errorf("exit %d, child is %s, root %s, once %s", code, found["child"].Verdict, found["root"].Verdict, found["once"].Verdict)
	}
}

// failsOn holds the exit code of a search of one token's commit that only what is alive may fail.
func (r *vaultRepo) failsOn(name string, want int) {
	r.t.Helper()
	one := leakVault(r.t, r.server, map[string]string{name: r.tokens[name]})
	if code, out := one.skant("", "ci", "--event", "history", "--verify", "--fail-on", "live"); code != want {
		r.t.Errorf("--fail-on live with %s: exit %d\n%s", name, code, r.hide(out))
	}
	one.tight()
}

// nothingKnown holds that a server that cannot answer has nothing said about any token.
func (r *vaultRepo) nothingKnown(state string) {
	r.t.Helper()
	code, found := r.history("--no-cache")
	if code != 1 {
		r.t.Errorf("%s: exit %d", state, code)
	}
	for name, f := range found {
		if f.Verdict != "unknown" {
			r.t.Errorf("%s: %s is %s (%d %q)", state, name, f.Verdict, f.Verification.Status, f.Verification.Says)
		}
	}
	r.typed("root", "unknown", "--no-cache")
	r.typed("revoked", "unknown", "--no-cache")
}

// TestSlowVaultBefore117: a server that says of a token that it does not know what it says of one that may not ask makes nothing dead.
func TestSlowVaultBefore117(t *testing.T) {
	server := startVault(t, vaultOld, false)
	r := leakVault(t, server, server.tokens())
	if code, found := r.history(); code != 1 {
		t.Errorf("exit %d", code)
	} else {
		for name, want := range vaultMeaning(true) {
			want.holds(t, name, found[name])
		}
	}
	r.typed("root", "live", "--no-cache")
	r.typed("limited", "restricted", "--no-cache")
	r.typed("revoked", "unknown", "--no-cache")
	r.tight()
}

// TestSlowVaultTLS asks over TLS. A certificate that nobody vouches for is no server to be asked.
func TestSlowVaultTLS(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("macOS takes no certificates from SSL_CERT_FILE")
	}
	server := startVault(t, vaultNew, true)
	r := leakVault(t, server, map[string]string{"root": server.root, "made-up": "hvs." + randomText(24)})
	r.typed("root", "live")
	r.typed("made-up", "dead")
	r.env = without(r.env, "SSL_CERT_FILE")
	r.typed("root", "unknown", "--no-cache")
	times, _ := server.asked(r.tokens)
	if times["root"] != 1 || times["made-up"] != 1 {
		t.Errorf("asked %v times", times)
	}
	r.tight()
}
