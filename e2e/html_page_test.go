//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// hostile are texts that would do something in a page that does not escape them. Each would set a mark, ask for an address or both.
func hostile() []string {
	return []string{
		"</script><script>window.owned=1</script>", "<img src=https://evil.example/a onerror=window.owned=2>", "\" onmouseover=\"window.owned=3\" autofocus onfocus=\"window.owned=4",
		"javascript:window.owned=5", "<!--<script>", "]]><svg onload=window.owned=6>", "a\u2028b\u2029c", "\u202egnp.exe\u2066", "{{constructor.constructor('window.owned=7')()}}",
		"<style>*{background:url(https://evil.example/b)}</style>", "<link rel=stylesheet href=https://evil.example/c>", "<base href=https://evil.example/>",
		"<meta http-equiv=refresh content=0;url=https://evil.example/d>", "bad\xffbytes\x00\x1b[2J", strings.Repeat("Z\u0351\u0349", 3000), strings.Repeat("w", 100_000), "explorer", "skant-data",
	}
}

// TestHTMLReportHostile opens a report in which every text is hostile, and looks at all of it: no script of it runs, no request leaves, the
// policy is not violated once.
func TestHTMLReportHostile(t *testing.T) {
	rep := incidentReport(t, 2*len(hostile()))
	for i := range rep.Findings {
		h, f := hostile()[i/2%len(hostile())], &rep.Findings[i]
		var value scanner.Secret
		if err := value.UnmarshalText([]byte(strings.ToValidUTF8(h[:min(len(h), 60)], "?"))); err != nil {
			t.Fatal(err)
		}
		f.Location.Path, f.Location.Member, f.Excerpt, f.Title, f.Secret = h, h, h, h, value
		f.Fingerprint, f.Verdict, f.Facts, f.Reasons = h[:min(len(h), 40)], scanner.Verdict(h[:min(len(h), 80)]), map[string]string{h: h}, []string{h}
		f.Location.Commit = &scanner.Commit{ID: h, Author: h, Email: h, Date: rep.StartedAt, Summary: h}
		f.Exposure.Refs = []string{"refs/heads/" + h, h}
		if i%4 == 0 {
			f.Exposure.InHead, f.Exposure.Removed = false, []scanner.Commit{*f.Location.Commit}
		}
		f.Location.Submodule, f.Location.Decoded, f.Location.Object, f.Confidence = h, []string{h, h}, h, rules.Confidence(h)
		if i%3 == 0 { // the others have steps, of a rule that a user's file says hostile things with
			f.RuleID, f.Severity = h, rules.Severity(h)
		} else {
			f.RuleID = "evil-token"
		}
		f.Verification = &scanner.Verification{At: rep.StartedAt, Provider: h, Host: h, Says: h, Do: h, Learned: map[string]string{h: h}}
		if f.Suppressed != nil {
			f.Suppressed = &scanner.Suppression{By: h, Where: h, Reason: h}
		}
	}
	rep.Target = hostile()[0]
	rep.Coverage.Skipped[0].What, rep.Coverage.Skipped[0].Reason, rep.Coverage.Skipped[0].Items = hostile()[1], hostile()[0], hostile()
	rep.Command, rep.Tool.Name, rep.Repository = hostile()[1], hostile()[1], &scanner.Repository{Branch: hostile()[0], Revision: hostile()[1]}
	rep.Coverage.Places = []scanner.Place{{What: hostile()[1], Count: 1}}
	rep.Coverage.Policy = &scanner.Policy{Origin: hostile()[0], Weaker: []scanner.WeakerSetting{{Setting: hostile()[1], Value: hostile()[0], Where: hostile()[2]}}}
	path := htmlPage(t, rep, "--rules", hostileRules(t))
	b := newTab(t)
	b.open(path, "")
	var links []string
	for _, tab := range []string{"suppressed", "example", "open"} {
		b.until("document.querySelector('[data-state=" + tab + "]')")
		b.click("[data-state=" + tab + "]")
		n := eval[int](b, "document.querySelectorAll('.list li a').length")
		for i := range n {
			eval[bool](b, fmt.Sprintf("(() => { const a = document.querySelectorAll('.list li a')[%d]; if (a) { a.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); a.click(); } return true; })()", i))
			eval[bool](b, "(() => { for (const d of document.querySelectorAll('.detail details')) d.open = true; return true; })()")
			links = append(links, eval[[]string](b, "[...document.querySelectorAll('a[target]')].map((a) => a.getAttribute('href'))")...)
		}
	}
	for _, group := range []string{"file", "author", "provider", "none"} {
		choose(b, "Group by", group)
	}
	if owned := eval[string](b, "String(window.owned)"); owned != "undefined" {
		t.Errorf("a text of the report ran as script: %s", owned)
	}
	for _, link := range links {
		if link != "https://acme.example/docs/%3Cb%3E" {
			t.Errorf("the page links to %q", link)
		}
	}
	if len(links) == 0 {
		t.Error("no page of a rule was linked: its steps were not shown")
	}
	if n := eval[int](b, "document.querySelectorAll('script').length"); n != 2 {
		t.Errorf("the page has %d scripts", n)
	}
	if n := eval[int](b, "document.querySelectorAll('img,iframe,base,link,object,embed,form,[onload],[onerror],[onclick],[style]:not(.list,.list li)').length"); n != 0 {
		t.Errorf("the page has %d elements that it never makes", n)
	}
	for _, width := range []int64{1280, 390} {
		b.size(width, 900)
		b.open(path, "")
		if over := eval[int64](b, "document.documentElement.scrollWidth") - width; over > 0 {
			t.Errorf("a text makes the page %d pixels too wide for %d: %q", over, width, eval[[]string](b, fmt.Sprintf("[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > %d).map((e) => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40)).slice(0, 8)", width)))
		}
	}
	b.quiet()
}

