package verify

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// Ten thousand findings of a thousand secrets: each is asked about once, by no more workers than allowed.
func TestThroughput(t *testing.T) {
	const secrets, workers = 1000, 32
	delay := 5 * time.Millisecond
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
	})
	fs := manyFindings(secrets, 10)
	if err := verifier(t, srv, func(o *Options) { o.Workers = workers }).Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	if srv.count() != secrets || srv.atMost > workers {
		t.Errorf("%d requests, %d at once", srv.count(), srv.atMost)
	}
	for i := range fs {
		if fs[i].Verdict != scanner.Dead {
			t.Fatalf("finding %d: %s", i, fs[i].Verdict)
		}
	}
}

func manyFindings(secrets, each int) []scanner.Finding {
	var fs []scanner.Finding
	for i := range secrets * each {
		fs = append(fs, finding("acme-key", key("acme-key", "Many", i%secrets)))
	}
	return fs
}

func BenchmarkVerify(b *testing.B) {
	srv := serve(b, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
	})
	b.ReportAllocs()
	for b.Loop() {
		v := verifier(b, srv, nil)
		if err := v.Verify(context.Background(), manyFindings(1000, 10), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(srv.atMost), "at-once")
}
