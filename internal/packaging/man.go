// Package packaging makes what a release has beside the program: manual pages, a list of what the program is made of, npm
// packages. Everything depends on its arguments alone (no clock, no names of the machine), so that two people who make the
// same release get the same bytes. Only a build with the tag "release" imports it: the program itself starts without it.
package packaging

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Manual is what all pages of a manual have in common.
type Manual struct {
	// Version is that of the program, for the foot of each page.
	Version string
	// Date is shown by day, in UTC.
	Date time.Time
}

// Pages returns a manual page in roff (man macros, section 1) for a command and each below it, by file name such as
// "skant-rules-list.1". Hidden commands and additional help topics have none.
func (m Manual) Pages(root *cobra.Command) map[string][]byte {
	pages := map[string][]byte{}
	m.add(root, pages)
	return pages
}

func (m Manual) add(cmd *cobra.Command, pages map[string][]byte) {
	pages[pageName(cmd)+".1"] = m.page(cmd)
	for _, sub := range documented(cmd) {
		m.add(sub, pages)
	}
}

// documented returns the commands below one that have a page.
func documented(cmd *cobra.Command) []*cobra.Command {
	var out []*cobra.Command
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			out = append(out, sub)
		}
	}
	return out
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// page writes one page. What begins with "Exit status:" in a long description gets the section that readers look for.
func (m Manual) page(cmd *cobra.Command) []byte {
	var p roff
	// Programs read the date, so its hyphens stay what they are.
	fmt.Fprintf(&p.b, ".TH \"%s\" \"1\" \"%s\" \"skant %s\" \"skant manual\"\n",
		escape(strings.ToUpper(pageName(cmd))), m.Date.UTC().Format(time.DateOnly), escape(m.Version))
	p.macro("SH", "NAME")
	p.line(escape(pageName(cmd)) + ` \- ` + escape(cmd.Short))
	p.macro("SH", "SYNOPSIS")
	p.line(synopsis(cmd))

	long := cmd.Long
	if long == "" {
		long = cmd.Short
	}
	long, status, _ := strings.Cut(long, "Exit status: ")
	p.macro("SH", "DESCRIPTION")
	p.text(long)
	if subs := documented(cmd); len(subs) > 0 {
		p.macro("SH", "COMMANDS")
		for _, sub := range subs {
			p.macro("TP")
			p.line(`\fB` + escape(pageName(sub)) + `\fR(1)`)
			p.line(escape(sub.Short))
		}
	}
	cmd.InitDefaultHelpFlag()
	p.flags("OPTIONS", cmd.NonInheritedFlags())
	p.flags("OPTIONS OF ALL COMMANDS", cmd.InheritedFlags())
	if status != "" {
		p.macro("SH", "EXIT STATUS")
		p.text(strings.ToUpper(status[:1]) + status[1:])
	}
	if cmd.Example != "" {
		p.macro("SH", "EXAMPLES")
		p.literal(strings.Split(strings.Trim(cmd.Example, "\n"), "\n"))
	}
	if cmd.HasParent() {
		p.macro("SH", "SEE ALSO")
		p.line(`\fB` + escape(pageName(cmd.Parent())) + `\fR(1)`)
	}
	return []byte(p.b.String())
}

// synopsis shows the command in bold and its arguments as they are.
func synopsis(cmd *cobra.Command) string {
	rest, _ := strings.CutPrefix(cmd.UseLine(), cmd.CommandPath())
	if len(documented(cmd)) > 0 && rest == "" {
		rest = " COMMAND"
	}
	return `\fB` + escape(cmd.CommandPath()) + `\fR` + escape(rest)
}

// roff builds a page.
type roff struct{ b strings.Builder }

// macro writes a request with quoted arguments.
func (r *roff) macro(name string, args ...string) {
	r.b.WriteString("." + name)
	for _, a := range args {
		r.b.WriteString(` "` + strings.ReplaceAll(escape(a), `"`, `\(dq`) + `"`)
	}
	r.b.WriteByte('\n')
}

// line writes a line of roff. One that begins with a dot or a quote would be a request.
func (r *roff) line(s string) {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	r.b.WriteString(s + "\n")
}

// text writes paragraphs, which empty lines divide. A paragraph with an indented line or a list is shown line by line.
func (r *roff) text(s string) {
	first := true
	for paragraph := range strings.SplitSeq(strings.Trim(s, "\n"), "\n\n") {
		lines := strings.Split(strings.Trim(paragraph, "\n"), "\n")
		if strings.TrimSpace(paragraph) == "" {
			continue
		}
		if !first {
			r.macro("PP")
		}
		first = false
		if isLiteral(lines) {
			r.literal(lines)
			continue
		}
		for _, l := range lines {
			r.line(escape(strings.TrimSpace(l)))
		}
	}
}

func isLiteral(lines []string) bool {
	for _, l := range lines {
		if strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") || strings.HasPrefix(l, "- ") {
			return true
		}
	}
	return false
}

// literal writes lines that are not filled.
func (r *roff) literal(lines []string) {
	r.macro("nf")
	for _, l := range lines {
		r.line(escape(strings.ReplaceAll(strings.TrimRight(l, " "), "\t", "        ")))
	}
	r.macro("fi")
}

// flags writes a section about options, if there are any.
func (r *roff) flags(title string, set *pflag.FlagSet) {
	if !set.HasAvailableFlags() {
		return
	}
	r.macro("SH", title)
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := `\fB` + escape("--"+f.Name) + `\fR`
		if f.Shorthand != "" && f.ShorthandDeprecated == "" {
			name = `\fB` + escape("-"+f.Shorthand) + `\fR, ` + name
		}
		if value != "" {
			name += ` \fI` + escape(value) + `\fR`
		}
		if hasDefault(f) {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		r.macro("TP")
		r.line(name)
		r.line(escape(usage))
	})
}

// hasDefault reports whether a flag's default says something.
func hasDefault(f *pflag.Flag) bool {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return false
	}
	return true
}

// escape makes text safe in roff, and keeps hyphens as they are typed on a command line.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "`", `\(ga`, "'", `\(aq`).Replace(s)
}
