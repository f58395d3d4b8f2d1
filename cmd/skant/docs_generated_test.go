package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/skant-dev/skant/internal/packaging"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
)

// manualOf names the pages about what commands are for, by the commands; what is below them has the same.
func manualOf() map[string][]string {
	return map[string][]string{
		"skant":                 {"README.md", "start.md", "exit-codes.md"},
		"skant scan":            {"start.md", "formats.md", "suppression.md", "configuration.md", "liveness.md"},
		"skant staged":          {"hooks.md", "suppression.md", "performance.md"},
		"skant diff":            {"ci.md", "suppression.md", "liveness.md"},
		"skant history":         {"start.md", "places.md", "exposure.md", "performance.md"},
		"skant ci":              {"ci.md", "github-action.md", "suppression.md"},
		"skant verify":          {"liveness.md", "liveness-checks.md", "diagnose.md", "threat-model.md"},
		"skant hunt":            {"hunt.md"},
		"skant recover":         {"recover.md", "runbook.md", "exposure.md"},
		"skant recover runbook": {"runbook.md", "exposure.md"},
		"skant recover revoke":  {"revoke.md", "recover.md"},
		"skant recover plan":    {"purge.md", "recover.md"},
		"skant recover purge":   {"purge.md", "recover.md"},
		"skant recover check":   {"proof.md", "recover.md"},
		"skant recover attest":  {"proof.md"},
		"skant recover guard":   {"guard.md"},
		"skant report":          {"formats.md", "text-report.md", "html-report.md"},
		"skant report diff":     {"report-diff.md"},
		"skant report send":     {"send.md"},
		"skant rules":           {"writing-rules.md", "rules.md", "rules-catalogue.md", "detection.md"},
		"skant explain":         {"detection.md", "faq.md"},
		"skant triage":          {"triage.md", "suppression.md"},
		"skant baseline":        {"suppression.md"},
		"skant hooks":           {"hooks.md", "frameworks.md", "agents.md"},
		"skant config":          {"configuration.md"},
		"skant mcp":             {"agents.md"},
		"skant version":         {"install.md"},
		"skant completion":      {"install.md"},
	}
}

// moreOn links the pages of the manual about a command, each with its title.
func moreOn(t *testing.T, pages map[string]string) func(command string) string {
	return func(command string) string {
		table := manualOf()
		for name := command; name != ""; name = name[:max(0, strings.LastIndexByte(name, ' '))] {
			if table[name] == nil || (name == "skant" && command != name) {
				continue
			}
			var b strings.Builder
			for _, page := range table[name] {
				title, _, _ := strings.Cut(strings.TrimPrefix(pages["docs/"+page], "# "), "\n")
				if title == "" {
					t.Errorf("docs/%s, which is about %s, is not there", page, command)
				}
				fmt.Fprintf(&b, "- [%s](../%s)\n", title, page)
			}
			return b.String()
		}
		t.Errorf("no page of the manual is about %s; manualOf wants a row for it", command)
		return ""
	}
}