// TestHTMLReportPolicy shows that the page's policy is what stands between a mistake and its consequences: what a mistake would do is refused.
func TestHTMLReportPolicy(t *testing.T) {
	b := newTab(t)
	b.open(htmlPage(t, incidentReport(t, 4)), "")
	put := func(tag, attributes string) string {
		return "new Promise((done, fail) => { const e = document.createElement('" + tag + "'); e.onload = () => done(); e.onerror = () => fail(new Error('refused')); " +
			"Object.assign(e, " + attributes + "); document.body.append(e); setTimeout(() => fail(new Error('nothing came')), 1000); })"
	}
	for name, try := range map[string]string{
		"image":   put("img", "{src: 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='}"),
		"sheet":   put("link", "{rel: 'stylesheet', href: 'data:text/css,'}"),
		"frame":   "new Promise((done, fail) => { document.addEventListener('securitypolicyviolation', (e) => fail(e), { once: true }); const f = document.createElement('iframe'); f.src = 'data:text/html,x'; document.body.append(f); setTimeout(done, 1000); })",
		"handler": "(() => { document.body.setAttribute('onclick', 'window.owned = 2'); document.body.click(); if (!window.owned) throw new Error('refused'); })()",
		"style":   "(() => { document.body.setAttribute('style', 'color: rgb(1, 2, 3)'); if (getComputedStyle(document.body).color !== 'rgb(1, 2, 3)') throw new Error('refused'); })()",
		"form":    "new Promise((done, fail) => { document.addEventListener('securitypolicyviolation', (e) => fail(e), { once: true }); const f = document.createElement('form'); f.action = 'file:///x'; document.body.append(f); f.submit(); setTimeout(done, 1000); })",
		"base":    "(() => { const e = document.createElement('base'); e.href = 'https://evil.example/'; document.head.append(e); if (!document.baseURI.startsWith('https://evil')) throw new Error('refused'); })()",
		"worker":  "(() => new Worker('data:text/javascript,1'))()",
		"markup":  "document.body.innerHTML = '<b>x</b>'",
		"request": "fetch('https://evil.example/').then(() => 'sent')",
		"script":  "(() => { const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s); if (!window.owned) throw new Error('refused'); return 'ran'; })()",
	} {
		got := eval[string](b, "(async () => { try { await ("+try+"); return 'done'; } catch (e) { return 'refused'; } })()")
		if got != "refused" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// choose picks a value of one of the page's lists, by its label.
func choose(b *tab, label, value string) {
	b.t.Helper()
	ok := eval[bool](b, fmt.Sprintf("(() => { const l = [...document.querySelectorAll('.tools label')].find((l) => l.firstChild.data === %q); const s = l.querySelector('select'); "+
		"s.value = %q; s.dispatchEvent(new Event('change')); return s.value === %q; })()", label, value, value))
	if !ok {
		b.t.Fatalf("%s has no %s", label, value)
	}
}

func (b *tab) rows() []string {
	b.t.Helper()
	return eval[[]string](b, "[...document.querySelectorAll('.list li')].map((l) => l.innerText.replace(/\\s+/g, ' '))")
}

func (b *tab) status() string {
	b.t.Helper()
	return eval[string](b, "document.querySelector('[role=status]').textContent")
}

// TestHTMLReportWorks goes through what a reader does: search, filter, sort, group, narrow to an author, open, copy, follow a permalink.
func TestHTMLReportWorks(t *testing.T) {
	rep := incidentReport(t, 60)
	path := htmlPage(t, rep)
	b := newTab(t)
	b.open(path, "")
	all := b.status()
	b.click("input[type=search]")
	b.keys("prod-0.env")
	b.until("document.querySelector('[role=status]').textContent === '1 secret'")
	if rows := b.rows(); len(rows) != 1 || !strings.Contains(rows[0], "Anthropic API key") {
		t.Errorf("the search finds %q", rows)
	}
	b.click(".state .button")
	b.until(fmt.Sprintf("document.querySelector('[role=status]').textContent === %q", all))
	choose(b, "Verdict", "live")
	for _, row := range b.rows() {
		if !strings.Contains(row, "live") {
			t.Errorf("the filter shows %q", row)
		}
	}
	choose(b, "Verdict", "")
	choose(b, "Sort by", "newest")
	last := "9999"
	for _, row := range b.rows() {
		if _, date, ok := strings.Cut(row, "since "); !ok || date[:10] > last {
			t.Errorf("sorted by newest, %q follows %s", row, last)
		} else {
			last = date[:10]
		}
	}
	choose(b, "Group by", "author")
	if rows := b.rows(); !strings.HasSuffix(rows[0], " places") {
		t.Errorf("grouped by author, the first row is %q", rows[0])
	}
	choose(b, "Group by", "secret")
	name := eval[string](b, "document.querySelector('li[data-facet=author]').getAttribute('data-name')")
	b.click("li[data-facet=author] button")
	b.until("document.querySelector('.chip')")
	if chip := eval[string](b, "document.querySelector('.chip').textContent"); !strings.Contains(chip, name) {
		t.Errorf("narrowed to %q, not %q", chip, name)
	}

	want := rep.Findings[0].Fingerprint
	b.open(path, "#"+want)
	b.until("document.querySelector('.detail').open")
	text := eval[string](b, "document.querySelector('.detail').innerText")
	for _, part := range []string{want, "Revoke it now.", "main", "Ada Example", "How it is ended", "api.example.com answered 200"} {
		if !strings.Contains(text, part) {
			t.Errorf("the permalink shows no %q", part)
		}
	}
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		allow := browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted}
		if _, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, allow); err != nil {
			t.Fatal(err)
		}
	}
	b.click(".detail .run .button")
	b.until("document.querySelector('.detail .run .button').textContent === 'Copied'")
	if same := eval[bool](b, "(async () => (await navigator.clipboard.readText()) === document.querySelector('.detail .run pre').textContent)()"); !same {
		t.Error("what was copied is not what stands there")
	}
	for _, f := range rep.Findings {
		if f.Suppressed != nil {
			b.open(path, "#"+f.Fingerprint)
			b.until("document.querySelector('.detail').open")
			if text := eval[string](b, "document.querySelector('.detail').innerText"); !strings.Contains(text, "ticket 4711") {
				t.Errorf("the permalink of a suppressed finding shows %s", text)
			}
			break
		}
	}
	b.quiet()
}

