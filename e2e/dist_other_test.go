//go:build e2e && !linux

package e2e

import "testing"

// alone is there for other systems to compile.
func alone(t *testing.T, _, _ string, _ ...string) (out string, code int) {
	t.Helper()
	t.Skip("NOT TESTED: needs Linux")
	return "", 0
}
