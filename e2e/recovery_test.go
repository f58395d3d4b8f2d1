//go:build e2e

package e2e

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/proof"
	saved "github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

// TestRecovery goes from "we leaked a key" to "proven recovered", with this program, git-filter-repo and the commands that are printed.
func TestRecovery(t *testing.T) {
	s := newLeakStory(t)
	s.finds()
	s.writesRunbook()
	s.stops()
	s.purges()

	// Somebody looks at the pull request in the first clone, and the second one follows the guard's advice for the branch without work.
	s.one.git("fetch", "-q", "origin", "refs/pull/1/head")
	s.one.git("switch", "-q", "--detach", "FETCH_HEAD")
	s.one.git("switch", "-q", "main")
	s.two.git("fetch", "-q", "--prune", "--tags", "--force", "origin")
	s.two.git("reset", "-q", "--keep", "origin/main")

	// Reflogs that go back to the old history, as many of them as are named.
	const stale = "reflog HEAD@{5} @{4} @{3} @{2} @{1} @{0}, reflog refs/heads/feature@{1} @{0}, reflog refs/heads/main@{1} @{0}, " +
		"reflog refs/remotes/origin/HEAD@{0}, reflog refs/remotes/origin/deploy@{0} and 1 more"
	out, r := s.check(1)
	s.opens(r,
		"open objects 1 ONE", "open objects 1 TWO", "open objects 2 TWO",
		"open reach 1 ONE by FETCH_HEAD, reflog HEAD@{1} @{0}",
		"open reach 1 TWO by ORIG_HEAD, refs/heads/feature, stash@{0}, "+stale,
		"open reach 2 TWO by ORIG_HEAD, refs/heads/feature, stash@{0}, "+stale,
		"open remote 1 origin (HOST) it is reached by refs/pull/1/head", "open remote 2 origin (HOST) it gives out",
		"open hooks 0 ONE", "open hooks 0 TWO", "open hooks 0 HOST", "open guard 0 TWO", "open guard 0 HOST",
	)
	if !strings.Contains(out, "Forks and pull requests of the repository") || !strings.Contains(out, "before.bundle") {
		t.Errorf("what no check can prove is not said\n%s", out)
	}

	s.guards(r)
	s.remedies(r, func(c *proof.Claim) bool { return true })
	out, r = s.check(0)
	if r.State != incident.Proven || !strings.HasPrefix(out, "PROVEN: all ") {
		t.Errorf("at the end it says\n%s", out)
	}
	if got := s.two.git("show", "feature:feature"); got != "of the second clone\n" {
		t.Errorf("the work of the second clone is %q", got)
	}
	s.two.git("push", "-q", "origin", "feature")
	// The list is committed, as the purge advises, and the hooks of clone and host let that pass.
	s.runs(commandsOf(t, s.read("purge of the leak/NEXT.md"), "Have everybody's guard know it"))
	if got := s.remoteRefsOf(s.host); !strings.Contains(got, strings.TrimSpace(s.one.git("rev-parse", "HEAD"))) || strings.TrimSpace(s.one.git("log", "-1", "--name-only", "--format=")) != ".skant-purged" {
		t.Errorf("the list is not shared:\n%s", got)
	}
	s.clean(s.one.dir, s.two.dir, s.host)
	s.forks()
	s.strays()
	s.sealedFolder(s.dir, "before.bundle", "purge.git", "settings", "leaked")
}

