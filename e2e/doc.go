// Package e2e holds the tests of skant against the tools it works with: git and its hooks, the pre-commit framework and
// prek, actionlint. They are built only with the tag e2e:
//
//	go test -tags e2e ./e2e
//
// A tool that is missing makes a test fail if CI is "true", and skip elsewhere.
package e2e
