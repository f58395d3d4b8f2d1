package hooks

import (
	"slices"
	"strings"
)

// keptSuffix is what the name of a hook that stood in the place of ours ends with. git runs no hook of such a name.
const keptSuffix = ".skant-chained"

// setup is what a hook of ours is written for.
type setup struct {
	// binary is the program that it runs.
	binary string
	// onError is what a pre-receive hook does where not everything could be read: "block", "allow", or "" for what the
	// configuration says.
	onError string
}

// script is one version of the hook's text. Once released a version is never changed: it is how a file is known as ours.
type script func(k Kind, s setup) string

// scripts returns every version of the hook's text, the current one last.
func scripts() []script { return []script{scriptV1, scriptV2} }

func currentScript() script {
	all := scripts()
	return all[len(all)-1]
}

func scriptV1(k Kind, s setup) string {
	bypass := map[string]string{"pre-commit": "git commit --no-verify", "pre-merge-commit": "git merge --no-verify"}[k.Name]
	if bypass == "" {
		return "" // there was no such hook yet
	}
	return `#!/bin/sh
# skant hook 1 (` + k.Name + `): written by "skant hooks install", removed by "skant hooks uninstall".
skant=` + quote(s.binary) + `
if [ ! -x "$skant" ]; then
	if ! command -v skant >/dev/null 2>&1; then
		printf '%s\n' "skant: not found at $skant and not in PATH, so nothing was checked for secrets and git stops here." \
			"skant: install it again and run: skant hooks install" \
			"skant: or go on unchecked with: ` + bypass + `" >&2
		exit 1
	fi
	skant=skant
fi
exec "$skant" staged
`
}

// scriptV2 runs a hook that stood here before first: what that changes, such as the format of a file that it adds again, is
// searched like the rest. The script starts no other program than these, so that it costs next to nothing.
func scriptV2(k Kind, s setup) string {
	body := bodyV2
	if k.Stdin {
		body = bodyStdinV2
	}
	onError, flag, stop, unless := "", "", "exit 1", ""
	if k.Server {
		onError = "onerror=" + quote(s.onError) + "\n"
		flag = ` ${onerror:+"--on-error=$onerror"}`
		stop = `[ "${onerror:-$(git config --get skant.onError 2>/dev/null)}" = allow ] || exit 1` + "\n\t\tskant="
		unless = `[ -n "$skant" ] || exit 0` + "\n"
	}
	run := strings.NewReplacer("KIND", k.Name, "FLAG", flag).Replace(`"$skant" hooks run KINDFLAG -- "$@"`)
	return strings.NewReplacer(
		"KIND", k.Name, "KEPT", k.Name+keptSuffix, "PROGRAM", quote(s.binary), "ONERROR\n", onError, "BYPASS", k.remedy(), "STOP", stop,
		"\tUNLESS\n", indent(unless), "UNLESS\n", unless, "RUN", run,
	).Replace(headV2 + body)
}

func indent(line string) string {
	if line == "" {
		return ""
	}
	return "\t" + line
}

const headV2 = `#!/bin/sh
# skant hook 2 (KIND): written by "skant hooks install", removed by "skant hooks uninstall".
# A hook that stood here before is kept beside this one as KEPT and is run first.
skant=PROGRAM
ONERROR
case $0 in
*/*) kept=${0%/*}/KEPT ;;
*) kept=./KEPT ;;
esac
if [ ! -x "$skant" ]; then
	if command -v skant >/dev/null 2>&1; then
		skant=skant
	else
		printf '%s\n' "skant: not found at $skant and not in PATH, so nothing was checked for secrets." \
			"skant: install it again and run: skant hooks install KIND" \
			"skant: BYPASS" >&2
		STOP
	fi
fi
`

const bodyV2 = `if [ -f "$kept" ] && [ -x "$kept" ]; then
	"$kept" "$@" || exit $?
fi
exec RUN
`

// Both have to read what git says; the x keeps the shell from cutting off line ends.
const bodyStdinV2 = `if [ -f "$kept" ] && [ -x "$kept" ]; then
	lines=$(cat && echo x) || exit 1
	lines=${lines%x}
	printf %s "$lines" 2>/dev/null | "$kept" "$@" || exit $?
	UNLESS
	printf %s "$lines" 2>/dev/null | RUN
	exit $?
fi
UNLESS
exec RUN
`

// recognise reports whether content is a hook of kind k that one of the versions wrote, what for, and whether it is of the
// last version.
func recognise(content string, k Kind, versions []script) (s setup, current, ours bool) {
	binary, okBinary := assigned(content, "skant")
	onError, okError := assigned(content, "onerror")
	s = setup{binary: binary, onError: onError}
	if !okBinary || k.Server != okError || k.Server && !slices.Contains([]string{"", "block", "allow"}, onError) {
		return setup{}, false, false
	}
	for i, write := range versions {
		if text := write(k, s); text != "" && content == text {
			return s, i == len(versions)-1, true
		}
	}
	return setup{}, false, false
}

// assigned returns what the first line that gives a variable a quoted value gives it.
func assigned(content, variable string) (value string, ok bool) {
	_, rest, found := strings.Cut(content, "\n"+variable+"=")
	if !found {
		return "", false
	}
	line, _, _ := strings.Cut(rest, "\n")
	return unquote(line)
}

// chained reports whether a line of a hook, no comment, runs skant as a hook of kind k. It is for information only: nobody
// can tell whether the line is reached.
func chained(content string, k Kind) bool {
	for line := range strings.Lines(content) {
		words := strings.Fields(line)
		for i, word := range words {
			if strings.HasPrefix(word, "#") {
				break
			}
			word = strings.Trim(word, `"'`)
			name := word[strings.LastIndexAny(word, `/\`)+1:]
			if (name == "skant" || name == "skant.exe") && runs(words[i+1:], k) {
				return true
			}
		}
	}
	return false
}

// runs reports whether the arguments of skant are those for a hook of kind k.
func runs(args []string, k Kind) bool {
	var plain []string
	for _, a := range args[:min(len(args), 3)] {
		plain = append(plain, strings.TrimRight(strings.Trim(a, `"'`), ";&|)"))
	}
	switch {
	case len(plain) > 0 && plain[0] == "staged":
		return !k.Stdin
	case len(plain) == 3:
		return plain[0] == "hooks" && plain[1] == "run" && plain[2] == k.Name
	default:
		return false
	}
}

// chainLine is the line which runs skant from a hook of somebody else.
func chainLine(k Kind, binary string) string {
	return quote(binary) + " hooks run " + k.Name + ` -- "$@" || exit $?`
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