// finds has the history searched: every kind of place has to be there.
func (s *leakStory) finds() {
	s.t.Helper()
	s.skant(1, "history", "-o", "json=audit.json", s.one.dir)
	rep, err := saved.Read(strings.NewReader(s.read("audit.json")))
	if err != nil {
		s.t.Fatal(err)
	}
	var got []string
	for _, f := range rep.Findings {
		got = append(got, fmt.Sprint(f.RuleID, " ", f.Location.Kind, " ", f.Location.Path, " ", f.Location.Commit != nil && slices.Contains([]string{s.early, s.merge}, f.Location.Commit.ID)))
	}
	slices.Sort(got)
	want := []string{
		"anthropic-api-key " + string(scanner.KindCommitContent) + " app/settings.env true",
		"anthropic-api-key " + string(scanner.KindStash) + " app/settings.env false",
		"anthropic-api-key " + string(scanner.KindTagMessage) + "  false",
		"github-personal-token " + string(scanner.KindCommitContent) + " .github/workflows/deploy.yml true",
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the history has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// runbookJSON is what of the runbook is looked at.
type runbookJSON struct {
	Recovery struct {
		Secrets []struct {
			RuleID   string `json:"rule_id"`
			Exposure exposure.Secret
		}
	}
}

// writesRunbook has the runbook written, and holds the facts in it against what was done.
func (s *leakStory) writesRunbook() {
	s.t.Helper()
	s.skant(1, "recover", "--remote", "-o", "markdown=runbook.md", "-o", "html=runbook.html", "-o", "json=runbook.json", s.one.dir)
	var book runbookJSON
	s.unmarshal("runbook.json", &book)
	if len(book.Recovery.Secrets) != 2 {
		s.t.Fatalf("the runbook is about %d secrets", len(book.Recovery.Secrets))
	}
	named := func(e *exposure.Secret, kind exposure.HolderKind) string {
		var names []string
		for _, h := range e.Holders {
			if h.Kind == kind {
				names = append(names, h.Name)
			}
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct {
		rule, first, remotes, tracking, branches string
		pushed                                   time.Time
	}{
		{"anthropic-api-key", s.early, "HEAD refs/heads/deploy refs/heads/main refs/pull/1/head refs/tags/v1.0",
			"refs/remotes/origin/deploy refs/remotes/origin/main", "refs/heads/deploy refs/heads/main", s.pushed},
		{"github-personal-token", s.merge, "HEAD refs/heads/main refs/tags/v1.0", "refs/remotes/origin/main", "refs/heads/main", s.pushed.AddDate(0, 0, 10)},
	} {
		i := slices.IndexFunc(book.Recovery.Secrets, func(l struct {
			RuleID   string `json:"rule_id"`
			Exposure exposure.Secret
		}) bool {
			return l.RuleID == c.rule
		})
		if i < 0 {
			s.t.Fatalf("%s is not in the runbook", c.rule)
		}
		e := &book.Recovery.Secrets[i].Exposure
		if e.First == nil || e.First.ID != c.first || e.InHead {
			s.t.Errorf("%s: first commit %+v, in HEAD %t", c.rule, e.First, e.InHead)
		}
		for kind, want := range map[exposure.HolderKind]string{exposure.Branch: c.branches, exposure.RemoteTracking: c.tracking, exposure.Tag: "refs/tags/v1.0", exposure.Stash: "refs/stash"} {
			if got := named(e, kind); got != want {
				s.t.Errorf("%s: of kind %s it has %q, want %q", c.rule, kind, got, want)
			}
		}
		if !e.PushedAt.Equal(c.pushed) || e.Estimate || !strings.Contains(e.PushedHow, "refs/remotes/origin/main") {
			s.t.Errorf("%s: pushed at %s (%t, %q), not %s", c.rule, e.PushedAt, e.Estimate, e.PushedHow, c.pushed)
		}
		day := func(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
		if days := int(day(e.To).Sub(day(e.From)).Hours()/24) + 1; !e.From.Equal(c.pushed) || time.Since(e.To) > 5*time.Minute || e.Days != days {
			s.t.Errorf("%s: exposed from %s to %s, %d days", c.rule, e.From, e.To, e.Days)
		}
		if len(e.Remotes) != 1 || strings.Join(e.Remotes[0].Refs, " ") != c.remotes || e.Remotes[0].Serves != "yes" {
			s.t.Errorf("%s: on remotes %+v", c.rule, e.Remotes)
		}
	}
	pages := map[string]string{"runbook.md": s.read("runbook.md"), "runbook.html": strings.ReplaceAll(html.UnescapeString(s.read("runbook.html")), "</code>\n<code>", "\n")}
	for _, b := range blocksOf(pages["runbook.md"]) {
		if !strings.Contains(pages["runbook.html"], "<code>"+strings.TrimSuffix(b.text, "\n")+"</code>") {
			s.t.Errorf("the page has not the commands\n%s", b.text)
		}
	}
	for name, page := range pages {
		for _, want := range []string{"The first fifteen minutes", "refs/pull/1/head", "refs/tags/v1.0", s.pushed.Format("2006-01-02 15:04 UTC"), s.early[:10], s.merge[:10], "Incident record"} {
			if !strings.Contains(page, want) {
				s.t.Errorf("%s does not say %q", name, want)
			}
		}
		if regexp.MustCompile(`(?i)<script|\bsrc=|@import|url\(`).MatchString(page) {
			s.t.Errorf("%s runs or loads something", name)
		}
	}
}

// runbookBlock is one block of commands of a runbook in Markdown, under the titles of its part, its section and its step.
type runbookBlock struct{ part, section, step, text string }

var runbookTitle = regexp.MustCompile(`^- \[ \] \*\*(.*?)\*\*`)

func blocksOf(page string) []runbookBlock {
	var out []runbookBlock
	var b runbookBlock
	inside := false
	for line := range strings.Lines(page) {
		switch trimmed := strings.TrimSpace(line); {
		case inside && trimmed == "```":
			inside = false
			out = append(out, b)
		case inside:
			b.text += strings.TrimPrefix(line, "  ")
		case trimmed == "```sh":
			inside, b.text = true, ""
		case strings.HasPrefix(line, "## "):
			b.part, b.section = strings.TrimSpace(line[3:]), ""
		case strings.HasPrefix(line, "#"):
			b.section = strings.TrimSpace(strings.TrimLeft(line, "#"))
		default:
			if m := runbookTitle.FindStringSubmatch(line); m != nil {
				b.step = m[1]
			}
		}
	}
	return out
}

// stops runs the first fifteen minutes as they stand, on a terminal, and before that what the runbook has for who stops a secret by hand and the
// queries of the first provider: all of it against stand-ins of the providers.
func (s *leakStory) stops() {
	s.t.Helper()
	var review []string
	byHand, first := map[string][]string{}, map[string][]string{}
	for _, b := range blocksOf(s.read("runbook.md")) {
		switch {
		case b.part == "The first fifteen minutes":
			first[b.section[:1]] = append(first[b.section[:1]], b.text)
		case b.section == "Stop it by hand":
			byHand[b.part[:1]] = append(byHand[b.part[:1]], b.text)
		case strings.Contains(b.text, "https://api.anthropic.com/"):
			review = append(review, b.text)
		}
	}
	for number, c := range map[string]struct {
		secret string
		said   []string
	}{
		"1": {s.api, []string{leakKeyID + "\tservice\tactive", `"status":"inactive"`, "Verdict: dead"}},
		"2": {s.token, []string{`"login":"ci-bot"`, "202 Accepted", "Verdict: dead"}},
	} {
		typed := filepath.Join(s.t.TempDir(), "typed")
		if err := os.WriteFile(typed, []byte(c.secret+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		// What a person fills in is the id that the first step prints, and the value wherever it is asked for.
		script := "exec < '" + typed + "'\n" + strings.Join(byHand[number], "\nexec < '"+typed+"'\n")
		code, out := s.bash(strings.ReplaceAll(script, "KEY_ID=apikey_...", "KEY_ID="+leakKeyID))
		if code != 0 || strings.Contains(out, "apikey_01Other") {
			s.t.Errorf("secret %s: exit %d\n%s\n%s", number, code, script, out)
		}
		s.says("secret "+number+" by hand", out, c.said...)
	}
	if !s.providers.dead() {
		s.t.Error("a secret is alive after it was stopped by hand")
	}
	s.providers.set(false)
	s.stopsOnTerminal(first)
	if len(review) < 4 {
		s.t.Errorf("only %d queries", len(review))
	}
	for _, script := range review {
		if code, out := s.bash("export KEY_ID=" + leakKeyID + " ANTHROPIC_API_KEY=\"$ANTHROPIC_ADMIN_KEY\"\n" + script); code != 0 || strings.Contains(out, "error") {
			s.t.Errorf("exit %d\n%s\n%s", code, script, out)
		}
	}
	argv, err := os.ReadFile(s.providers.argv)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sealed("a list of processes", argv)
	if strings.Contains(string(argv), s.providers.admin) || !strings.Contains(string(argv), "starting_at="+s.pushed.Format(time.RFC3339)) {
		s.t.Errorf("curl was called with\n%s", argv)
	}
}

// stopsOnTerminal runs the first fifteen minutes, by the number of the secret: what would be sent, and then that.
func (s *leakStory) stopsOnTerminal(first map[string][]string) {
	s.t.Helper()
	for number, name := range map[string]string{"1": "Anthropic API key", "2": "GitHub personal access token"} {
		// The administrator's key is read from the terminal, if one is needed: by a block of its own, before the two commands.
		blocks := first[number]
		dry, ask := slices.IndexFunc(blocks, func(text string) bool {
			return !strings.Contains(text, "--ask") && strings.Contains(text, "skant recover revoke")
		}),
			slices.IndexFunc(blocks, func(text string) bool { return strings.Contains(text, "--ask") })
		if dry < 0 || ask < 0 {
			s.t.Fatalf("the first fifteen minutes have %q", blocks)
		}
		typing := filepath.Join(s.t.TempDir(), "typed")
		if err := os.WriteFile(typing, []byte(s.providers.admin+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		script := "set +e\n"
		for _, text := range blocks {
			if strings.HasPrefix(text, "read ") {
				script += "unset ANTHROPIC_ADMIN_KEY\nexec < '" + typing + "'\n" + text
			}
		}
		code, out := s.bash(script + blocks[dry])
		if code != 1 || s.providers.dead() {
			s.t.Errorf("secret %s, without asking: exit %d\n%s", number, code, out)
		}
		s.says("what would be sent", out, name, "Dies:", "nothing was sent")
		shown := typed(s.t, blocks[ask], "yes", "yes\n", s.env...)
		s.sealed("the terminal", []byte(shown))
		s.says("the terminal", strings.Join(strings.Fields(shown), " "), "Proven: it is dead")
	}
	if !s.providers.dead() {
		s.t.Error("a secret is alive after the first fifteen minutes")
	}
}

// purges has the plan made and the purge done, and runs the commands that are printed.
func (s *leakStory) purges() {
	s.t.Helper()
	work := filepath.Join(s.dir, "purge of the leak")
	if out := s.skant(1, "recover", "plan", "--remote", "origin", s.one.dir); !strings.Contains(out, "refs/pull/1/head") || !strings.Contains(out, "7 of 8 commits get a new id") {
		s.t.Errorf("the plan\n%s", out)
	}
	// The check knows before the purge already that the advice is a purge, and that the keys are dead.
	_, r := s.check(1, "--report", "audit.json")
	for _, c := range r.Claims {
		if strings.Contains(c.Remedy, "branch -D") || strings.Contains(c.Remedy, "rebase") || c.Kind == proof.Dead && c.State != incident.Proven {
			s.t.Errorf("before the purge it says %+v", c)
		}
	}
	s.skant(0, "recover", "purge", "--remote", "origin", "--yes", "--work", work, "--incident", "skant-incident.json", s.one.dir)
	page := s.read("purge of the leak/NEXT.md")
	s.sealedFolder(work, "before.bundle", "purge.git")
	for _, title := range []string{"Your clone", "The remote"} {
		s.runs(commandsOf(s.t, page, title))
	}
	for _, want := range []string{"skant recover guard --incident " + filepath.Join(s.dir, "skant-incident.json") + " " + s.host, "( cd " + s.host + " && skant hooks install all )"} {
		if !strings.Contains(commandsOf(s.t, page, "The host's own guard"), want+"\n") {
			s.t.Errorf("the page does not have %q\n%s", want, page)
		}
	}
	values := filepath.Join(s.dir, "values")
	if err := os.WriteFile(values, []byte(s.api+" "+s.token+"\n"), 0o600); err != nil { // as it is pasted
		s.t.Fatal(err)
	}
	code, out := s.bash(strings.TrimSpace(commandsOf(s.t, page, "Prove it")) + " < values\n")
	if err := os.Remove(values); err != nil {
		s.t.Fatal(err)
	}
	if strings.Contains(out, "could be asked") || code != 1 || !strings.Contains(out, "refs/pull/1/head") {
		s.t.Errorf("the printed check: exit %d\n%s", code, out)
	}
}

// check runs the check of both clones with a status that is expected.
func (s *leakStory) check(want int, args ...string) (string, *proof.Result) {
	s.t.Helper()
	all := append([]string{"recover", "check", "--remote", "--verify", "--incident", "skant-incident.json", "--clone", s.two.dir, "-o", "text", "-o", "json=check.json", "-o", "markdown=check.md", s.one.dir}, args...)
	out := s.skant(want, all...)
	var r proof.Result
	s.unmarshal("check.json", &r)
	s.read("skant-incident.json")
	s.read("check.md")
	return out, &r
}

// opens holds that just these claims are not proven.
func (s *leakStory) opens(r *proof.Result, want ...string) {
	s.t.Helper()
	places := strings.NewReplacer(s.one.dir, "ONE", s.two.dir, "TWO", s.host, "HOST", s.fork, "FORK")
	var got []string
	for _, c := range r.Claims {
		if c.State == incident.Proven {
			continue
		}
		line := fmt.Sprintf("%s %s %d %s", c.State, c.Kind, c.Secret, places.Replace(c.Where))
		switch c.Kind {
		case proof.Reach:
			_, by, _ := strings.Cut(c.Detail, ", by ")
			line += " by " + by
		case proof.Remote:
			reached, _, _ := strings.Cut(c.Detail, ";")
			line += " " + regexp.MustCompile(`(it gives out) .*`).ReplaceAllString(reached, "$1")
		}
		got = append(got, line)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("open are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// remedies runs what is printed for claims that are open, word for word; what is printed several times is run once.
func (s *leakStory) remedies(r *proof.Result, choose func(c *proof.Claim) bool) {
	s.t.Helper()
	done := map[string]bool{}
	for _, c := range r.Claims {
		if c.State == incident.Proven || done[c.Remedy] || !choose(&c) {
			continue
		}
		done[c.Remedy] = true
		s.runs(c.Remedy)
	}
}

// guards puts the guard where the check asks for it, and has the stale clone push to the host: refused on the host first, then before
// anything is sent.
func (s *leakStory) guards(r *proof.Result) {
	s.t.Helper()
	for _, c := range []struct{ where, says string }{{s.host, "This push is refused, because it brings back what was purged"}, {s.two.dir, "This push would bring back what was purged"}} {
		s.remedies(r, func(claim *proof.Claim) bool {
			return claim.Where == c.where && (claim.Kind == proof.Guard || claim.Kind == proof.Hooks)
		})
		before := s.remoteRefsOf(s.host)
		code, out := s.two.run("git", "push", "origin", "feature")
		s.sealed("the refused push", []byte(out))
		words := strings.Join(strings.Fields(strings.ReplaceAll(out, "remote: ", "")), " ")
		if code == 0 || s.remoteRefsOf(s.host) != before {
			s.t.Errorf("the stale clone has pushed: exit %d\n%s", code, out)
		}
		s.says(c.where, words, c.says, "This clone is stale", "never merge the two", "git fetch --prune origin", "git rebase --onto origin/BRANCH")
	}
}

func (s *leakStory) remoteRefsOf(dir string) string { return s.git("-C", dir, "for-each-ref") }

// forks gives the fork as a remote: it is open until the printed commands have cleaned it, too.
func (s *leakStory) forks() {
	s.t.Helper()
	s.one.git("remote", "add", "fork", s.fork)
	_, r := s.check(1)
	s.opens(r, "open remote 1 fork (FORK) it is reached by refs/heads/deploy, refs/heads/main, refs/tags/v1.0", "open remote 2 fork (FORK) it is reached by refs/heads/deploy, refs/heads/main, refs/tags/v1.0",
		"open hooks 0 FORK", "open guard 0 FORK")
	s.remedies(r, func(*proof.Claim) bool { return true })
	if err := os.WriteFile(filepath.Join(s.dir, "leaked"), []byte(s.api+"\n"+s.token+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	before := s.providers.times()
	s.check(0, "--secret-file", "leaked")
	if got := s.providers.times() - before; got != 2 {
		s.t.Errorf("the providers were asked %d times about 2 secrets in a file", got)
	}
	s.clean(s.fork)
}

// strays puts one object without a ref on the host: that alone is enough to be open again.
func (s *leakStory) strays() {
	s.t.Helper()
	s.write("settings", "PORT=8080\nANTHROPIC_API_KEY="+s.api+"\n")
	blob := strings.TrimSpace(s.git("--git-dir="+s.host, "hash-object", "-w", filepath.Join(s.dir, "settings")))
	_, r := s.check(1)
	s.opens(r, "open remote 1 origin (HOST) it gives out")
	if i := slices.IndexFunc(r.Claims, func(c proof.Claim) bool { return c.State == incident.Open }); i < 0 || !strings.Contains(r.Claims[i].Detail, blob[:8]) {
		s.t.Errorf("the stray object is not named: %+v", r.Claims)
	}
}
