package main

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// counter is Anthropic on this machine, and counts who is asked about.
type counter struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

// startCounter answers each request with answer.
func startCounter(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, key string)) *counter {
	c := &counter{asked: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("X-Api-Key")
		c.mu.Lock()
		c.asked[key]++
		c.mu.Unlock()
		answer(w, r, key)
	}))
	t.Cleanup(func() { c.CloseClientConnections(); c.Close() })
	return c
}

// taken returns how often each key was asked about since the last call; others are the negative controls.
func (c *counter) taken(keys ...string) (each []int, others int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		each = append(each, c.asked[k])
		delete(c.asked, k)
	}
	for _, n := range c.asked {
		others += n
	}
	clear(c.asked)
	return each, others
}

// TestSafetyOnce: one request for each secret of a rule, wherever it stands, and one negative control for a rule and host; what an
// earlier run was told is not asked again.
func TestSafetyOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: nothing is kept there")
	}
	s := newStage(t, nil)
	one, _ := newAnthropic(t, "one")
	two, _ := newAnthropic(t, "two")
	gone, _ := newAnthropic(t, "gone")
	c := startCounter(t, func(w http.ResponseWriter, _ *http.Request, key string) { answerAnthropic(w, key == one || key == two) })
	at := []string{"--no-progress", "--verify", "--verify-endpoint", "anthropic=" + c.URL}
	for _, name := range []string{"a/x.env", "a/y.env", "b/x.yaml", "b/deep/er/z.json"} {
		s.write(name, "ANTHROPIC_API_KEY: \""+one+"\"\nOTHER: \""+two+"\"\n\n\nLAST: \""+gone+"\"\n")
	}
	s.git("init", "-q")
	s.git("add", ".")
	s.git("commit", "-qm", "leak of "+one)
	expect := func(what string, each, controls int, args ...string) {
		t.Helper()
		r := s.skant("", append(args, at...)...)
		got, others := c.taken(one, two, gone)
		if r.code != exitFindings || got[0] != each || got[1] != each || got[2] != each || others != controls {
			t.Errorf("%s: status %d, asked %v times and %d controls\n%s", what, r.code, got, others, r.errors)
		}
	}
	expect("several targets", 1, 1, "scan", "a", "b", "a/x.env")
	expect("another command", 0, 0, "scan", "b")
	expect("a history", 0, 0, "history")
	expect("without what is kept", 1, 1, "history", "--no-cache")
	expect("ci", 1, 1, "ci", "--event", "history", "--no-cache")
	if r := s.skant("", append([]string{"scan", "a", "--verify-dry-run"}, at...)...); strings.Count(r.errors, "Would ask") != 3 {
		t.Errorf("a dry run\n%s", r.errors)
	}
	if got, others := c.taken(one, two, gone); got[0]+got[1]+got[2]+others != 0 {
		t.Errorf("a dry run asked %v and %d", got, others)
	}
}

// TestSafetyLiar: a server that takes everything proves nothing, and is not remembered.
func TestSafetyLiar(t *testing.T) {
	s := newStage(t, nil)
	c := startCounter(t, func(w http.ResponseWriter, _ *http.Request, _ string) { answerAnthropic(w, true) })
	var keys []string
	for i := range 5 {
		key, _ := newAnthropic(t, string(rune('a'+i)))
		keys = append(keys, key)
		s.write(key[20:26]+".env", "ANTHROPIC_API_KEY="+key+"\n")
	}
	for range 2 {
		rep, r := s.report("--verify-endpoint", "anthropic="+c.URL)
		for _, f := range rep.Findings {
			if f.Verdict != scanner.Unknown || f.Severity != "critical" || len(f.Verification.Learned) > 0 || !strings.Contains(f.Verification.Says, "made-up credential") {
				t.Errorf("%s %s %+v", f.Verdict, f.Severity, f.Verification)
			}
		}
		if got, others := c.taken(keys...); len(rep.Findings) != 5 || others != 1 || got[0] != 1 || got[4] != 1 {
			t.Errorf("%d findings; asked %v and %d controls\n%s", len(rep.Findings), got, others, r.errors)
		}
	}
}

