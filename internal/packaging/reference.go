package packaging

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Reference makes the pages about commands that a forge shows. They depend on the tree alone: no version and no date, so that
// they change only when a command does.
type Reference struct {
	// Status returns what a command's exit status means, in Markdown, if its own help does not say it; it may be "".
	Status func(command string) string
	// More returns links to pages about what a command is for, in Markdown, one a line; it may be "".
	More func(command string) string
}

// Pages returns a page in Markdown for a command and each below it, by file name: README.md for the top, "rules-list.md" for
// what is below. Hidden commands have none.
func (r Reference) Pages(root *cobra.Command) map[string][]byte {
	pages := map[string][]byte{}
	r.add(root, pages)
	return pages
}

func (r Reference) add(cmd *cobra.Command, pages map[string][]byte) {
	pages[referenceName(cmd)] = r.page(cmd)
	for _, sub := range documented(cmd) {
		r.add(sub, pages)
	}
}

// referenceName is the file of a command's page.
func referenceName(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return "README.md"
	}
	_, below, _ := strings.Cut(pageName(cmd), "-")
	return below + ".md"
}

func (r Reference) page(cmd *cobra.Command) []byte {
	var b strings.Builder
	section := func(title, text string) {
		if text = strings.TrimRight(text, "\n"); text != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", title, text)
		}
	}
	fmt.Fprintf(&b, "# %s\n", cmd.CommandPath())
	if cmd.HasParent() {
		fmt.Fprintf(&b, "\n%s\n", breadcrumbs(cmd))
	}
	long := cmd.Long
	if long == "" {
		long = strings.ToUpper(cmd.Short[:1]) + cmd.Short[1:] + "."
	}
	at := statusOf().FindStringIndex(long)
	status := ""
	if at != nil {
		long, status = long[:at[0]], long[at[0]:]
	}
	fmt.Fprintf(&b, "\n%s", markdown(long))
	section("Usage", "```text\n"+usageLine(cmd)+"\n```")
	section("Commands", commandTable(cmd))
	if cmd.Example != "" {
		section("Examples", "```sh\n"+unindented(cmd.Example)+"\n```")
	}
	cmd.InitDefaultHelpFlag()
	section("Flags", flagTable(cmd.NonInheritedFlags()))
	section("Flags of all commands", flagTable(cmd.InheritedFlags()))
	if status != "" {
		section("Exit status", statusList(status))
	} else {
		section("Exit status", r.Status(cmd.CommandPath()))
	}
	section("More", r.More(cmd.CommandPath()))
	return []byte(b.String())
}

// statusOf finds where a long description begins to be about the exit status.
var statusOf = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^Exit status\b`) })

// statusList writes "Exit status: 0 well, 1 not" as a list, and what has no such form as it is.
func statusList(s string) string {
	list, ok := strings.CutPrefix(strings.Join(strings.Fields(s), " "), "Exit status: ")
	at := eachStatus().FindAllStringIndex(list, -1)
	if !ok || len(at) == 0 || at[0][0] != 0 {
		if ok {
			s = strings.ToUpper(list[:1]) + list[1:]
		}
		return markdown(s)
	}
	var b strings.Builder
	for i, from := range at {
		to := len(list)
		if i+1 < len(at) {
			to = at[i+1][0]
		}
		item := strings.TrimRight(list[from[0]:to], ",;. ")
		code, meaning, _ := strings.Cut(strings.TrimLeft(item, ",; "), " ")
		fmt.Fprintf(&b, "- **%s** %s\n", code, inline(meaning))
	}
	return b.String()
}

// eachStatus finds where a list of statuses goes on to the next.
var eachStatus = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|[,;] )[0-3] `) })

// breadcrumbs links what is above a command.
func breadcrumbs(cmd *cobra.Command) string {
	var above []string
	for c := cmd.Parent(); c != nil; c = c.Parent() {
		above = append([]string{fmt.Sprintf("[%s](%s)", c.Name(), referenceName(c))}, above...)
	}
	return strings.Join(above, " › ") + " › " + cmd.Name()
}

func usageLine(cmd *cobra.Command) string {
	if line := cmd.UseLine(); len(documented(cmd)) == 0 || line != cmd.CommandPath() {
		return line
	}
	return cmd.CommandPath() + " COMMAND"
}

// commandTable lists what is directly below a command.
func commandTable(cmd *cobra.Command) string {
	subs := documented(cmd)
	if len(subs) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| command | what it does |\n| --- | --- |\n")
	for _, sub := range subs {
		fmt.Fprintf(&b, "| [`%s`](%s) | %s |\n", sub.CommandPath(), referenceName(sub), cell(sub.Short))
	}
	return b.String()
}

// flagTable lists flags with their values, what they do and what holds without them.
func flagTable(set *pflag.FlagSet) string {
	var b strings.Builder
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" || f.Name == "help" { // which every command has
			return
		}
		if b.Len() == 0 {
			b.WriteString("| flag | what it does | default |\n| --- | --- | --- |\n")
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" && f.ShorthandDeprecated == "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		without := ""
		if hasDefault(f) {
			without = "`" + f.DefValue + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(name, "|", `\|`), cell(usage), without)
	})
	return b.String()
}

// cell is a text in a table.
func cell(s string) string {
	return strings.ReplaceAll(inline(strings.Join(strings.Fields(s), " ")), "|", `\|`)
}

// markdown writes paragraphs, which empty lines divide. A paragraph with an indented line is shown as it is.
func markdown(s string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.Trim(s, "\n"), "\n\n") {
		paragraph = strings.Trim(paragraph, "\n")
		if strings.TrimSpace(paragraph) == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if indented().MatchString(paragraph) {
			b.WriteString("```text\n" + regexp.MustCompile(`(?m)^\t`).ReplaceAllString(paragraph, "") + "\n```\n")
			continue
		}
		b.WriteString(inline(paragraph) + "\n")
	}
	return b.String()
}

var (
	indented = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^[ \t]`) })
	// typed is what a person types: a command in quotes, or a flag.
	typed = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile("'((?:skant|git) [^'\\n]+)'|\"((?:skant|git) [^\"\\n]+)\"|`([^`\\n]+)`|(?:^|[\\s(])(--[a-z][a-z-]+)")
	})
)

// inline keeps Markdown from taking anything of a text for its own, and marks what is to be typed.
func inline(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range typed().FindAllStringSubmatchIndex(s, -1) {
		for group := 1; group <= 4; group++ {
			from, to := m[2*group], m[2*group+1]
			if from < 0 {
				continue
			}
			before := s[at:m[0]]
			if group == 4 {
				before = s[at:from]
			}
			b.WriteString(plain(before) + "`" + s[from:to] + "`")
			at = m[1]
		}
	}
	return b.String() + plain(s[at:])
}

func plain(s string) string {
	s = strings.NewReplacer(`\`, `\\`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`").Replace(s)
	s = heading().ReplaceAllString(s, "**$1**")
	return pageOfManual().ReplaceAllString(s, "[docs/$1](../$1)")
}

var (
	heading      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^#+ (.*?):?$`) })
	pageOfManual = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bdocs/([a-z-]+\.md)`) })
)

// unindented takes away by how much all lines of an example are indented.
func unindented(s string) string {
	lines := strings.Split(strings.Trim(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(strings.TrimPrefix(l, "  "), " ")
	}
	return strings.Join(lines, "\n")
}
