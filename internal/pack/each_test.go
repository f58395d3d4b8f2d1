package pack

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEachOptions(t *testing.T) {
	r := newRepo(t)
	r.fill(1, 200, false)
	r.git(nil, "repack", "-q", "-adf")
	r.fill(2, 20, true)
	all := r.oracle()
	s := open(t, r.objects(), Options{})

	t.Run("totals", func(t *testing.T) {
		var total, last int64
		calls := 0
		each(t, s, EachOptions{Total: func(n int64) { total = n }, Progress: func(n int64) {
			if n < last {
				t.Errorf("progress goes from %d to %d", last, n)
			}
			last = n
			calls++
		}})
		if total != int64(len(all)) || last != total || calls < 2 {
			t.Errorf("total %d, progress up to %d in %d calls, want %d", total, last, calls, len(all))
		}
		if n := s.Count(); n == 0 || n > total {
			t.Errorf("Count() = %d", n)
		}
	})
	t.Run("types and skip", func(t *testing.T) {
		skip := func(id ID) bool { return id.b[0]%2 == 0 }
		want := map[string]content{}
		for id, c := range all {
			if parsed, _ := ParseID(id); !skip(parsed) && (c.Type == "blob" || c.Type == "tag") {
				want[id] = c
			}
		}
		got, problems := each(t, s, EachOptions{Types: []Type{Tag, Blob}, Skip: skip})
		if d := cmp.Diff(want, got); d != "" || len(problems) > 0 {
			t.Errorf("problems %v, -want +got:\n%s", problems, d)
		}
	})
	t.Run("no types", func(t *testing.T) {
		if got, _ := each(t, s, EachOptions{Types: []Type{}}); len(got) != 0 {
			t.Errorf("%d objects of no type", len(got))
		}
	})
	t.Run("worker numbers", func(t *testing.T) {
		var mu sync.Mutex
		inside := map[int]bool{}
		err := s.Each(context.Background(), EachOptions{Workers: 3}, func(w int, _ *Object) error {
			mu.Lock()
			if w < 0 || w > 2 || inside[w] {
				t.Errorf("worker %d, already at work: %v", w, inside[w])
			}
			inside[w] = true
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			inside[w] = false
			mu.Unlock()
			return nil
		}, func(p Problem) { t.Error(p) })
		if err != nil {
			t.Error(err)
		}
	})
}

func TestEachStops(t *testing.T) {
	r := newRepo(t)
	r.fill(1, 50, false)
	s := open(t, r.objects(), Options{})
	t.Run("error of visit", func(t *testing.T) {
		stop := errors.New("enough")
		err := s.Each(context.Background(), EachOptions{}, func(int, *Object) error { return stop }, func(Problem) {})
		if !errors.Is(err, stop) {
			t.Errorf("Each returns %v", err)
		}
	})
	t.Run("cancelled before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := s.Each(ctx, EachOptions{}, func(int, *Object) error { t.Error("visited"); return nil }, func(Problem) {})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Each returns %v", err)
		}
	})
	t.Run("cancelled meanwhile", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var mu sync.Mutex
		n := 0
		err := s.Each(ctx, EachOptions{Workers: 2}, func(int, *Object) error {
			mu.Lock()
			defer mu.Unlock()
			if n++; n == 10 {
				cancel()
				// The run is told from another goroutine.
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		}, func(Problem) {})
		if !errors.Is(err, context.Canceled) || n > 20 {
			t.Errorf("Each returns %v after %d objects", err, n)
		}
	})
}

// TestOneTreeIsShared has a single base with many deltas, and deltas of those: two workers meet only if one of them
// gives the other a part.
func TestOneTreeIsShared(t *testing.T) {
	base := object(Blob, strings.Repeat("base", 100))
	entries := []entry{base}
	for i := range 20 {
		text := string(base.data)
		from := 0
		for k := range 20 {
			tail := fmt.Sprintf(" %d.%d", i, k)
			e := child(ofsDelta, text, tail)
			e.back = from
			from = len(entries)
			entries = append(entries, e)
			text += tail
		}
	}
	dir := newStoreDir(t)
	addPack(t, dir, "pack-test", entries...)
	s := open(t, dir, Options{})
	var mu sync.Mutex
	byWorker := map[int]int{}
	seen := map[ID]bool{}
	err := s.Each(context.Background(), EachOptions{Workers: 2}, func(w int, o *Object) error {
		if idOf(o.Type, o.Data) != o.ID {
			t.Errorf("content of %s is not its own", o.ID)
		}
		time.Sleep(100 * time.Microsecond)
		mu.Lock()
		defer mu.Unlock()
		byWorker[w]++
		seen[o.ID] = true
		return nil
	}, func(p Problem) { t.Error(p) })
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != len(entries) || byWorker[0] < 50 || byWorker[1] < 50 {
		t.Errorf("%d of %d objects, by worker %v", len(seen), len(entries), byWorker)
	}
}

// TestEachWhileGetting reads one store in several ways at once, for the race detector.
func TestEachWhileGetting(t *testing.T) {
	r := newRepo(t)
	r.fill(1, 40, false)
	want := r.oracle()
	s := open(t, r.objects(), Options{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			err := s.Each(context.Background(), EachOptions{}, func(_ int, o *Object) error {
				typ, data, err := s.Get(o.ID)
				if err == nil && (typ != o.Type || string(data) != string(o.Data)) {
					err = errors.New("Get and Each differ")
				}
				return err
			}, func(p Problem) { t.Error(p) })
			if err != nil {
				t.Error(err)
			}
			_ = s.Problems()
		})
	}
	wg.Go(func() { checkAccess(t, s, want) })
	wg.Wait()
}

func TestID(t *testing.T) {
	for _, text := range []string{strings.Repeat("0a", 20), strings.Repeat("f1", 32)} {
		id, err := ParseID(text)
		if err != nil || id.String() != text || id.IsZero() {
			t.Errorf("ParseID(%q) = %q, %v", text, id, err)
		}
		if same, ok := IDFromBytes(id.Bytes()); !ok || same != id || same.Compare(id) != 0 {
			t.Errorf("IDFromBytes(%x) = %s", id.Bytes(), same)
		}
		if id.Compare(ID{}) != 1 || (ID{}).Compare(id) != -1 {
			t.Errorf("%s does not come after no id", id)
		}
	}
	for _, text := range []string{"", "0a", strings.Repeat("0", 39), strings.Repeat("0g", 20), strings.Repeat("é", 20), strings.Repeat("0", 1000)} {
		if id, err := ParseID(text); err == nil || !id.IsZero() || len(err.Error()) > 200 {
			t.Errorf("ParseID(%q) = %s, %v", text, id, err)
		}
	}
	if _, ok := IDFromBytes(make([]byte, 21)); ok {
		t.Error("21 bytes are an id")
	}
	if (ID{}).String() != "" || !(ID{}).IsZero() {
		t.Error("the zero value is an id")
	}
}
