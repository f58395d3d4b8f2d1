package packaging

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func tree() *cobra.Command {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "tool", Short: "does things", Long: "A tool.\n\nIt does things:\n  one\n.two\n\nExit status: 0 well,\n1 not.\n"}
	sub := &cobra.Command{Use: "sub-one [FILE...]", Short: "part one", Run: run, Example: "  tool sub-one '.x' \\n"}
	sub.Flags().StringP("output", "o", "text", "write `FORMAT[=PATH]` there")
	sub.Flags().Bool("quiet", false, "say nothing")
	sub.Flags().Bool("secret", false, "is hidden")
	if err := sub.Flags().MarkHidden("secret"); err != nil {
		panic(err)
	}
	root.PersistentFlags().Int("level", 3, "how much")
	root.AddCommand(sub, &cobra.Command{Use: "internal", Hidden: true, Run: run})
	return root
}

func TestPages(t *testing.T) {
	m := Manual{Version: "1.2.3", Date: time.Date(2026, 1, 2, 23, 0, 0, 0, time.FixedZone("", -3600))}
	pages := m.Pages(tree())
	if len(pages) != 2 || pages["tool-sub-one.1"] == nil {
		t.Fatalf("%d pages", len(pages))
	}
	root, sub := string(pages["tool.1"]), string(pages["tool-sub-one.1"])
	for _, c := range []struct{ page, want string }{
		{root, `.TH "TOOL" "1" "2026-01-03" "skant 1.2.3" "skant manual"` + "\n"},
		{root, ".nf\nIt does things:\n  one\n\\&.two\n.fi\n"},
		{root, ".SH \"EXIT STATUS\"\n0 well,\n1 not.\n"},
		{root, ".TP\n\\fBtool\\-sub\\-one\\fR(1)\npart one\n"},
		{root, "\\fBtool\\fR COMMAND\n"},
		{sub, "tool\\-sub\\-one \\- part one\n"},
		{sub, "\\fBtool sub\\-one\\fR [FILE...] [flags]\n"},
		{sub, "\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fIFORMAT[=PATH]\\fR\nwrite FORMAT[=PATH] there (default text)\n"},
		{sub, "\\fB\\-\\-quiet\\fR\nsay nothing\n"},
		{sub, ".SH \"OPTIONS OF ALL COMMANDS\"\n.TP\n\\fB\\-\\-level\\fR \\fIint\\fR\nhow much (default 3)\n"},
		{sub, "  tool sub\\-one \\(aq.x\\(aq \\en\n"},
		{sub, ".SH \"SEE ALSO\"\n\\fBtool\\fR(1)\n"},
	} {
		if !strings.Contains(c.page, c.want) {
			t.Errorf("no %q in\n%s", c.want, c.page)
		}
	}
	for _, unwanted := range []string{"hidden", "internal"} {
		if strings.Contains(root+sub, unwanted) {
			t.Errorf("a page shows what is %s", unwanted)
		}
	}
}

func TestWriteSBOM(t *testing.T) {
	info := &buildinfo.BuildInfo{
		GoVersion: "go1.26.8", Main: debug.Module{Path: "example.org/tool", Version: "v1.0.0+dirty"},
		Deps: []*debug.Module{
			{Path: "example.org/z", Version: "v2.0.0", Sum: "h1:z="},
			{Path: "example.org/a b", Version: "v0.1.0", Replace: &debug.Module{Path: "example.org/fork", Version: "v0.1.1", Sum: "h1:f="}},
		},
		Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}},
	}
	write := func() string {
		var b bytes.Buffer
		if err := WriteSBOM(&b, Program{Name: "tool", SHA256: strings.Repeat("0a", 32), Info: info}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := write()
	if text != write() {
		t.Error("it differs from one run to the next")
	}
	var got struct {
		Metadata struct {
			Component struct{ PURL string }
		}
		Components []struct {
			PURL       string
			Properties []struct{ Name, Value string }
		}
		Dependencies []struct{ DependsOn []string }
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Metadata.Component.PURL != "pkg:golang/example.org/tool@v1.0.0%2Bdirty" {
		t.Errorf("main: %s", got.Metadata.Component.PURL)
	}
	var parts []string
	for _, c := range got.Components {
		parts = append(parts, c.PURL)
	}
	want := "pkg:golang/example.org/fork@v0.1.1 pkg:golang/example.org/z@v2.0.0 pkg:golang/std@1.26.8"
	if strings.Join(parts, " ") != want || strings.Join(got.Dependencies[0].DependsOn, " ") != want {
		t.Errorf("parts %q, depends on %q", parts, got.Dependencies[0].DependsOn)
	}
	if p := got.Components[0].Properties; len(p) != 1 || p[0].Value != "h1:f=" {
		t.Errorf("sum of what was really built: %v", p)
	}
}

func TestWriteNPM(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("package.json", `{"name": "@scope/skant", "license": "Apache-2.0", "version": "0.0.0"}`)
	write("skant.js", "launcher")
	write("README.md", "words")
	programs := []Binary{{"linux", "amd64", write("a", "ELF")}, {"windows", "arm64", write("b", "PE")}}
	out := filepath.Join(dir, "out")
	if err := WriteNPM(out, dir, "1.2.3-rc.1", programs); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"skant/skant.js": "launcher", "skant-linux-x64/skant": "ELF", "skant-win32-arm64/skant.exe": "PE",
		"skant/package.json":             `"@scope/skant-win32-arm64": "1.2.3-rc.1"`,
		"skant-linux-x64/package.json":   `"name": "@scope/skant-linux-x64"`,
		"skant-win32-arm64/package.json": `"win32"`,
	} {
		text, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name)))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %s", name, err, text)
		}
		if strings.Contains(string(text), "install\"") {
			t.Errorf("%s: a script runs when it is installed", name)
		}
	}
	for name, c := range map[string]struct {
		version  string
		programs []Binary
	}{
		"a version with a v":     {"v1.2.3", programs},
		"no program":             {"1.2.3", nil},
		"two for one platform":   {"1.2.3", []Binary{programs[0], programs[0]}},
		"an unknown platform":    {"1.2.3", []Binary{{"plan9", "amd64", programs[0].Path}}},
		"a program that is gone": {"1.2.3", []Binary{{"linux", "amd64", filepath.Join(dir, "gone")}}},
	} {
		if err := WriteNPM(filepath.Join(dir, "bad"), dir, c.version, c.programs); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestBinaries(t *testing.T) {
	list, err := Binaries([]byte(`[{"path": "dist/x/skant", "goos": "linux", "goarch": "amd64", "type": "Binary"},
		{"path": "dist/y", "goos": "linux", "goarch": "amd64", "type": "Archive"}]`), "top")
	if err != nil || len(list) != 1 || list[0] != (Binary{"linux", "amd64", filepath.Join("top", "dist", "x", "skant")}) {
		t.Errorf("%v, %v", list, err)
	}
	for _, bad := range []string{"", "{}", "[]", `[{"type": "Archive"}]`} {
		if list, err := Binaries([]byte(bad), "."); err == nil {
			t.Errorf("%q: %v", bad, list)
		}
	}
}
