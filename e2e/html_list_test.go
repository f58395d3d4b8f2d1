//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/skant-dev/skant/scanner"
)

// hostileRules is a rule file of a user that says hostile things wherever a rule may say something.
func hostileRules(t *testing.T) string {
	t.Helper()
	evil := "</script><script>window.owned=8</script><img src=https://evil.example/e onerror=window.owned=9>"
	path := filepath.Join(t.TempDir(), "evil.yaml")
	text := fmt.Sprintf(`provider: evil
playbooks:
  token:
    - phase: stop
      title: '%[1]s'
      text: '%[1]s {path}'
      run: |
        echo {path} '%[1]s'
      link: https://acme.example/docs/%%3Cb%%3E
rules:
  - id: evil-token
    title: '%[1]s'
    why: '%[1]s'
    severity: critical
    docs:
      - https://acme.example/docs/%%3Cb%%3E
    playbook: token
    anchors: [evil_]
    pattern: '\b(evil_[A-Za-z0-9]{32})\b'
    examples:
      match:
        - 'TOKEN=<<"evil_">><<alnum 32>>'
      clean:
        - 'TOKEN=<<"evil_">><<alnum 12>>'
`, evil)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// listed scrolls through the whole list and returns its rows, as they follow each other.
func (b *tab) listed() []string {
	b.t.Helper()
	return eval[[]string](b, `(async () => {
		const rows = new Map(), list = document.querySelector('.list'), frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
		const from = list.getBoundingClientRect().top + scrollY, high = list.getBoundingClientRect().height;
		for (let y = from; y <= from + high; y += innerHeight / 2) {
			scrollTo(0, y);
			await frame();
			for (const li of list.children) rows.set(Number(li.getAttribute('aria-posinset')), li.innerText.replace(/\s+/g, ' ').trim());
		}
		scrollTo(0, 0);
		await frame();
		return [...rows].sort((a, b) => a[0] - b[0]).map((r) => r[1]);
	})()`)
}

// TestHTMLReportOrders checks every order and every group against the report.
func TestHTMLReportOrders(t *testing.T) {
	rep := incidentReport(t, 90)
	b := newTab(t)
	b.open(htmlPage(t, rep), "")
	since, places := map[string]string{}, map[string]int{}
	byFile, byAuthor := map[string]int{}, map[string]int{}
	for _, f := range rep.Findings {
		if f.Suppressed != nil || f.Example {
			continue
		}
		places[f.Fingerprint]++
		day := f.Location.Commit.Date.UTC().Format("2006-01-02")
		if since[f.Fingerprint] == "" || day < since[f.Fingerprint] {
			since[f.Fingerprint] = day
		}
		byFile[f.Location.Path]++
		byAuthor[f.Location.Commit.Author]++
	}
	after := func(row, mark string) string {
		_, rest, _ := strings.Cut(row, mark)
		return rest
	}
	days := slices.Collect(func(yield func(string) bool) {
		for _, day := range since {
			if !yield(day) {
				return
			}
		}
	})
	ranks := map[string]int{"critical": 4, "high": 3, "medium": 2, "low": 1}
	for order, compare := range map[string]func(a, b string) int{
		"oldest":   func(a, b string) int { return strings.Compare(after(a, "since "), after(b, "since ")) },
		"newest":   func(a, b string) int { return strings.Compare(after(b, "since "), after(a, "since ")) },
		"severity": func(a, b string) int { return ranks[strings.Fields(b)[0]] - ranks[strings.Fields(a)[0]] },
		"urgency": func(a, b string) int {
			return cmp.Compare(strings.Count(b, " live ")+strings.Count(b, " restricted "), strings.Count(a, " live ")+strings.Count(a, " restricted "))
		},
	} {
		choose(b, "Sort by", order)
		rows := b.listed()
		if len(rows) != len(since) {
			t.Errorf("by %s there are %d rows for %d secrets", order, len(rows), len(since))
		}
		for i := 1; i < len(rows); i++ {
			if compare(rows[i-1], rows[i]) > 0 {
				t.Errorf("by %s, %q stands before %q", order, rows[i-1], rows[i])
			}
		}
		if order == "oldest" {
			slices.Sort(days)
			for i, row := range rows {
				if day := strings.Fields(after(row, "since "))[0]; day != days[i] {
					t.Errorf("row %d is of %s, not of %s", i, day, days[i])
				}
			}
		}
	}
	for group, want := range map[string]map[string]int{"file": byFile, "author": byAuthor} {
		choose(b, "Group by", group)
		checkGroups(t, group, b.listed(), want)
	}
	choose(b, "Group by", "none")
	choose(b, "Sort by", "path")
	rows := b.listed()
	paths := make([]string, len(rows))
	for i, row := range rows {
		for path := range byFile {
			if strings.Contains(row, " "+path+":") {
				paths[i] = path
			}
		}
	}
	if !slices.IsSorted(paths) || slices.Contains(paths, "") {
		t.Errorf("by path: %q", paths)
	}
	b.quiet()
}

// checkGroups checks that each heading has the name and number of a group, that its rows follow it, and that the largest is first.
func checkGroups(t *testing.T, by string, rows []string, want map[string]int) {
	t.Helper()
	heads, name, left, last := 0, "", 0, 1<<30
	for _, row := range rows {
		if left == 0 {
			n := 0
			head := strings.Fields(row)
			if _, err := fmt.Sscan(head[len(head)-2], &n); err != nil {
				t.Fatalf("by %s, no heading is %q", by, row)
			}
			name = strings.Join(head[:len(head)-2], " ")
			if n != want[name] || n > last {
				t.Errorf("by %s, %q has %d after %d, not %d", by, name, n, last, want[name])
			}
			heads, left, last = heads+1, n, n
			continue
		}
		left--
		if !strings.Contains(row, name) {
			t.Errorf("by %s, %q stands below %q", by, row, name)
		}
	}
	if heads != len(want) || left != 0 {
		t.Errorf("by %s there are %d headings for %d", by, heads, len(want))
	}
}

// tabTo presses Tab until something has the focus.
func (b *tab) tabTo(what string) {
	b.t.Helper()
	for range 60 {
		if eval[bool](b, "(() => { const e = document.activeElement; return !!("+what+"); })()") {
			return
		}
		b.keys(kb.Tab)
	}
	b.t.Fatalf("Tab does not lead to %s", what)
}

// TestHTMLReportKeyboardControls narrows, searches, filters, groups and clears with keys alone.
func TestHTMLReportKeyboardControls(t *testing.T) {
	rep := incidentReport(t, 90)
	b := newTab(t)
	b.open(htmlPage(t, rep), "")
	all := b.status()
	b.tabTo("e.closest('[data-facet=author]')")
	name := eval[string](b, "document.activeElement.textContent")
	b.keys(kb.Enter)
	b.until("document.querySelector('.chip') && document.activeElement.id === 'secrets'")
	for _, row := range b.listed() {
		if !strings.Contains(row, name) {
			t.Errorf("narrowed to %s, the list has %q", name, row)
		}
	}
	b.tabTo("e.classList.contains('chip')")
	b.keys(kb.Enter)
	b.until(fmt.Sprintf("document.querySelector('[role=status]').textContent === %q", all))
	b.open(eval[string](b, "location.pathname"), "")
	b.tabTo("e.type === 'search'")
	b.keys("terraform")
	b.until(fmt.Sprintf("document.querySelector('[role=status]').textContent !== %q", all))
	for _, row := range b.listed() {
		if !strings.Contains(row, "terraform") {
			t.Errorf("the search shows %q", row)
		}
	}
	b.tabTo("e.parentNode.firstChild.data === 'Severity'")
	b.keys("cr") // a list takes what is typed
	b.until("document.activeElement.value === 'critical'")
	b.tabTo("e.parentNode.firstChild.data === 'Group by'")
	b.keys("f")
	b.until("document.querySelector('.list .group')")
	b.keys(kb.ArrowUp)
	b.until("!document.querySelector('.list .group')")
	b.tabTo("e.textContent === 'Clear filters'")
	b.keys(kb.Enter)
	b.until(fmt.Sprintf("document.querySelector('[role=status]').textContent === %q && document.activeElement.type === 'search'", all))
	b.quiet()
}

// TestHTMLReportCopies presses every button that copies a command: what arrives is the command, to the last sign.
func TestHTMLReportCopies(t *testing.T) {
	rep := incidentReport(t, 2)
	hard := "we ird/$(touch x)'\"\\`;\u202e é.env"
	for i := range rep.Findings {
		rep.Findings[i].Location.Path = hard
	}
	b := newTab(t)
	b.open(htmlPage(t, rep), "#"+rep.Findings[0].Fingerprint)
	b.until("document.querySelector('.detail').open")
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		allow := browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted}
		if _, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, allow); err != nil {
			t.Fatal(err)
		}
	}
	b.click(".detail h3") // the clipboard is for a page that has the focus
	wrong := eval[[]string](b, `(async () => {
		const wrong = [], want = JSON.parse(document.getElementById('skant-data').textContent).steps.flat().flatMap((p) => p.steps.flatMap((s) => [s.run, s.say])).filter(Boolean);
		for (const d of document.querySelectorAll('.detail details')) d.open = true;
		const boxes = [...document.querySelectorAll('.detail .run')];
		if (boxes.length !== want.length || !want.length) wrong.push(boxes.length + ' buttons for ' + want.length + ' commands');
		for (const [i, box] of boxes.entries()) {
			box.querySelector('button').click();
			for (let n = 0; n < 100 && box.querySelector('button').textContent === 'Copy'; n++) await new Promise((done) => setTimeout(done, 10));
			if (await navigator.clipboard.readText() !== want[i]) wrong.push(want[i]);
		}
		return wrong;
	})()`)
	if len(wrong) > 0 {
		t.Errorf("what was copied is not what stands there: %q", wrong)
	}
	b.quiet()
}

