package report

import (
	"path"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// blocked says what a hook keeps from happening: the verb of the first line, and how a secret gets out of it.
type blocked struct {
	would, remove string
	// from is what a baseline is made from that has the secret in it.
	from string
}

// blockedBy returns what the scan of a hook blocks, by the command of the report; ok is false for a scan that stands in
// nobody's way.
func blockedBy(command string) (b blocked, ok bool) {
	b, ok = map[string]blocked{
		"staged":      {"This commit would add", "edit the file, then git add it again.", "staged"},
		"pre-push":    {"This push would publish", "take it out of the commit that is named (git commit --amend, or git rebase -i), then push again.", "history"},
		"pre-receive": {"This push is refused, because it brings", "take it out of the commit that is named (git commit --amend, or git rebase -i), then push again.", "history"},
	}[command]
	return b, ok
}

const (
	// blockedInFull is up to how many secrets a blocked commit shows with excerpt and reason: a person reads about ten
	// lines. Beyond it each has a line.
	blockedInFull   = 1
	blockedExcerpts = 3
	blockedLines    = 20
)

// block writes what stands between a person and a commit or push, short enough to be read: where, what, why it matters, and
// the two ways on.
func (t *textWriter) block(groups []*Group, b blocked) {
	t.row(0, 2, span{text: b.would + " " + Number(int64(len(groups)), "secret") + ":", tint: t.strong})
	shown := groups[:t.some(len(groups), blockedLines)]
	why := map[string]bool{}
	for _, g := range shown {
		f := g.First()
		t.row(2, 6, t.blockedLine(g)...)
		if f.Revealed != "" {
			t.revealed(f.Revealed)
		}
		if len(groups) <= blockedExcerpts && f.Excerpt != "" {
			t.row(6, 6, t.excerpt(f))
		}
		t.furtherPlaces(g)
		if f.Purged {
			t.wrapped(purgedSecret, 6, t.grave)
		}
		if r := t.rule(f.RuleID); r != nil && r.Why != "" && !why[f.RuleID] && len(groups) <= blockedExcerpts {
			why[f.RuleID] = true
			t.wrapped(visible.Text(r.Why), 6, t.faint)
		}
		if v := g.Verification(); v != nil && len(groups) <= blockedExcerpts {
			t.wrapped(visible.Text(v.Says), 6, t.verdict(g.Verdict))
			t.wrapped(Asked(v), 6, t.faint)
		}
		if len(groups) <= blockedInFull && g.Confidence.Rank() < rules.HighConfidence.Rank() && len(f.Reasons) > 0 {
			t.wrapped("("+confidenceWord(g.Confidence)+": "+visible.Text(strings.Join(f.Reasons, "; "))+")", 6, t.faint)
		}
	}
	if more := len(groups) - len(shown); more > 0 {
		t.row(2, 4, span{text: "and " + Number(int64(more), "more secret")})
	}
	if !t.stale {
		t.waysOn(shown, b)
	}
}

// blockedLine is one secret: where, what, how bad.
func (t *textWriter) blockedLine(g *Group) []span {
	f := g.First()
	line := append([]span{t.placeOf(f)}, t.details(f)...)
	line = append(line, span{text: Title(f), tint: t.strong}, span{text: visible.Text(f.Secret.Redacted()), whole: true},
		span{text: visible.Text(string(g.Severity)), tint: t.severity(g.Severity)})
	if g.Verdict != scanner.NotAsked {
		line = append(line, span{text: visible.Text(string(g.Verdict)), tint: t.verdict(g.Verdict)})
	}
	return append(columns(line...), t.morePlaces(g)...)
}

// furtherPlaces lists the other places of a secret, and what other commands know it by, where nothing is left out.
func (t *textWriter) furtherPlaces(g *Group) {
	if t.cut {
		return
	}
	for _, f := range g.Places[1:] {
		t.row(6, 8, columns(append([]span{t.placeOf(f)}, t.details(f)...)...)...)
	}
	t.ruleAndFingerprint(g.First(), 6)
}

// morePlaces counts the places that a line does not name, where lists are cut.
func (t *textWriter) morePlaces(g *Group) []span {
	more := len(g.Places) - 1
	if more < 1 || !t.cut {
		return nil
	}
	t.left = true
	return []span{spaces(2), {text: "and " + Number(int64(more), "more place"), tint: t.faint}}
}

// waysOn says how to go on: remove the secret, or allow it with a reason.
func (t *textWriter) waysOn(groups []*Group, b blocked) {
	f := groups[0].First()
	remove := b.remove
	if f.Location.Kind == scanner.KindFileName && b.from == "staged" {
		remove = "give it another name with git mv."
	}
	t.wrapped("Remove it: "+remove+" Was it ever pushed or shared? Then revoke it, too.", 0, t.strong)
	comment, ok := allowComment(f)
	if f.Purged { // there is no second way
	} else if !ok {
		t.wrapped("Allow it, if it is no secret: skant baseline update --owner YOU --reason WHY --from "+b.from, 0, t.strong)
	} else {
		t.wrapped("Allow it, if it is no secret: "+comment+" on its line, with your reason.", 0, t.strong)
	}
	if f.Location.Path != "" && f.Location.Kind == scanner.KindStaged {
		name := t.up + f.Location.Path
		if strings.HasPrefix(name, "-") {
			name = "./" + name // no flag
		}
		t.command("Why it was reported:", "skant explain "+visible.ShellWord(name)+":"+strconv.Itoa(f.Location.StartLine))
	}
}

// allowComment is the comment that allows a finding in the language of its file; ok is false where there are no comments.
func allowComment(f *scanner.Finding) (comment string, ok bool) {
	if f.Location.Member != "" || f.Location.Path == "" || f.Location.Kind == scanner.KindFileName || len(f.Location.Decoded) > 0 || f.Location.StartLine != f.Location.EndLine {
		return "", false
	}
	marker := "skant:allow " + visible.Text(f.RuleID) + " WHY"
	ext := strings.ToLower(path.Ext(f.Location.Path))
	for _, c := range []struct{ lead, tail, files string }{
		{"// ", "", ".go .js .mjs .cjs .ts .tsx .jsx .java .kt .kts .scala .swift .c .h .cc .cpp .hpp .cs .rs .php .dart .groovy .gradle .proto .zig .m .json5 .jsonc .scss .less .sol .fs .v"},
		{"-- ", "", ".sql .lua .hs .elm .ada"},
		{"; ", "", ".ini .lisp .clj .cljs .el .asm .reg"},
		{"<!-- ", " -->", ".html .htm .xml .md .markdown .svg .vue .xhtml .csproj .plist .xaml"},
		{"/* ", " */", ".css"},
		{"% ", "", ".tex .erl .hrl"},
		{"REM ", "", ".bat .cmd"},
		{"' ", "", ".vb .vbs .bas"},
	} {
		if ext != "" && containsWord(c.files, ext) {
			return c.lead + marker + c.tail, true
		}
	}
	if ext != "" && containsWord(".json .csv .tsv .ipynb .lock .pem .key .p12 .pfx .txt .log .map .har", ext) {
		return "", false
	}
	return "# " + marker, true
}

func containsWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}
