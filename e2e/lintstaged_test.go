//go:build e2e

package e2e

import "testing"

// lintStaged returns a repository in which husky runs the lines of hook, and lint-staged has a configuration.
func lintStaged(t *testing.T, hook, config string) *workRepo {
	t.Helper()
	r := nodeRepo(t)
	r.write(".husky/pre-commit", hook)
	if config != "" {
		r.write("lint-staged.config.mjs", config)
	}
	r.mustRun("husky install")
	r.git("add", ".")
	r.passes("commit", "-qm", "lint-staged")
	return r
}

// TestLintStagedThenSkant is the way that the manual proposes: skant judges what another task leaves staged.
func TestLintStagedThenSkant(t *testing.T) {
	secret := newSecret(t)
	r := lintStaged(t, documented(t, "lint-staged husky"), `export default { "*.in": (names) => names.map((n) => "cp secret " + n) };`)
	judgesPartlyStaged(r, secret)
	r.write("secret", secret+"\n")
	r.write(".git/info/exclude", "/secret\n")
	r.write("x.in", "clean\n")
	r.git("add", ".")
	r.blocked(secret, "x.in", "commit", "-m", "x")
}

func TestLintStagedFunction(t *testing.T) {
	judgesPartlyStaged(lintStaged(t, "npx lint-staged\n", documented(t, "lint-staged function")), newSecret(t))
}

// TestLintStagedFiles holds what the manual says of file names: lint-staged shows the index's version of partially staged
// files, and whole files are judged. With --no-hide-partially-staged what is judged and committed is the work tree.
func TestLintStagedFiles(t *testing.T) {
	secret := newSecret(t)
	r := lintStaged(t, "npx lint-staged\n", documented(t, "lint-staged files"))
	judgesPartlyStaged(r, secret)
	r.write("a b", secret+"\n")
	r.git("add", ".")
	r.passes("commit", "-qnm", "unseen")
	r.write("a b", secret+"\nmore\n")
	r.git("add", ".")
	r.blocked(secret, "a b", "commit", "-m", "an old line")
	r.git("rm", "-qf", "a b")
	r.passes("commit", "-qm", "a deletion")

	r.write(".husky/pre-commit", "npx lint-staged --no-hide-partially-staged\n")
	r.write("late", "clean\n")
	r.git("add", "late")
	r.write("late", secret+"\n")
	r.blocked(secret, "late", "commit", "-m", "x")
	r.git("reset", "-q")
	r.git("add", "late")
	r.write("late", "clean\n")
	r.passes("commit", "-qm", "x")
	if committed := r.git("show", "HEAD:late"); committed != "clean\n" {
		t.Errorf("what was judged is not what was committed: %s", hide(committed, secret))
	}
}
