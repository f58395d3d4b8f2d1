// Package hooks installs, removes and inspects the git hooks that run skant.
//
// A hook is a small POSIX shell script. It is ours only if every byte of it is what this package writes, or what an
// earlier version wrote; any other file is somebody else's and is never changed. [Kinds] is the table of what can be
// installed: a new kind of hook is one row.
package hooks

import "strings"

// Kind is one kind of git hook.
type Kind struct {
	// Name is the file's name in the hooks folder.
	Name string
	// Args are the arguments with which skant is run.
	Args []string
	// Bypass is the git command that goes round the hook, for the message shown when skant is missing.
	Bypass string
}

// Kinds returns every kind of hook that is installed, in the order in which they are shown.
//
// A merge that git completes by itself runs no pre-commit hook, so pre-merge-commit is needed for the same protection.
func Kinds() []Kind {
	return []Kind{
		{Name: "pre-commit", Args: []string{"staged"}, Bypass: "git commit --no-verify"},
		{Name: "pre-merge-commit", Args: []string{"staged"}, Bypass: "git merge --no-verify"},
	}
}

// script is one version of the hook's text. Once released a version is never changed: it is how a file is known as ours.
type script func(k Kind, binary string) string

// scripts returns every version of the hook's text, the current one last.
func scripts() []script { return []script{scriptV1} }

func scriptV1(k Kind, binary string) string {
	return `#!/bin/sh
# skant hook 1 (` + k.Name + `): written by "skant hooks install", removed by "skant hooks uninstall".
skant=` + quote(binary) + `
if [ ! -x "$skant" ]; then
	if ! command -v skant >/dev/null 2>&1; then
		printf '%s\n' "skant: not found at $skant and not in PATH, so nothing was checked for secrets and git stops here." \
			"skant: install it again and run: skant hooks install" \
			"skant: or go on unchecked with: ` + k.Bypass + `" >&2
		exit 1
	fi
	skant=skant
fi
exec "$skant" ` + strings.Join(k.Args, " ") + `
`
}

// recognise reports whether content is a hook of kind k that one of the versions wrote, which binary it runs, and
// whether it is of the last version.
func recognise(content string, k Kind, versions []script) (binary string, current, ours bool) {
	_, rest, _ := strings.Cut(content, "\nskant=")
	line, _, _ := strings.Cut(rest, "\n")
	binary, ok := unquote(line)
	if !ok {
		return "", false, false
	}
	for i, write := range versions {
		if content == write(k, binary) {
			return binary, i == len(versions)-1, true
		}
	}
	return "", false, false
}

// chainLine is the line which runs skant from a hook of somebody else.
func chainLine(k Kind, binary string) string {
	return quote(binary) + " " + strings.Join(k.Args, " ") + " || exit $?"
}

// chained reports whether a line of a hook, no comment, runs skant with the arguments of k. It is for information only:
// nobody can tell whether the line is reached.
func chained(content string, k Kind) bool {
	for line := range strings.Lines(content) {
		words := strings.Fields(line)
		for i, word := range words {
			if strings.HasPrefix(word, "#") {
				break
			}
			word = strings.Trim(word, `"'`)
			name := word[strings.LastIndexAny(word, `/\`)+1:]
			if (name == "skant" || name == "skant.exe") && i+1 < len(words) && strings.TrimRight(words[i+1], ";&|)") == k.Args[0] {
				return true
			}
		}
	}
	return false
}

// quote writes s as one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// unquote reads back what quote wrote; ok is false for anything else.
func unquote(s string) (value string, ok bool) {
	if len(s) < 2 {
		return "", false
	}
	value = strings.ReplaceAll(s[1:len(s)-1], `'\''`, "'")
	return value, quote(value) == s
}