// TestHTMLReportRightToLeft: a name in a script that runs from right to left does not move the number of the line, nor what follows.
func TestHTMLReportRightToLeft(t *testing.T) {
	rep := incidentReport(t, 2)
	for i := range rep.Findings {
		rep.Findings[i].Location.Path, rep.Findings[i].Location.Commit.Author = "src/קובץ", "דנה"
	}
	b := newTab(t)
	b.open(htmlPage(t, rep), "#"+rep.Findings[0].Fingerprint)
	b.until("document.querySelector('.detail').open")
	for _, place := range []string{".detail .place b", ".list li .at code"} {
		if apart := eval[bool](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q), r = document.createRange(); r.selectNodeContents(e.lastChild);
			return e.lastChild.data.startsWith(':') && e.firstChild.getBoundingClientRect().right <= r.getBoundingClientRect().left + 1; })()`, place)); !apart {
			t.Errorf("in %s the line does not follow the path", place)
		}
	}
}

// TestHTMLReportPlaces: what is said of a place is true of that place, whatever is true of others of the secret.
func TestHTMLReportPlaces(t *testing.T) {
	rep := incidentReport(t, 2)
	now, gone := &rep.Findings[0], &rep.Findings[1]
	now.Location.Path, gone.Location.Path = "now.env", "gone.env"
	now.Exposure.InHead, now.Exposure.Removed = true, nil
	gone.Location.Kind, gone.Location.StartLine = scanner.KindUnreachable, 0
	gone.Exposure = &scanner.Exposure{Removed: []scanner.Commit{*now.Location.Commit}}
	history := *now
	history.Location.Path, history.Exposure = "past.env", &scanner.Exposure{Refs: []string{"refs/heads/main"}, RefCount: 1, Removed: gone.Exposure.Removed}
	rep.Findings = append(rep.Findings, history)
	b := newTab(t)
	b.open(htmlPage(t, rep), "#"+now.Fingerprint)
	b.until("document.querySelector('.detail').open")
	for place, want := range map[string]string{"now.env": "still in HEAD", "past.env": ", and still in the history", "gone.env": ", and still in this clone"} {
		text := eval[string](b, fmt.Sprintf("[...document.querySelectorAll('.detail .place')].find((p) => p.innerText.includes(%q)).innerText", place))
		if !strings.Contains(text, want) {
			t.Errorf("%s: no %q in %s", place, want, text)
		}
	}
	b.keys(kb.Escape)
	b.until("!document.querySelector('.detail').open")
	if rows := b.rows(); !strings.Contains(rows[0], "in the files today") {
		t.Errorf("the secret is %q", rows)
	}
	choose(b, "Group by", "none")
	choose(b, "Sort by", "path")
	rows := b.rows()
	for i, want := range [][2]string{{"gone.env", "unreachable object"}, {"now.env", "in the files today"}, {"past.env", "in the history only"}} {
		if !strings.Contains(rows[i], want[0]) || !strings.Contains(rows[i], want[1]) {
			t.Errorf("row %d is %q, not %q", i, rows[i], want)
		}
	}
	b.quiet()
}

// TestHTMLReportSaysWhatItLeavesOut: with more secrets than steps are written out for, the list and the secret both say so.
func TestHTMLReportSaysWhatItLeavesOut(t *testing.T) {
	rep := incidentReport(t, 900)
	b := newTab(t)
	b.open(htmlPage(t, rep), "")
	if text := eval[string](b, "document.getElementById('explorer').innerText"); !strings.Contains(text, "for the 200 most urgent secrets") {
		t.Error("the list does not say for how many secrets it has steps")
	}
	choose(b, "Sort by", "severity")
	last := eval[string](b, "JSON.parse(document.getElementById('skant-data').textContent).secrets.filter((s) => s.state === 'open').pop().key")
	b.open(eval[string](b, "location.pathname"), "#"+last)
	b.until("document.querySelector('.detail').open")
	text := eval[string](b, "document.querySelector('.detail').innerText")
	if !strings.Contains(text, "Only the 200 most urgent secrets") || !strings.Contains(text, "<") {
		t.Errorf("the last secret shows %s", text)
	}
	b.open(htmlPage(t, incidentReport(t, 60)), "")
	if text := eval[string](b, "document.getElementById('explorer').innerText"); strings.Contains(text, "most urgent secrets") {
		t.Error("a page that has all steps says that it has not")
	}
	b.quiet()
}

// TestHTMLReportEmpty shows what a reader of a page without findings sees first, without scrolling.
func TestHTMLReportEmpty(t *testing.T) {
	b := newTab(t)
	for _, complete := range []bool{true, false} {
		rep := incidentReport(t, 0)
		if complete {
			rep.Coverage.Complete, rep.Coverage.Skipped = true, []scanner.Skip{}
		}
		b.open(htmlPage(t, rep), "")
		text := eval[string](b, "[...document.querySelectorAll('h1, .next, .warning')].filter((e) => e.getBoundingClientRect().bottom < innerHeight).map((e) => e.innerText).join(' ')")
		if warned := strings.Contains(text, "The search is incomplete"); warned == complete || complete != strings.Contains(text, "Everything that the search was asked to read was read") {
			t.Errorf("complete %t: %s", complete, text)
		}
		if !strings.Contains(text, "1 setting weakens the search") {
			t.Errorf("nothing is said of the setting that weakens the search: %s", text)
		}
	}
	b.quiet()
}
