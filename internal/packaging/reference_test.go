package packaging

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestReference(t *testing.T) {
	root := tree()
	root.AddCommand(&cobra.Command{Use: "plain", Short: "has no more than *this*", Run: func(*cobra.Command, []string) {}})
	r := Reference{
		Status: func(command string) string { return "the status of " + command },
		More:   func(command string) string { return "- [page](../page.md)" },
	}
	pages := r.Pages(root)
	if len(pages) != 3 || pages["sub-one.md"] == nil || pages["plain.md"] == nil {
		t.Fatalf("%d pages", len(pages))
	}
	for _, c := range []struct{ page, want string }{
		{"README.md", "# tool\n\nA tool.\n\n```text\nIt does things:\n  one\n.two\n```\n\n## Usage\n\n```text\ntool COMMAND\n```\n"},
		{"README.md", "| [`tool sub-one`](sub-one.md) | part one |\n"},
		{"README.md", "\n## Exit status\n\n- **0** well\n- **1** not\n"},
		{"sub-one.md", "# tool sub-one\n\n[tool](README.md) › sub-one\n\nPart one.\n"},
		{"sub-one.md", "```text\ntool sub-one [FILE...] [flags]\n```\n"},
		{"sub-one.md", "```sh\ntool sub-one '.x' \\n\n```\n"},
		{"sub-one.md", "| `-o, --output FORMAT[=PATH]` | write FORMAT[=PATH] there | `text` |\n| `--quiet` | say nothing |  |\n"},
		{"sub-one.md", "## Flags of all commands\n\n| flag | what it does | default |\n| --- | --- | --- |\n| `--level int` | how much | `3` |\n"},
		{"sub-one.md", "## Exit status\n\nthe status of tool sub-one\n\n## More\n\n- [page](../page.md)\n"},
		{"plain.md", "\nHas no more than \\*this\\*.\n"},
	} {
		if !strings.Contains(string(pages[c.page]), c.want) {
			t.Errorf("%s: no %q in\n%s", c.page, c.want, pages[c.page])
		}
	}
	if all := string(pages["README.md"]) + string(pages["sub-one.md"]); strings.Contains(all, "hidden") || strings.Contains(all, "internal") {
		t.Error("a page shows what is hidden")
	}
}

func TestReferenceText(t *testing.T) {
	for in, want := range map[string]string{
		"run 'skant x --y' or \"git z\" with --flag": "run `skant x --y` or `git z` with `--flag`",
		"it isn't so, they don't":                    "it isn't so, they don't",
		"`a <b>` and <c>":                            "`a <b>` and &lt;c>",
		"docs/purge.md says more":                    "[docs/purge.md](../purge.md) says more",
		"#### Linux:":                                "**Linux**",
	} {
		if got := inline(in); got != want {
			t.Errorf("%q is written %q, not %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"Exit status: 0 well, also if empty,\n1 not; 3 else.": "- **0** well, also if empty\n- **1** not\n- **3** else\n",
		"Exit status: that of the scan.":                      "That of the scan.\n",
		"Exit status 1 if it fails.":                          "Exit status 1 if it fails.\n",
	} {
		if got := statusList(in); got != want {
			t.Errorf("%q is written %q, not %q", in, got, want)
		}
	}
}