// TestHTMLReportKeyboard takes the way from the top of the page to a secret and back with keys alone.
func TestHTMLReportKeyboard(t *testing.T) {
	path := htmlPage(t, incidentReport(t, 400))
	for _, width := range []int64{1280, 390} {
		b := newTab(t)
		b.size(width, 844)
		b.open(path, "")
		b.keys(kb.Tab)
		b.keys(kb.Enter)
		if at := eval[string](b, "document.activeElement.id"); at != "secrets" {
			t.Errorf("the first link leads to %q", at)
		}
		for i := 0; !eval[bool](b, "!!document.activeElement.closest('.list')"); i++ {
			if i > 20 {
				t.Fatal("the list cannot be reached with Tab")
			}
			b.keys(kb.Tab)
		}
		b.keys(kb.End)
		b.until("document.activeElement.closest('li').getAttribute('aria-posinset') === document.activeElement.closest('li').getAttribute('aria-setsize')")
		b.keys(kb.Home)
		b.keys(kb.ArrowDown)
		b.keys(kb.ArrowDown)
		b.keys(kb.ArrowUp)
		b.until("document.activeElement.closest('li').getAttribute('aria-posinset') === '2'")
		if !eval[bool](b, "(() => { const r = document.activeElement.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; })()") {
			t.Error("the row with the focus cannot be seen")
		}
		b.keys(kb.Enter)
		b.until("document.querySelector('.detail').open && document.activeElement.id === 'detail-title'")
		b.keys(kb.Escape)
		b.until("!document.querySelector('.detail').open && document.activeElement.closest('li') && document.activeElement.closest('li').getAttribute('aria-posinset') === '2'")
		b.quiet()
	}
}

