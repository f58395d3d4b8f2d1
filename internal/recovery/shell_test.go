package recovery

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/visible"
)

// hostileValues are what a repository may be named, each of which does something in some context of a shell.
func hostileValues(r *rand.Rand, n int) []string {
	out := []string{
		"plain", "a b", "a'b", `a"b`, "a`touch pwned`b", "$(touch pwned)", "${IFS}", "a;touch pwned", "a\ntouch pwned\n", "a&touch pwned&",
		"'; touch pwned; '", `"; touch pwned; "`, "a\\", "\\'", "!!", "!$", "a#b", "#", "~root", "*", "a>pwned", "<(touch pwned)", "-n", "@/etc/passwd",
		"\x1b[201~touch pwned\r", "\x00"[:0] + "\t", "\xff\xfe", "é\u202eü", "$'\\n'", "%s%n", "a=b", "b64==", "[x]", "{a,b}", "../../x", "x/../y z", "\u00a0",
	}
	const alphabet = "ab'\"`$\\;&|<>(){}[]!#~*?= \t\n\r\x1b-.\xff\u202e"
	for range n {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteByte(alphabet[r.IntN(len(alphabet))])
		}
		out = append(out, b.String())
	}
	return out
}

// run runs a script with bash in an empty folder and returns its output; it fails if the script made a file there.
func run(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("bash", "--norc", "-c", script)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s\n%q", err, stderr.String(), script)
	}
	if made, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(made) > 0 {
		t.Fatalf("the script made %v, %v:\n%q", made, err, script)
	}
	return string(out)
}

// TestShellQuoteIsOneWord checks against bash that a quoted value is one word and that very value.
func TestShellQuoteIsOneWord(t *testing.T) {
	values := hostileValues(rand.New(rand.NewPCG(1, 1)), 500)
	script := "printf '%s\\0'"
	for _, v := range values {
		script += " " + visible.ShellWord(v)
	}
	got := strings.Split(strings.TrimSuffix(run(t, script), "\x00"), "\x00")
	if diff := cmp.Diff(values, got); diff != "" {
		t.Error(diff)
	}
}

// TestNoContextLetsValuesAct puts hostile values into every context of a command and has bash run it. Either the value
// arrives as it is, or it was not put there.
func TestNoContextLetsValuesAct(t *testing.T) {
	templates := []string{
		"show {v}", "show 'a{v}b'", `show "a{v}b"`, `show x={v}`, `show "$(printf %s {v})"`, `show "$(printf %s "{v}")"`, "show `printf %s {v}`",
		`show '{"k":"'"{v}"'"}'`, "show ok # {v}", "# don't {v}\nshow {v}", "show <<END\n{v}\nEND", `show \"{v}\"`, `show "a\"{v}"`, `show 'it'\''s {v}'`,
		"show \"${HOME:-{v}}\"", "X={v}\nshow \"$X\"", "show $'a{v}b'", "show 'a' \"b\"{v}'c'",
	}
	values := hostileValues(rand.New(rand.NewPCG(2, 2)), 60)
	for _, tmpl := range templates {
		var script strings.Builder
		script.WriteString("show() { printf '%s\\0' \"$@\"; }\n")
		for _, v := range values {
			var missing []Missing
			filled := facts{"v": {v}}.command(tmpl, &missing)
			if strings.Contains(filled, "<v>") {
				if len(missing) != 1 || missing[0].Value != v {
					t.Errorf("%q left out of %q without a note: %v", v, tmpl, missing)
				}
				continue
			}
			script.WriteString("( " + filled + "\n)\n")
		}
		run(t, script.String())
	}
}

func TestCommandArrivesAsMeant(t *testing.T) {
	for _, c := range []struct{ tmpl, value, want string }{
		{"show {v}", "a b", "show 'a b'"},
		{"show {v}", "it's", `show 'it'\''s'`},
		{"show '{v}'", "org-0001", "show 'org-0001'"},
		{"show '{v}'", "a b", "show '<v>'"},
		{"show 'x:\"{v}\"'", "q1+/Zg==", "show 'x:\"q1+/Zg==\"'"},
		{"show '{v}'", "a=b", "show '<v>'"},
		{`show "$(f '{v}')"`, "Zg==", `show "$(f '<v>')"`},
		{`show "{v}"`, "2026-03-02T09:30:00Z", `show "2026-03-02T09:30:00Z"`},
		{"show {v}", "-rf", "show <v>"},
		{"show {v}", "@file", "show <v>"},
		{"show https://h/{v}/x", "../admin", "show https://h/<v>/x"},
		{"show {v}", "\x1b\n", `show $'\033\012'`},
		{"show ${v} {{v}} HEAD^{v} @{v} %{v} {V} {v }", "x", "show ${v} {{v}} HEAD^{v} @{v} %{v} {V} {v }"},
		{"awk '{print}'", "x", "awk '<print>'"},
	} {
		var missing []Missing
		if got := (facts{"v": {c.value}}).command(c.tmpl, &missing); got != c.want {
			t.Errorf("%q with %q: %s, want %s", c.tmpl, c.value, got, c.want)
		}
	}
	var missing []Missing
	k := facts{"path": {"-x y"}, "refs": {"refs/heads/a", "refs/heads/b c"}}
	if got := k.command("git log {refs} -- {path}", &missing); got != "git log refs/heads/a 'refs/heads/b c' -- './-x y'" || missing != nil {
		t.Errorf("%s, %v", got, missing)
	}
	if got := k.command("git log '{refs}'", &missing); got != "git log '<refs>'" {
		t.Errorf("a list within quotes: %s", got)
	}
}

func TestTextKeepsValuesApart(t *testing.T) {
	var missing []Missing
	got := facts{"path": {"a`b*c"}}.text("At {path}, `cd {path}` by {who}; ${path}.", &missing)
	want := []Span{{"At ", Words}, {"a`b*c", Value}, {", `cd ", Words}, {"a`b*c", Value}, {"` by ", Words}, {"<who>", Gap}, {"; ${path}.", Words}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text := inline(got); text != "At ``a`b*c``, `cd a'b*c` by `<who>`; ${path}." {
		t.Errorf("rendered as %s", text)
	}
	if text := inline([]Span{{"one ` alone_ <b> *x* snake_case", Words}}); text != "one \\` alone\\_ &lt;b> \\*x\\* snake_case" {
		t.Errorf("rendered as %s", text)
	}
}

// FuzzFill checks that no template and no value panics, and that a value is quoted, left out or plain.
func FuzzFill(f *testing.F) {
	f.Add("show '{v}' \"{v}\" {v} # {v}", "it's $(x)")
	f.Fuzz(func(t *testing.T, tmpl, value string) {
		var missing []Missing
		k := facts{"v": {value}}
		got := k.command(tmpl, &missing)
		if len(fillable(tmpl)) == 0 && got != tmpl {
			t.Fatalf("%q became %q", tmpl, got)
		}
		_ = inline(k.text(tmpl, &missing))
	})
}
