//go:build e2e && e2eslow && (linux || darwin || freebsd)

package e2e

import (
	_ "embed" // the program below
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// vaultRelease is a version of HashiCorp Vault, and how it is built from its source, which the database of Go's checksums vouches
// for. go.mod of Vault puts its own folders in the place of the modules api and sdk, and the proxy has them as modules of their own:
// these are the versions that the release compiles with. Both are built without the engines that need a cloud's libraries.
type vaultRelease struct {
	version, sdk string
	// program is a source that takes the place of Vault's main package; "" for its own.
	program string
}

var (
	vaultNew = vaultRelease{version: "v1.21.2", sdk: "v0.20.0"}
	// vaultOld is the last line before the answer to a token that is not known says so.
	vaultOld = vaultRelease{version: "v1.16.3", sdk: "v0.11.1", program: vaultOldProgram}
)

// vaultOldProgram serves Vault's own core and API from memory, unsealed, on the address that is its argument. It prints the root
// token and the unseal key as JSON. That release cannot leave out the clouds' libraries, and this does.
//
//go:embed testdata/vault_server.go.txt
var vaultOldProgram string

// build returns the program. It is built once, in minutes, and stays in the user's cache folder; what the build needs, a few
// gigabytes of modules and compiled packages, goes with the test.
func (v vaultRelease) build(t *testing.T) string {
	t.Helper()
	require(t, "go", "install Go, which builds Vault")
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(base, "skant-e2e", fmt.Sprintf("vault-%s-%s-%s", v.version, runtime.GOOS, runtime.GOARCH))
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	b := &workRepo{t: t, dir: filepath.Join(work, "src"), env: append(os.Environ(),
		"CGO_ENABLED=0", "GOFLAGS=-mod=mod -modcacherw", "GOWORK=off",
		"GOPATH="+filepath.Join(work, "go"), "GOMODCACHE="+filepath.Join(work, "mod"), "GOCACHE="+filepath.Join(work, "cache"),
	)}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	v.source(b)
	temp := filepath.Join(work, "vault")
	if code, out := b.run("go", "build", "-p", "2", "-trimpath", "-tags", "minimal", "-ldflags", "-s -w", "-o", temp, "."); code != 0 {
		missing(t, fmt.Sprintf("build Vault %s: exit %d\n%s", v.version, code, out[max(0, len(out)-4000):]))
	}
	content, err := os.ReadFile(temp)
	if err != nil {
		t.Fatal(err)
	}
	// Appears whole or not at all: another run may look for it.
	if err := os.WriteFile(program+".new", content, 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if err := os.Rename(program+".new", program); err != nil {
		t.Fatal(err)
	}
	return program
}

// source puts what is built into the folder of b.
func (v vaultRelease) source(b *workRepo) {
	b.t.Helper()
	const module = "github.com/hashicorp/vault"
	if v.program != "" {
		b.write("main.go", v.program)
		b.write("go.mod", "module vault.example\n\ngo 1.22\n\nrequire "+module+" "+v.version+"\nrequire "+module+"/sdk "+v.sdk+"\n"+
			"replace github.com/ma314smith/signedxml v1.1.1 => github.com/moov-io/signedxml v1.1.1\n")
		return
	}
	code, out := b.run("go", "mod", "download", "-json", module+"@"+v.version)
	at := strings.Index(out, "{")
	var got struct{ Dir string }
	if code != 0 || at < 0 || json.Unmarshal([]byte(out[at:]), &got) != nil {
		missing(b.t, "download Vault "+v.version+": "+out)
	}
	if err := os.RemoveAll(b.dir); err != nil {
		b.t.Fatal(err)
	}
	if err := os.CopyFS(b.dir, os.DirFS(got.Dir)); err != nil {
		b.t.Fatal(err)
	}
	edit := []string{"mod", "edit", "-require=" + module + "/sdk@" + v.sdk}
	for _, own := range []string{"api", "api/auth/approle", "api/auth/kubernetes", "api/auth/userpass", "sdk"} {
		edit = append(edit, "-dropreplace="+module+"/"+own)
	}
	b.must("go", edit...)
}
