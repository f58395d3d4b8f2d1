package diagnose

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// engine is what every test searches and asks with; it is made once.
var engine = sync.OnceValues(func() (*scanner.Scanner, error) {
	return scanner.New(rules.Builtin(), scanner.Options{MinConfidence: rules.LowConfidence, IncludeExamples: true})
})

// said is how a rule says what is to be asked; it is made once.
var said = sync.OnceValues(rules.BuiltinWithDocs)

// made returns the text of an example template: a credential of nobody, made anew in each run.
func made(t testing.TB, template string) string {
	t.Helper()
	text, err := rules.Expand(template, t.Name()+time.Now().String())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reply is an answer of a provider. Headers are "Name: value".
type reply struct {
	status  int
	body    string
	headers []string
}

// once is the secret of a stand-in that cannot tell by what a request holds: the first one has it.
const once = "once"

// stand answers for a provider: what it is given to requests that hold the secret, and refused to all others.
type stand struct {
	*httptest.Server
	mu    sync.Mutex
	asked int
}

func newStand(t testing.TB, secret string, r, refused reply) *stand {
	s := &stand{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		s.asked++
		first := s.asked == 1
		s.mu.Unlock()
		a := refused
		if sent := fmt.Sprint(req.Header); secret == "" || secret == once && first || strings.Contains(sent, secret) {
			a = r
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "60") // nobody waits that long, so tests do not wait
		for _, h := range a.headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.body))
	}))
	t.Cleanup(s.Close)
	return s
}

// world is what a diagnosis looks at in a test.
type world struct {
	env, files map[string]string
	// endpoint stands for the provider's hosts; empty means that nobody may be asked.
	endpoint string
}

// with returns the world with more variables: NAME, VALUE, and so on.
func (w world) with(pairs ...string) world {
	env := maps.Clone(w.env)
	if env == nil {
		env = map[string]string{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	w.env = env
	return w
}

func (w world) input(t testing.TB, way string) Input {
	t.Helper()
	search, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	set, err := said()
	if err != nil {
		t.Fatal(err)
	}
	in := Input{
		Way: way, Env: func(name string) string { return w.env[name] }, Endpoints: map[string]string{},
		Read: func(path string) ([]byte, error) {
			if text, ok := w.files[strings.ReplaceAll(path, `\`, "/")]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
		Find: func(ctx context.Context, text string) ([]scanner.Finding, error) {
			res, err := search.Scan(ctx, oneText(text), nil)
			if err != nil {
				return nil, err
			}
			return res.Findings, nil
		},
		Provider: func(id string) string {
			if r := set.Lookup(id); r != nil {
				return r.Provider
			}
			return ""
		},
		Ask: func(context.Context, *scanner.Finding) (*verify.Exchange, string, error) {
			return nil, "nobody may be asked in this test", nil
		},
	}
	if w.endpoint != "" {
		in.Endpoints[wayOf(way).provider] = w.endpoint
		v, err := verify.New(set, verify.Options{Endpoints: in.Endpoints})
		if err != nil {
			t.Fatal(err)
		}
		in.Ask = func(ctx context.Context, f *scanner.Finding) (*verify.Exchange, string, error) {
			x, err := v.Ask(ctx, f)
			return &x, "", err
		}
	}
	return in
}

// oneText is a source of one text.
type oneText string

func (o oneText) Walk(_ context.Context, _ *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return visit(&scanner.Chunk{Data: []byte(o), Location: scanner.Location{Kind: scanner.KindStdin}})
}

// run diagnoses and sees to it that there are eight steps and no secret in them.
func (w world) run(t testing.TB, way string, secrets ...string) *Result {
	t.Helper()
	res, err := Run(t.Context(), w.input(t, way))
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Steps) != 8 {
		t.Fatalf("%d steps", len(res.Steps))
	}
	text := shown(res)
	for _, secret := range secrets {
		for i := 16; i+12 <= len(secret); i++ {
			if strings.Contains(text, secret[i:i+12]) {
				t.Fatalf("a piece of the secret is shown:\n%s", text)
			}
		}
	}
	for i, s := range res.Steps {
		if len(s.Remarks) == 0 {
			t.Errorf("step %d says nothing", i+1)
		}
	}
	return res
}

// shown is a result as text: "3 wrong: words".
func shown(res *Result) string {
	var b strings.Builder
	for i, s := range res.Steps {
		for _, m := range s.Remarks {
			fmt.Fprintf(&b, "%d %s: %s\n", i+1, m.Grade, m.Text)
		}
	}
	return strings.ReplaceAll(b.String(), `\`, "/") // paths of Windows
}

// expect complains about each wanted line that no line begins with, up to "*", which stands for anything.
func expect(t testing.TB, res *Result, want ...string) {
	t.Helper()
	text := shown(res)
	for _, w := range want {
		head, part, _ := strings.Cut(w, "*")
		ok := false
		for line := range strings.Lines(text) {
			ok = ok || strings.HasPrefix(line, head) && strings.Contains(line[len(head):], part)
		}
		if !ok {
			t.Errorf("no line %q in\n%s", w, text)
		}
	}
}

// refuse complains about each text that is in a result.
func refuse(t testing.TB, res *Result, texts ...string) {
	t.Helper()
	all := shown(res)
	for _, text := range texts {
		if strings.Contains(all, text) {
			t.Errorf("%q is in\n%s", text, all)
		}
	}
}