// TestHTMLReportAccessible has axe-core judge the page with and without an open secret, in both schemes and on a phone: no serious violation.
func TestHTMLReportAccessible(t *testing.T) {
	source := axe(t)
	rep := incidentReport(t, 90)
	path := htmlPage(t, rep)
	b := newTab(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			for _, fragment := range []string{"", "#" + rep.Findings[0].Fingerprint} {
				b.scheme(scheme)
				b.size(width, 900)
				b.open(path, fragment)
				b.judge(source, fmt.Sprintf("%s %d %q", scheme, width, fragment))
			}
		}
	}
}

// judge has axe-core look at the page as it is, with all that can be unfolded.
func (b *tab) judge(axe, state string) {
	b.t.Helper()
	eval[bool](b, "(() => { document.querySelectorAll('details').forEach((d) => { d.open = true; }); return true; })()")
	runOne(b, chromedp.Evaluate[any](axe+"; null"))
	text := eval[string](b, "(async () => JSON.stringify((await axe.run(document, {resultTypes: ['violations']})).violations.map((v) => ({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ': ' + n.failureSummary)}))))()")
	var found []struct {
		ID, Impact string
		Nodes      []string
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range found {
		say := b.t.Logf
		if v.Impact == "serious" || v.Impact == "critical" {
			say = b.t.Errorf
		}
		say("%s: %s (%s): %s", state, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
	}
}

// TestHTMLReportAccessibleStates has axe-core judge what a reader comes by: groups, a narrowed list, one that is empty, the other lists, a suppressed
// secret, pages without a finding.
func TestHTMLReportAccessibleStates(t *testing.T) {
	source := axe(t)
	rep := incidentReport(t, 90)
	path := htmlPage(t, rep)
	clean := incidentReport(t, 0)
	clean.Coverage.Complete, clean.Coverage.Skipped = true, nil
	b := newTab(t)
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		b.open(path, "")
		for _, group := range []string{"file", "author", "provider", "none"} {
			choose(b, "Group by", group)
			b.judge(source, scheme+" by "+group)
		}
		b.click("li[data-facet=author] button")
		b.until("document.querySelector('.chip')")
		b.judge(source, scheme+" narrowed to an author")
		b.open(path, "")
		b.click("input[type=search]")
		b.keys("nothing like this")
		b.until("document.querySelector('[role=status]').textContent === '0 secrets'")
		b.judge(source, scheme+" nothing fits")
		b.open(path, "")
		for _, state := range []string{"example", "suppressed"} {
			b.click("[data-state=" + state + "]")
			b.click(".list li a")
			b.until("document.querySelector('.detail').open")
			b.judge(source, scheme+" "+state)
			b.keys(kb.Escape)
		}
		for name, rep := range map[string]*scanner.Report{"clean": clean, "empty and incomplete": incidentReport(t, 0)} {
			b.open(htmlPage(t, rep), "")
			b.judge(source, scheme+" "+name)
		}
	}
}

// TestHTMLReportWithoutScript shows the page where scripts are off: the numbers, the receipt, a table and a sentence.
func TestHTMLReportWithoutScript(t *testing.T) {
	rep := incidentReport(t, 1000)
	path := htmlPage(t, rep)
	b := newTab(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	runOne(b, chromedp.Navigate("file://"+path+"#"+rep.Findings[0].Fingerprint))
	text := runOne(b, chromedp.Text(chromedp.CSS("body")))
	for _, part := range []string{"leaked secrets are alive", "The first 200 of", "Without JavaScript", "services/payments/config/prod-0.env", "Coverage: incomplete"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q without a script", part)
		}
	}
	b.quiet()
}

// TestHTMLReportPrints looks at what goes onto paper: the table in place of the list, what was not read by its names, and the secret that is open.
func TestHTMLReportPrints(t *testing.T) {
	rep := incidentReport(t, 60)
	for i := range 20 {
		rep.Findings[0].Exposure.Refs = append(rep.Findings[0].Exposure.Refs, fmt.Sprint("refs/heads/topic-", i))
	}
	b := newTab(t)
	for _, width := range []int64{1280, 390} {
		b.size(width, 900)
		b.open(htmlPage(t, rep), "#"+rep.Findings[0].Fingerprint)
		b.until("document.querySelector('.detail').open")
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		text := eval[string](b, "document.body.innerText")
		for _, part := range []string{"How it is ended", "export TOKEN_0=", "AWS access key", "Coverage: incomplete"} {
			if !strings.Contains(text, part) {
				t.Errorf("%d: no %q on paper", width, part)
			}
		}
		for _, part := range []string{"Copy", "Close", "Group by", "Sort by"} {
			if strings.Contains(text, part) {
				t.Errorf("%d: %q is on paper", width, part)
			}
		}
		if hidden := eval[int](b, "[...document.querySelectorAll('.detail details li, .detail .place details code')].filter((e) => !e.checkVisibility()).length"); hidden > 0 {
			t.Errorf("%d: %d folded steps and refs are not on paper", width, hidden)
		}
		if shown := eval[bool](b, "document.querySelector('.list').checkVisibility() || !document.querySelector('.secrets').checkVisibility()"); shown {
			t.Errorf("%d: the list of the screen is on paper", width)
		}
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	}
	if pdf := runOne(b, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize())); !strings.HasPrefix(string(pdf), "%PDF") {
		t.Error("it cannot be printed")
	}
}

