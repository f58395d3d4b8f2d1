package weigh

import (
	"path"
	"strings"
)

// Most is the most that a path can add to a weight. Where a path becomes known later than the value, what lacks no more
// than this has to be kept.
const Most = 0.5

// fileKinds are kinds of files, in the order in which they are asked; the first that a path is of counts.
var fileKinds = []struct {
	reason string
	points float64
	is     func(dirs []string, name, ext string) bool
}{
	{"the file is generated or packed", -1.5, func(_ []string, name, ext string) bool {
		return has(ext, ".map", ".min", ".snap", ".svg", ".css", ".lock", ".sum", ".ipynb_checkpoints") || strings.Contains(name, ".min.") || strings.Contains(name, "-lock.") || strings.HasSuffix(name, ".lock.json")
	}},
	{"the file is a translation", -3, func(dirs []string, name, ext string) bool {
		return has(ext, ".po", ".pot", ".xlf", ".xliff", ".resx", ".arb", ".strings", ".lang") ||
			among(dirs, "locale", "locales", "i18n", "l10n", "lang", "langs", "translations", "translation", "nls", "messages") ||
			strings.HasPrefix(name, "messages_") || strings.HasPrefix(name, "messages.")
	}},
	{"the file is one for credentials or configuration", Most, func(_ []string, name, ext string) bool {
		return has(ext, ".env", ".properties", ".tfvars", ".tfstate", ".ini", ".conf", ".cfg", ".cnf", ".config", ".toml") || strings.HasPrefix(name, ".env") ||
			has(name, "credentials", ".netrc", ".npmrc", ".pgpass", "dockerfile", "docker-compose.yml", "docker-compose.yaml")
	}},
	{"the file is documentation", -0.4, func(dirs []string, _, ext string) bool {
		return has(ext, ".md", ".rst", ".adoc", ".txt", ".html", ".htm", ".mdx", ".tex") || among(dirs, "docs", "doc", "documentation")
	}},
	{"the file is a test or an example", -0.4, isTest},
}

// IsTest reports whether a path is that of a test, of test data or of an example.
func IsTest(p string) bool {
	p = strings.ToLower(p)
	return isTest(strings.Split(path.Dir(p), "/"), path.Base(p), "")
}

func isTest(dirs []string, name, _ string) bool {
	return among(dirs, "test", "tests", "testing", "spec", "specs", "__tests__", "testdata", "fixtures", "fixture", "mocks", "__mocks__", "example", "examples", "sample", "samples", "demo", "demos") ||
		strings.Contains(name, "_test.") || strings.Contains(name, ".test.") || strings.Contains(name, ".spec.") || strings.HasPrefix(name, "test_") ||
		strings.Contains(name, "example") || strings.Contains(name, "sample")
}

// Path returns what the path of a file says about a value in it; Points is 0 where that is nothing.
func Path(p string) Evidence {
	p = strings.ToLower(p)
	dirs, name := strings.Split(path.Dir(p), "/"), path.Base(p)
	for _, k := range fileKinds {
		if k.is(dirs, name, path.Ext(name)) {
			return Evidence{k.points, k.reason}
		}
	}
	return Evidence{}
}

func has(s string, list ...string) bool {
	for _, l := range list {
		if s == l {
			return true
		}
	}
	return false
}

func among(dirs []string, list ...string) bool {
	for _, d := range dirs {
		if has(d, list...) {
			return true
		}
	}
	return false
}
