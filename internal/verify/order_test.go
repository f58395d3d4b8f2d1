package verify

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// moody is a server whose answer about a credential depends on nothing else: alive, restricted, expired, dead, or something strange.
func moody(known map[string]int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		mood, ok := known[r.URL.Path+r.Header.Get("Authorization")]
		if !ok {
			mood = 3
		}
		w.WriteHeader([]int{200, 403, 401, 401, 418}[mood])
		_, _ = io.WriteString(w, []string{`{"id":1,"email":"ann@acme.example"}`, `{"error":{"code":"scope"}}`, `{"error":{"code":"expired"}}`, `{"error":{"code":"invalid_key"}}`, `{}`}[mood])
	}
}

// The order of findings, the number of workers, and what an earlier run has kept, change nothing of what is said about a finding.
func TestOrderAndWorkersSayTheSame(t *testing.T) {
	at := time.Now().UTC()
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 7))
		known := map[string]int{}
		srv := serve(t, moody(known))
		mood := func(of string) int {
			h := fnv.New32()
			_, _ = fmt.Fprint(h, seed, of)
			return int(h.Sum32() % 5)
		}
		var all []scanner.Finding
		for n := range 12 {
			secret := key("acme-key", "Known", n)
			known["/v1/me"+"Bearer "+secret] = mood(secret)
			for range 1 + random.IntN(3) {
				all = append(all, finding("acme-key", secret))
			}
			// The same text is found by another rule, too, about which nobody is asked.
			all = append(all, finding("acme-hook", secret))
		}
		for n := range 8 {
			secret := key("acme-pair", "Known", n)
			for i := range 1 + random.IntN(maxPairings) {
				id := fmt.Sprintf("id-00000%d", i)
				request := http.Request{Header: http.Header{}}
				request.SetBasicAuth(id, secret)
				known["/v1/"+id+request.Header.Get("Authorization")] = mood(id + secret)
				all = append(all, scanner.NewFinding("acme-pair", scanner.NewSecret(secret, 9), map[string]scanner.Secret{"acme_id": scanner.NewIdentifier(id)}))
			}
			all = append(all, finding("acme-pair", secret)) // its id is not near
		}
		for i := range all {
			all[i].Fingerprint, all[i].Severity = fmt.Sprint(i), rules.High
		}
		run := func(workers int, order []int, folder *cache.Cache) []string {
			fs := make([]scanner.Finding, len(all))
			for i, from := range order {
				fs[i] = all[from]
			}
			v := verifier(t, srv, func(o *Options) { o.Workers, o.Cache, o.Now = workers, folder, func() time.Time { return at } })
			if err := v.Verify(t.Context(), fs, nil); err != nil {
				t.Fatal(err)
			}
			out := make([]string, len(all))
			for i, from := range order {
				if f := &fs[i]; f.Verification != nil { // how often it was asked about, and whether at all, is not about the finding
					f.Verification.Cached, f.Verification.Attempts = false, 0
				}
				text, err := json.Marshal(fs[i])
				if err != nil {
					t.Fatal(err)
				}
				out[from] = string(text)
			}
			return out
		}
		inOrder := make([]int, len(all))
		for i := range inOrder {
			inOrder[i] = i
		}
		want := run(1, inOrder, nil)
		folder := openCache(t, t.TempDir())
		for _, workers := range []int{1, 16, 16} {
			order := slices.Clone(inOrder)
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			for i, got := range run(workers, order, folder) {
				if got != want[i] {
					t.Fatalf("seed %d, %d workers: finding %d\n%s\nand\n%s", seed, workers, i, got, want[i])
				}
			}
		}
	}
}

// One verifier may be asked by several at once.
func TestSeveralAskAtOnce(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	srv := serve(t, only(secret, 200, nil, `{"id":1}`))
	v := verifier(t, srv, func(o *Options) { o.Cache = openCache(t, t.TempDir()) })
	var wg sync.WaitGroup
	for who := range 8 {
		wg.Go(func() {
			for i := range 5 {
				fs := []scanner.Finding{finding("acme-key", secret), finding("acme-key", key("acme-key", "Other", 100*who+i))}
				if err := v.Verify(t.Context(), fs, nil); err != nil || fs[0].Verdict != scanner.Live || fs[1].Verdict != scanner.Dead {
					t.Errorf("%s, %s, %v", fs[0].Verdict, fs[1].Verdict, err)
				}
				if x, err := v.Ask(t.Context(), &fs[0]); err != nil || x.Result.Verdict != scanner.Live {
					t.Errorf("%s, %v", x.Result.Verdict, err)
				}
			}
		})
	}
	wg.Wait()
}