// statusOn takes what docs/exit-codes.md says about a command.
func statusOn(page string) func(command string) string {
	const all = "As of [every command](../exit-codes.md): **0** done, or nothing found; **1** something found; **2** wrong usage or configuration; **3** not everything could be read."
	bullet := regexp.MustCompile(`(?m)^- .*(?:\n  .*)*`)
	row := regexp.MustCompile("(?m)^\\| `skant [^|]*\\|.*$")
	up := func(text string) string {
		return regexp.MustCompile(`\]\(([a-z-]+\.md)`).ReplaceAllString(text, "](../$1")
	}
	return func(command string) string {
		name := regexp.MustCompile("`(?:skant )?" + regexp.QuoteMeta(strings.TrimPrefix(command, "skant ")) + "(?: --[a-z-]+)*`")
		var b strings.Builder
		for _, line := range row.FindAllString(page, -1) {
			cells := strings.Split(strings.Trim(line, "| "), " | ")
			if len(cells) != 5 || !name.MatchString(cells[0]) {
				continue
			}
			if b.Len() == 0 {
				b.WriteString("| command | 0 | 1 | 2 | 3 |\n| --- | --- | --- | --- | --- |\n")
			}
			b.WriteString(up(line) + "\n")
		}
		for _, item := range bullet.FindAllString(page, -1) {
			if b.Len() == 0 && strings.Contains(item, " end") && strings.Contains(item, "`"+command+"`") {
				b.WriteString(up(item) + "\n")
			}
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		return b.String() + all
	}
}

// TestCommandPages holds docs/commands against the tree of commands. -update rewrites it.
func TestCommandPages(t *testing.T) {
	const folder = root + "/docs/commands"
	pages := documents(t)
	tree := newRoot(&app{})
	for _, hidden := range releaseCommands(&app{}) {
		for _, c := range tree.Commands() {
			if c.Name() == hidden.Name() {
				tree.RemoveCommand(c)
			}
		}
	}
	tree.InitDefaultCompletionCmd()
	want := packaging.Reference{Status: statusOn(pages["docs/exit-codes.md"]), More: moreOn(t, pages)}.Pages(tree)
	if len(want) < 30 {
		t.Errorf("only %d commands have a page", len(want))
	}
	for name, text := range want {
		current(t, filepath.Join(folder, name), "CommandPages", string(text))
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if want[e.Name()] != nil {
			continue
		}
		t.Errorf("docs/commands/%s is about no command", e.Name())
		if *update {
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFlagsNameTheirValue wants a word in capitals for what a flag takes: "string" says nothing, and one of the values looks like the only one.
func TestFlagsNameTheirValue(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Z][A-Z0-9]*`), 0
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if name, _ := pflag.UnquoteUsage(f); f.NoOptDefVal == "" && !form.MatchString(name) {
				t.Errorf("%s --%s takes %q", c.CommandPath(), f.Name, name)
			}
			seen++
		})
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(newRoot(&app{}))
	if seen < 100 {
		t.Errorf("only %d flags were looked at", seen)
	}
}

// current fails if a generated file is not what it would be now. -update rewrites it.
func current(t *testing.T, path, test, want string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; `go test ./cmd/skant -run %s -update` writes it", err, test)
		return
	}
	if diff := cmp.Diff(strings.Split(strings.ReplaceAll(string(have), "\r\n", "\n"), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("%s is not as it would be now; `go test ./cmd/skant -run %s -update` renews it (-page +now):\n%s", path, test, diff)
	}
}

// TestRulesCatalogue holds docs/rules-catalogue.md against the rules. -update rewrites it.
func TestRulesCatalogue(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	page := catalogue(set)
	// A forge shows larger files as text, or not at all.
	if len(page) > 500_000 {
		t.Errorf("docs/rules-catalogue.md has %d bytes: it wants a page for each letter", len(page))
	}
	current(t, root+"/docs/rules-catalogue.md", "RulesCatalogue", page)
	for i := range set.All() {
		r := &set.All()[i]
		if n := strings.Count(page, "| `"+r.ID+"` |"); n != 1 {
			t.Errorf("rule %s has %d rows", r.ID, n)
		}
	}
}

// catalogue is a table of all rules, in sections by the first letter of their providers.
func catalogue(set *rules.Set) string {
	list := make([]*rules.Rule, set.Len())
	providers := map[string]bool{}
	revocable := map[string]bool{}
	for _, r := range set.Revocable() {
		revocable[r.ID] = true
	}
	var letters []string
	for i := range set.All() {
		list[i] = &set.All()[i]
		providers[list[i].Provider] = true
		letters = append(letters, strings.ToUpper(list[i].Provider[:1]))
	}
	// By provider, and in the order of a provider's file, which has its common credentials first.
	slices.SortStableFunc(list, func(a, b *rules.Rule) int { return strings.Compare(a.Provider, b.Provider) })
	slices.Sort(letters)
	letters = slices.Compact(letters)
	why := reasons(set, list)

	var b strings.Builder
	fmt.Fprintf(&b, catalogueIntro, report.Count(int64(set.Len())), report.Count(int64(len(providers))))
	for i, l := range letters {
		if i > 0 {
			b.WriteString(" · ")
		}
		fmt.Fprintf(&b, "[%s](#%s)", l, strings.ToLower(l))
	}
	b.WriteByte('\n')
	letter := ""
	for _, r := range list {
		if l := strings.ToUpper(r.Provider[:1]); l != letter {
			letter = l
			fmt.Fprintf(&b, "\n## %s\n\n| provider | rule | what it finds | severity | asked | revoked | format |\n| --- | --- | --- | --- | --- | --- | --- |\n", l)
		}
		ended := ""
		if revocable[r.ID] {
			ended = "yes"
		}
		docs := ""
		if len(r.Docs) > 0 {
			docs = "[docs](" + r.Docs[0] + ")"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s | %s |\n", r.Provider, r.ID, strings.ReplaceAll(markdownText(r.Title), "\n", " "), r.Severity, asked(set, r, why), ended, docs)
	}
	b.WriteString("\n## Why nobody is asked\n\n")
	for i, text := range why.texts {
		fmt.Fprintf(&b, "%d. %s\n", i+1, markdownText(text))
	}
	return b.String()
}

const catalogueIntro = `# Rules catalogue

%s rules for credentials of %s providers. The page is made from the rules: ` + "`go test ./cmd/skant -run RulesCatalogue -update`" + ` writes it anew.
On a command line ` + "`skant rules list`" + ` is the same list, and ` + "`skant rules show ID`" + ` says of one rule what its holder can do, how its provider
is asked, what each answer means, and how it is ended.

- **severity** is the harm that a live credential can do.
- **asked**: "yes" means that [` + "`--verify`" + `](liveness.md) asks the provider, "your server" that a server is asked which you name with
  ` + "`--verify-endpoint`" + `, "public" that it is a public name and no secret. "no" is followed by the number of the reason in
  [the list at the end](#why-nobody-is-asked).
- **revoked**: "yes" means that [` + "`skant recover revoke`" + `](revoke.md) can send the request by which the provider ends it, if you say so. For the others it prints
  the steps.
- **format** links where the provider describes the credential.

How to [write rules of your own](writing-rules.md); [who is asked what](liveness-checks.md), with the requests.

`

// reason numbers the texts that say why nobody is asked.
type reason struct {
	texts []string
	at    map[string]int
}

func reasons(set *rules.Set, list []*rules.Rule) *reason {
	out := &reason{at: map[string]int{}}
	for _, r := range list {
		for _, l := range set.ChecksOf(r) {
			if r.Identifier || l.Uncheckable == "" || out.at[l.Uncheckable] > 0 || howChecked(set, r) != checkedNowhere {
				continue
			}
			out.texts = append(out.texts, l.Uncheckable)
			out.at[l.Uncheckable] = len(out.texts)
		}
	}
	return out
}

// asked says whether a provider is asked about what a rule finds.
func asked(set *rules.Set, r *rules.Rule, why *reason) string {
	switch howChecked(set, r) {
	case checkedHere:
		return "yes"
	case checkedThere:
		return "your server"
	}
	if r.Identifier {
		return "public"
	}
	var numbers []string
	for _, l := range set.ChecksOf(r) {
		if l.Uncheckable != "" {
			numbers = append(numbers, fmt.Sprint(why.at[l.Uncheckable]))
		}
	}
	slices.Sort(numbers)
	return strings.TrimSpace("no " + strings.Join(slices.Compact(numbers), ", "))
}
