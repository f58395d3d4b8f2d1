//go:build e2e && e2eslow

package e2e

import "testing"

// TestSlowSameProgram builds the program twice, the second time without anything that an earlier build has left: neither
// compiled packages, not even those of the standard library, nor copies of the modules.
func TestSlowSameProgram(t *testing.T) {
	path, commit := published(t, framework{}, true, nil)
	repo := &workRepo{t: t, dir: path, env: goEnvironment(t)}
	repo.git("tag", "v0.1.0", commit)
	first := buildElsewhere(repo)
	modules := t.TempDir()
	cold := append(offlineGo(t), "GOFLAGS=-modcacherw", "GOCACHE="+t.TempDir(), "GOMODCACHE="+modules, "GOPATH="+modules)
	if second := buildElsewhere(repo, cold...); second != first {
		t.Errorf("the program has the sum %s, and without caches %s", first, second)
	}
}