// TestHTMLReportLarge opens 10,000 findings and scrolls through them. The figures are logged; the bounds are loose, for slow machines.
func TestHTMLReportLarge(t *testing.T) {
	path := htmlPage(t, incidentReport(t, 10_000))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.open(path, "") // a first time, so that the browser has started
	begin := time.Now()
	b.open(path, "")
	opened := time.Since(begin)
	paint := eval[float64](b, "performance.getEntriesByName('first-contentful-paint')[0].startTime")
	ready := eval[float64](b, "performance.getEntriesByType('navigation')[0].loadEventEnd || performance.now()")
	choose(b, "Group by", "none")
	frames := eval[[]float64](b, `new Promise((done) => {
		const times = []; let last = performance.now(), n = 0;
		const step = (now) => { times.push(now - last); last = now; scrollBy(0, 400); if (++n < 200) requestAnimationFrame(step); else done(times); };
		requestAnimationFrame(step);
	})`)
	slow, worst := 0, 0.0
	for _, f := range frames[1:] {
		worst = max(worst, f)
		if f > 50 {
			slow++
		}
	}
	rows := eval[int](b, "document.querySelectorAll('.list li').length")
	search := eval[float64](b, `new Promise((done) => { const q = document.querySelector('input[type=search]'), status = document.querySelector('[role=status]'), before = status.textContent, t = performance.now();
		q.value = 'terraform staging'; q.dispatchEvent(new Event('input')); const look = () => status.textContent !== before ? done(performance.now() - t) : requestAnimationFrame(look); look(); })`)
	t.Logf("%d MB; first paint %.0f ms, loaded %.0f ms, %s with the test's own waiting; 200 frames of scrolling: worst %.0f ms, %d above 50 ms; %d rows in the page; a search: %.0f ms",
		info.Size()>>20, paint, ready, opened.Round(time.Millisecond), worst, slow, rows, search)
	if ready > 10_000 || slow > 100 || rows > 100 {
		t.Errorf("ready after %.0f ms, %d slow frames, %d rows", ready, slow, rows)
	}
	b.quiet()
}
