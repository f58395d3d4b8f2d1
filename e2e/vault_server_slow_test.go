//go:build e2e && e2eslow && (linux || darwin || freebsd)

package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// vault is a server of HashiCorp Vault on this machine that keeps everything in memory. No secret of it outlives the test.
type vault struct {
	t *testing.T
	// url is its address; root and unseal are its own credentials. ca is the file that vouches for it, audit the one in which it writes
	// down every request.
	url, root, unseal, ca, audit string
	client                       *http.Client
	stop                         func()
}

// startVault builds and starts a server.
func startVault(t *testing.T, release vaultRelease, https bool) *vault {
	t.Helper()
	program := release.build(t)
	dir := t.TempDir()
	v := &vault{t: t, url: "http://" + freeAddress(t), audit: filepath.Join(dir, "audit.log"), client: &http.Client{Timeout: time.Minute}}
	address := strings.TrimPrefix(v.url, "http://")
	args := []string{address}
	if release.program == "" {
		args = []string{"server", "-dev", "-dev-no-store-token", "-dev-listen-address=" + address}
	}
	if https {
		v.url, v.ca = "https://"+address, filepath.Join(dir, "vault-ca.pem")
		args = append(args, "-dev-tls", "-dev-tls-san=127.0.0.1", "-dev-tls-cert-dir="+dir)
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.stop = func() {
		v.stop = func() {}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
		_ = log.Close()
	}
	t.Cleanup(func() { v.stop() })
	v.await(log.Name())
	v.must("PUT", "sys/audit/file", v.root, map[string]any{"type": "file", "options": map[string]string{"file_path": v.audit}})
	return v
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await waits until the server answers and has said what its credentials are.
func (v *vault) await(log string) {
	v.t.Helper()
	root, unseal := regexp.MustCompile(`(?:Root Token: |"root":")([^\s"]+)`), regexp.MustCompile(`(?:Unseal Key: |"unseal":")([^\s"]+)`)
	for range 300 {
		time.Sleep(100 * time.Millisecond)
		if v.ca != "" {
			pem, err := os.ReadFile(v.ca)
			if err != nil {
				continue
			}
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(pem)
			v.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
		}
		out, err := os.ReadFile(log)
		if err != nil {
			v.t.Fatal(err)
		}
		res, err := v.client.Get(v.url + "/v1/sys/health")
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		r, u := root.FindSubmatch(out), unseal.FindSubmatch(out)
		if r != nil && u != nil && res.StatusCode == http.StatusOK {
			v.root, v.unseal = string(r[1]), string(u[1])
			return
		}
	}
	v.t.Fatal("Vault does not start")
}

// api sends a request to the server.
func (v *vault) api(method, path, token string, body any, headers ...string) (status int, answer []byte) {
	v.t.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, v.url+"/v1/"+path, in)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", token)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		v.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// vaultAnswer is what of an answer is looked at.
type vaultAnswer struct {
	Auth struct {
		Token  string `json:"client_token"`
		Entity string `json:"entity_id"`
	} `json:"auth"`
	Wrap struct {
		Token string `json:"token"`
	} `json:"wrap_info"`
	Data struct {
		Hash string `json:"hash"`
	} `json:"data"`
}

// must is api for a request that has to succeed.
func (v *vault) must(method, path, token string, body any, headers ...string) (a vaultAnswer) {
	v.t.Helper()
	status, answer := v.api(method, path, token, body, headers...)
	if status/100 != 2 {
		v.t.Fatalf("%s %s: %d", method, path, status)
	}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &a); err != nil {
			v.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return a
}

// token makes a token, as the root token, by the path below auth/token/.
func (v *vault) token(path string, options map[string]any) string {
	v.t.Helper()
	return v.must("POST", "auth/token/"+path, v.root, options).Auth.Token
}

// gone waits until a token that runs out is not known any more.
func (v *vault) gone(token string) {
	v.t.Helper()
	for range 200 {
		if status, _ := v.api("POST", "auth/token/lookup", v.root, map[string]string{"token": token}); status != http.StatusOK {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	v.t.Fatal("a token does not expire")
}

// asked returns how often a token was sent to look itself up since the server's start, by the keyed hash under which the audit log knows
// it, and how many such requests there were in all. Anything else that one of the tokens was used for is an error.
func (v *vault) asked(tokens map[string]string) (times map[string]int, all int) {
	v.t.Helper()
	names := map[string]string{}
	for name, token := range tokens {
		for _, form := range []string{token, innerToken(token)} {
			if form != "" {
				names[v.must("POST", "sys/audit-hash/file", v.root, map[string]string{"input": form}).Data.Hash] = name
			}
		}
	}
	f, err := os.Open(v.audit)
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	times = map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			Type    string
			Request struct {
				Operation, Path string
				Token           string `json:"client_token"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			v.t.Fatal(err)
		}
		if e.Type != "request" || e.Request.Path != "auth/token/lookup-self" {
			continue
		}
		if e.Request.Operation != "read" {
			v.t.Errorf("the audit log has a %s of %s", e.Request.Operation, e.Request.Path)
		}
		all++
		if name := names[e.Request.Token]; name != "" {
			times[name]++
		}
	}
	if err := lines.Err(); err != nil {
		v.t.Fatal(err)
	}
	return times, all
}

// innerToken returns the short token that stands in a long one, and works as well as it; "" for others.
func innerToken(token string) string {
	body, long := strings.CutPrefix(token, "hvs.")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if !long || err != nil {
		return ""
	}
	return string(regexp.MustCompile(`hvs\.[A-Za-z0-9]{24}`).Find(raw))
}

// unwrapped reports whether a token for response wrapping still gives what it was made for.
func (v *vault) unwrapped(token string) bool {
	v.t.Helper()
	status, _ := v.api("POST", "sys/wrapping/unwrap", token, nil)
	return status == http.StatusOK
}

// tokens makes one token of each kind, by name.
func (v *vault) tokens() map[string]string {
	v.t.Helper()
	type o = map[string]any
	v.must("PUT", "sys/policies/acl/nothing", v.root, o{"policy": `path "secret/none" { capabilities = ["read"] }`})
	v.must("POST", "auth/token/roles/bound", v.root, o{"token_bound_cidrs": []string{"192.0.2.0/24"}, "allowed_policies": []string{"default"}})
	v.must("POST", "auth/token/roles/owned", v.root, o{"allowed_entity_aliases": []string{"ci"}, "allowed_policies": []string{"default"}})
	standard, none := []string{"default"}, []string{"nothing"}
	t := map[string]string{
		"root":            v.root,
		"root-child":      v.token("create", o{"ttl": "1h"}),
		"child":           v.token("create", o{"policies": []string{"default", "nothing"}, "ttl": "1h", "display_name": "ci"}),
		"orphan":          v.token("create-orphan", o{"policies": standard, "ttl": "1h"}),
		"periodic":        v.token("create", o{"policies": standard, "period": "1h"}),
		"batch":           v.token("create", o{"policies": standard, "ttl": "1h", "type": "batch"}),
		"limited":         v.token("create", o{"policies": none, "no_default_policy": true, "ttl": "1h"}),
		"batch-limited":   v.token("create", o{"policies": none, "no_default_policy": true, "ttl": "1h", "type": "batch"}),
		"once":            v.token("create", o{"policies": standard, "num_uses": 1}),
		"thrice":          v.token("create", o{"policies": standard, "num_uses": 3}),
		"wrapping":        v.must("POST", "auth/token/create", v.root, o{"policies": standard}, "X-Vault-Wrap-TTL", "10m").Wrap.Token,
		"bound":           v.token("create/bound", o{"ttl": "1h"}),
		"disabled":        "",
		"revoked":         v.token("create", o{"policies": standard}),
		"expired":         v.token("create", o{"policies": standard, "ttl": "1s"}),
		"batch-expired":   v.token("create", o{"policies": standard, "ttl": "1s", "type": "batch"}),
		"child-of-none":   "",
		"batch-of-none":   "",
		"made-up":         "hvs." + randomText(24),
		"made-up-legacy":  "s." + randomText(24),
		"made-up-batch":   "hvb." + "AAAAAQ" + randomText(132),
		"made-up-batch-b": "b." + "AAAAAQ" + randomText(132),
	}
	owned := v.must("POST", "auth/token/create/owned", v.root, o{"entity_alias": "ci", "ttl": "1h"}).Auth
	t["disabled"] = owned.Token
	v.must("POST", "identity/entity/id/"+owned.Entity, v.root, o{"disabled": true})
	parent := v.token("create", o{"ttl": "1h"})
	t["child-of-none"] = v.must("POST", "auth/token/create", parent, o{"policies": standard}).Auth.Token
	t["batch-of-none"] = v.must("POST", "auth/token/create", parent, o{"policies": standard, "ttl": "1h", "type": "batch"}).Auth.Token
	v.revoke(parent)
	v.revoke(t["revoked"])
	v.gone(t["expired"])
	v.gone(t["batch-expired"])
	for name, token := range t {
		if len(token) < 26 {
			v.t.Fatalf("no token %s", name)
		}
	}
	return t
}

func (v *vault) revoke(token string) {
	v.t.Helper()
	v.must("POST", "auth/token/revoke", v.root, map[string]string{"token": token})
}

// randomText returns letters and digits.
func randomText(n int) string {
	const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := []byte("Az0")
	for len(b) < n {
		b = append(b, all[rand.IntN(len(all))])
	}
	return string(b)
}
