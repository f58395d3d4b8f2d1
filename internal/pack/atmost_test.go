package pack

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// TestGetAtMost asks for loose and packed objects, deltas among them, with limits around their sizes.
func TestGetAtMost(t *testing.T) {
	r := newRepo(t)
	big := bytes.Repeat([]byte("a line of a file\n"), 4000)
	var ids []ID
	list := ""
	for i := range 4 {
		content := append(bytes.Clone(big[:len(big)-1000*i]), byte('0'+i))
		out := string(bytes.TrimSpace(r.git(bytes.NewReader(content), "hash-object", "-w", "--stdin")))
		id, err := ParseID(out)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		list += out + "\n"
	}
	check := func(how string) {
		t.Helper()
		s, err := Open(r.objects(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i, id := range ids {
			size := int64(len(big) - 1000*i + 1)
			for _, limit := range []int64{0, 1, size - 1, size, size + 1, 1 << 40} {
				typ, data, err := s.GetAtMost(id, limit)
				var large *TooLargeError
				switch {
				case limit > 0 && limit < size:
					if !errors.As(err, &large) || large.Size != size || large.Limit != limit {
						t.Errorf("%s, %d bytes, limit %d: %v", how, size, limit, err)
					}
				case err != nil || typ != Blob || int64(len(data)) != size:
					t.Errorf("%s, %d bytes, limit %d: %d bytes, %v", how, size, limit, len(data), err)
				}
			}
		}
	}
	check("loose")
	r.git(strings.NewReader(list), "pack-objects", "-q", filepath.Join(r.objects(), "pack", "pack"))
	r.git(nil, "prune-packed")
	check("packed")
}