// awsID makes an access-key id of an account: its number stands in the digits of base32 after the prefix.
func awsID(t testing.TB, account uint64) string {
	t.Helper()
	b := binary.BigEndian.AppendUint64(nil, account<<7|1<<47)
	return "AK" + "IA" + base32.StdEncoding.EncodeToString(append(b[2:], 1, 2, 3, 4))
}

// TestSafetyCanaries: nobody is asked about a canary unless that is asked for, and it is not called harmless.
func TestSafetyCanaries(t *testing.T) {
	s := newStage(t, nil)
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(http.StatusForbidden) }))
	defer srv.Close()
	s.write("credentials", "[default]\naws_access_key_id = "+awsID(t, 171436882533)+"\naws_secret_access_key = "+newSecret(t, `<<b64 40>>`, "canary")+"\n")
	rep, r := s.report("--verify-endpoint", "aws="+srv.URL)
	if len(rep.Findings) != 1 || asked != 0 || rep.Findings[0].Verdict != scanner.Uncheckable || !strings.Contains(rep.Findings[0].Verification.Says, "canary") {
		t.Errorf("asked %d times: %s", asked, r.out)
	}
	if _, r := s.report("--verify-endpoint", "aws="+srv.URL, "--verify-canaries"); asked == 0 {
		t.Errorf("not asked\n%s", r.out)
	}
}

// TestSafetyInterrupted: a run that is ended while it asks keeps what it was told, says what is missing, and is not complete.
func TestSafetyInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: no signal can be sent to one process there")
	}
	for _, how := range []string{"interrupt", "timeout"} {
		t.Run(how, func(t *testing.T) {
			s := newStage(t, nil)
			dead, _ := newAnthropic(t, "dead")
			slow, _ := newAnthropic(t, "slow")
			reached, answered := make(chan bool, 9), make(chan bool)
			var once sync.Once
			c := startCounter(t, func(w http.ResponseWriter, r *http.Request, key string) {
				if key == dead {
					answerAnthropic(w, false)
					once.Do(func() { close(answered) })
					return
				}
				<-answered
				reached <- true
				<-r.Context().Done()
			})
			s.write("a.env", "ANTHROPIC_API_KEY="+dead+"\n")
			s.write("b.env", "ANTHROPIC_API_KEY="+slow+"\n")
			args := []string{"scan", ".", "--no-progress", "--verify", "--verify-endpoint", "anthropic=" + c.URL, "-o", "json", "-o", "text=all.txt"}
			if how == "timeout" {
				args = append(args, "--timeout", "3s")
			}
			var out, errs bytes.Buffer
			cmd := s.command("skant", args...)
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-reached:
			case <-time.After(30 * time.Second):
				t.Fatalf("nobody was asked\n%s", errs.String())
			}
			time.Sleep(100 * time.Millisecond) // the first answer is on its way
			start := time.Now()
			if how == "interrupt" {
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait() // its status is looked at
			var rep scanner.Report
			if err := json.Unmarshal(out.Bytes(), &rep); err != nil {
				t.Fatalf("status %d, %v\n%s%s", cmd.ProcessState.ExitCode(), err, out.String(), errs.String())
			}
			if code := cmd.ProcessState.ExitCode(); code != exitFindings || rep.Coverage.Complete || time.Since(start) > 8*time.Second {
				t.Errorf("status %d, complete %v, after %v\n%s", code, rep.Coverage.Complete, time.Since(start), errs.String())
			}
			if len(rep.Findings) != 2 {
				t.Fatalf("%d findings", len(rep.Findings))
			}
			for _, f := range rep.Findings {
				want := scanner.Dead
				if f.Location.Path == "b.env" {
					want = scanner.NotAsked
				}
				if f.Verdict != want {
					t.Errorf("%s: %q, not %q", f.Location.Path, f.Verdict, want)
				}
			}
			if !strings.Contains(out.String(), "asking the providers ended early") {
				t.Errorf("it is not told\n%s", out.String())
			}
			if info, err := os.Stat(filepath.Join(s.work, "all.txt")); err != nil || info.Size() == 0 {
				t.Errorf("the second output: %v", err)
			}
		})
	}
}

