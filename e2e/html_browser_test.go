//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeVersion is that of the accessibility checker, which npm brings.
const axeVersion = "4.14.1"

// tab is one of a real Chromium that writes down all that a page does beyond being shown.
type tab struct {
	ctx context.Context
	t   *testing.T

	mu       sync.Mutex
	requests []string
	trouble  []string
}

// newTab starts a Chromium for which no name of a host resolves.
func newTab(t *testing.T) *tab {
	t.Helper()
	path := require(t, "chromium", "apt-get install chromium")
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"))
	limited, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	alloc, stopAlloc := chromedp.NewExecAllocator(limited, opts...)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("close the browser: %v", err)
		}
		stop()
		stopAlloc()
		cancel()
	})
	b := &tab{ctx: ctx, t: t}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, cdplog.Enable, cdp.Empty{})
	b.size(1280, 900)
	return b
}

func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *cdplog.EventEntryAdded:
		b.trouble = append(b.trouble, string(e.Entry.Source)+": "+e.Entry.Text)
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			what += " " + x.Description
		}
		b.trouble = append(b.trouble, what)
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, "console."+string(e.Type))
	case *page.EventJavascriptDialogOpening:
		b.trouble = append(b.trouble, "dialog: "+e.Message)
	}
}

// call sends a command of the protocol.
func call[P, R any](b *tab, cmd cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, cmd, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// runOne takes an action and returns what it gives.
func runOne[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// eval evaluates an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return runOne(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

// scheme sets light or dark.
func (b *tab) scheme(name string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
}

func (b *tab) click(selector string) {
	b.t.Helper()
	at := eval[[]float64](b, "(() => { const e = document.querySelector("+strconv.Quote(selector)+"); e.scrollIntoView({block: 'nearest'}); "+
		"const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
	runOne(b, chromedp.MouseClickXY(at[0], at[1]))
}

func (b *tab) keys(keys string) {
	b.t.Helper()
	runOne(b, chromedp.KeyEvent(keys))
}

// open shows a page and waits until its script has done its work.
func (b *tab) open(path, fragment string) {
	b.t.Helper()
	runOne(b, chromedp.Navigate("about:blank"))
	runOne(b, chromedp.Navigate("file://"+path+fragment))
	b.until("document.readyState === 'complete' && (!document.getElementById('explorer') || document.documentElement.hasAttribute('data-ready'))")
}

// until waits for something to become true in the page.
func (b *tab) until(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !eval[bool](b, "!!("+expression+")") {
		if time.Now().After(deadline) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.t.Fatalf("it does not become true: %s; %s", expression, strings.Join(b.trouble, "; "))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// quiet fails if the page did anything but be shown: a request beyond itself, a violation of its policy, an error, a dialog.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.requests {
		if url != "about:blank" && !strings.HasPrefix(url, "file:///") {
			b.t.Errorf("the page asks for %s", url)
		}
	}
	for _, line := range b.trouble {
		b.t.Errorf("the browser says: %s", line)
	}
}

// axe is the source of the accessibility checker.
func axe(t *testing.T) string {
	t.Helper()
	npm := require(t, "npm", "install npm, which fetches axe-core "+axeVersion)
	folder := t.TempDir()
	out, err := exec.Command(npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--prefix", folder, "axe-core@"+axeVersion).CombinedOutput()
	if err != nil {
		missing(t, "npm install axe-core@"+axeVersion+": "+err.Error()+"\n"+string(out))
	}
	source, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}