// TestSafetyCache: what is kept is the user's own, whatever the umask, and what is not whole or not the user's is not believed.
func TestSafetyCache(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: nothing is kept there")
	}
	s := newStage(t, nil)
	dead, public := newAnthropic(t, "dead")
	live, _ := newAnthropic(t, "live")
	h := hushed{}
	h.add("dead key", dead, public)
	h.add("living key", live, public)
	c := startCounter(t, func(w http.ResponseWriter, _ *http.Request, key string) { answerAnthropic(w, key == live) })
	s.write("a.env", "ANTHROPIC_API_KEY="+dead+"\n")
	s.write("b.env", "ANTHROPIC_API_KEY="+live+"\n")
	asks := func(what string, want int) string {
		t.Helper()
		rep, r := s.report("--verify-endpoint", "anthropic="+c.URL)
		got, _ := c.taken(dead, live)
		if len(rep.Findings) != 2 || got[0] != want || got[1] != want || rep.Findings[0].Verdict != scanner.Dead && rep.Findings[1].Verdict != scanner.Dead {
			t.Errorf("%s: asked %v times\n%s%s", what, got, r.out, r.errors)
		}
		h.check(t, s, what, r)
		return r.errors
	}
	files := func() (records []string) {
		t.Helper()
		err := filepath.WalkDir(s.cache, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err == nil && path != s.cache && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has the mode %v", path, info.Mode())
			}
			if err == nil && !e.IsDir() && strings.Contains(path, "verdicts") {
				records = append(records, path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return records
	}
	change := func(path string, edit func([]byte) []byte) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, edit(data), 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}
	asks("the first run", 1)
	asks("the second run", 0)
	records := files()
	if len(records) != 1 {
		t.Fatalf("%v", records)
	}
	for what, edit := range map[string]func([]byte) []byte{
		"a changed byte": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut short":      func(b []byte) []byte { return b[:len(b)/2] },
		"empty":          func([]byte) []byte { return nil },
		"a later format": func(b []byte) []byte { b[len("skant cache\n")+3]++; return b },
		"nonsense":       func([]byte) []byte { return []byte(`{"key":"","entries":{}}`) },
	} {
		change(records[0], edit)
		asks(what, 1)
		asks(what+", and then", 0)
	}
	if err := os.Chmod(records[0], 0o666); err != nil { // a file that others may write to
		t.Error(err)
	}
	asks("a record of others", 1)
	if err := os.Chmod(filepath.Dir(records[0]), 0o777); err != nil {
		t.Error(err)
	}
	if told := asks("a folder that others may write to", 1); !strings.Contains(told, "answers are not kept") {
		t.Errorf("it is not told: %s", told)
	}
	// A folder that is a link, and one in place of which stands a file.
	real := filepath.Join(s.dir, "real")
	if err := os.MkdirAll(filepath.Join(real, "verdicts"), 0o700); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(s.cache); err != nil {
		t.Error(err)
	}
	if err := os.Symlink(real, s.cache); err != nil {
		unsupported(t, err)
	}
	asks("a link to a folder of the user", 1)
	if err := os.Remove(s.cache); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(s.cache, 0o700); err != nil {
		t.Error(err)
	}
	s.cache = filepath.Join(s.dir, "cache")
	if err := os.WriteFile(filepath.Join(s.cache, "verdicts"), []byte("mine"), 0o600); err != nil {
		t.Error(err)
	}
	if told := asks("a file in its place", 1); !strings.Contains(told, "answers are not kept") {
		t.Errorf("it is not told: %s", told)
	}
	if data, err := os.ReadFile(filepath.Join(s.cache, "verdicts")); err != nil || string(data) != "mine" {
		t.Errorf("the file is now %q, %v", data, err)
	}
	// Whatever the umask says.
	if err := os.Remove(filepath.Join(s.cache, "verdicts")); err != nil {
		t.Error(err)
	}
	for _, umask := range []string{"000", "077"} {
		cmd := s.command("sh", "-c", `umask `+umask+`; exec skant scan . --verify --no-progress --verify-endpoint "anthropic=$0"`, c.URL)
		_ = cmd.Run() // it finds something
		if len(files()) != 1 {
			t.Error("nothing was kept")
		}
		if err := os.RemoveAll(filepath.Join(s.cache, "verdicts")); err != nil {
			t.Error(err)
		}
	}
}
