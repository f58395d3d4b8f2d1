package pack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// samplePack has an object of each sort of entry.
func samplePack() (pack, idx []byte, ids map[string]bool) {
	entries := []entry{
		object(Commit, "tree and so on"), object(Tree, ""), object(Tag, "object and so on"),
		object(Blob, "base "), child(ofsDelta, "base ", "one"), child(refDelta, "base ", "two"),
		child(refDelta, "base one", " and more"), object(Blob, strings.Repeat("long text ", 50)),
	}
	entries[4].back = 3
	pack, idx = buildPack(entries)
	ids = map[string]bool{}
	for _, e := range entries {
		ids[e.id.String()] = true
	}
	return pack, idx, ids
}

// checkDamaged reads a store that was damaged: what is visited is what its id says, and what is not visited is reported.
func checkDamaged(t *testing.T, what string, pack, idx []byte, ids map[string]bool) {
	t.Helper()
	dir := newStoreDir(t)
	writeFile(t, pack, dir, "pack", "pack-test.pack")
	writeFile(t, idx, dir, "pack", "pack-test.idx")
	checkDamagedStore(t, what, dir, ids, EachOptions{Workers: 1})
	checkDamagedStore(t, what+", streamed", dir, ids, EachOptions{Workers: 1, StreamAbove: 1})
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

func checkDamagedStore(t *testing.T, what, dir string, ids map[string]bool, opt EachOptions) {
	t.Helper()
	s, err := Open(dir, Options{MaxObject: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	seen, problems := each(t, s, opt)
	opened := len(s.packList()) == 1
	if len(problems) == 0 && len(s.Problems()) == 0 && len(seen) != len(ids) {
		t.Errorf("%s: %d of %d objects, and nothing is said", what, len(seen), len(ids))
	}
	for id := range ids {
		_, visited := seen[id]
		_, reported := problems[id]
		if opened && !visited && !reported && len(s.Problems()) == 0 {
			t.Errorf("%s: %s is neither visited nor reported", what, id)
		}
		if parsed, _ := ParseID(id); visited {
			if typ, data, err := s.Get(parsed); err != nil || idOf(typ, data) != parsed {
				t.Errorf("%s: %s is visited, Get says %v", what, id, err)
			}
		}
	}
	for id := range seen {
		if !ids[id] {
			t.Errorf("%s: %s is visited, which was never stored", what, id)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestDamagedPack(t *testing.T) {
	pack, idx, ids := samplePack()
	checkDamaged(t, "sound", pack, idx, ids)
	for n := range pack {
		checkDamaged(t, fmt.Sprintf("pack cut at %d", n), pack[:n], idx, ids)
		flipped := bytes.Clone(pack)
		flipped[n] ^= 1 << (n % 8)
		checkDamaged(t, fmt.Sprintf("pack flipped at %d", n), flipped, idx, ids)
	}
}

func TestDamagedIndex(t *testing.T) {
	pack, idx, ids := samplePack()
	for n := range idx {
		checkDamaged(t, fmt.Sprintf("index cut at %d", n), pack, idx[:n], ids)
		flipped := bytes.Clone(idx)
		flipped[n] ^= 1 << (n % 8)
		checkDamaged(t, fmt.Sprintf("index flipped at %d", n), pack, flipped, ids)
	}
}

func TestIndexFaults(t *testing.T) {
	pack, idx, ids := samplePack()
	one := object(Blob, "one")
	otherPack, otherIdx := buildPack([]entry{one})
	unsorted := bytes.Clone(idx)
	// Without the fanout in the way: all ids claim to begin with the highest byte.
	copy(unsorted[8:8+fanoutSize], make([]byte, fanoutSize-4))
	copy(unsorted[8+fanoutSize:], bytes.Repeat([]byte{0xff}, 20))
	resum(unsorted)
	claims := bytes.Clone(idx)
	binary.BigEndian.PutUint32(claims[8+fanoutSize-4:], 1<<31)
	fewer := bytes.Clone(pack)
	fewer[11] = 7

	tests := map[string]struct {
		pack, idx []byte
		want      string
	}{
		"unsorted":                   {pack, unsorted, "ids are not sorted"},
		"claims more than it has":    {pack, claims, "claims"},
		"version 3":                  {pack, append([]byte("\xfftOc\x00\x00\x00\x03"), idx[8:]...), "version 3"},
		"empty index":                {pack, nil, "cut short"},
		"empty pack":                 {nil, idx, "cut short"},
		"not a pack":                 {append([]byte("PACT"), pack[4:]...), idx, "not a pack"},
		"index of another pack":      {otherPack, idx, "pack has 1 objects, its index 8"},
		"pack of another index":      {pack, otherIdx, "pack has 8 objects, its index 1"},
		"pack with another count":    {fewer, idx, "pack has 7 objects, its index 8"},
		"index without a checksum":   {pack, append(bytes.Clone(idx[:len(idx)-20]), make([]byte, 20)...), "does not match its checksum"},
		"index without a pack":       {nil, idx, "index has no pack"},
		"pack without an index":      {pack, nil, "pack has no index"},
		"a folder in place of both":  {nil, nil, "not a regular file"},
		"index with large leftovers": {pack, append(bytes.Clone(idx), make([]byte, 1024)...), "index has"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := newStoreDir(t)
			packPath, idxPath := filepath.Join(dir, "pack", "pack-test.pack"), filepath.Join(dir, "pack", "pack-test.idx")
			switch name {
			case "index without a pack":
				writeFile(t, test.idx, idxPath)
			case "pack without an index":
				writeFile(t, test.pack, packPath)
			case "a folder in place of both":
				writeFile(t, nil, packPath, "x")
				writeFile(t, nil, idxPath, "x")
			default:
				writeFile(t, test.pack, packPath)
				writeFile(t, test.idx, idxPath)
			}
			s := open(t, dir, Options{})
			seen, _ := each(t, s, EachOptions{})
			for id := range seen {
				if !ids[id] && id != one.id.String() {
					t.Errorf("%s is visited, which was never stored", id)
				}
			}
			var said strings.Builder
			for _, p := range s.Problems() {
				fmt.Fprintf(&said, "%s %s: %v\n", p.What, p.Name, p.Err)
			}
			if !strings.Contains(said.String(), test.want) {
				t.Errorf("problems are %q, want one that says %q", said.String(), test.want)
			}
		})
	}
}

// TestTemporaryFilesAreIgnored has the leftovers of an interrupted git, which are not objects, and no sign of damage.
func TestTemporaryFilesAreIgnored(t *testing.T) {
	dir := newStoreDir(t)
	for _, name := range []string{"tmp_pack_a1b2c3", "tmp_idx_a1b2c3", ".tmp-123-pack-456.pack", "tmp_rev_x", "pack-1.keep", "pack-1.bitmap"} {
		writeFile(t, []byte("unfinished"), dir, "pack", name)
	}
	for _, name := range []string{"ab/tmp_obj_x1y2z3", "ab/.DS_Store", "xy/file", "README", "abc/0123456789"} {
		writeFile(t, []byte("unfinished"), dir, name)
	}
	s := open(t, dir, Options{})
	seen, problems := each(t, s, EachOptions{})
	if len(seen)+len(problems)+len(s.Problems()) != 0 {
		t.Errorf("seen %v, problems %v and %v", seen, problems, s.Problems())
	}
}

func TestDamagedLooseObjects(t *testing.T) {
	tests := map[string]struct {
		file []byte
		want string
	}{
		"not compressed":   {[]byte("blob 4\x00text"), "inflate"},
		"empty":            {nil, "inflate"},
		"cut short":        {deflate([]byte("blob 4\x00text"))[:12], "inflate"},
		"no header":        {deflate(bytes.Repeat([]byte("x"), 100)), "no header"},
		"no size":          {deflate([]byte("blob\x00text")), "no header"},
		"unknown type":     {deflate([]byte("blub 4\x00text")), "unknown type"},
		"odd size":         {deflate([]byte("blob +4\x00text")), "bad size"},
		"padded size":      {deflate([]byte("blob 04\x00text")), "bad size"},
		"negative size":    {deflate([]byte("blob -4\x00text")), "bad size"},
		"too short":        {deflate([]byte("blob 5\x00text")), "shorter"},
		"too long":         {deflate([]byte("blob 3\x00text")), "longer"},
		"long and longer":  {deflate([]byte("blob 40\x00" + strings.Repeat("text", 11))), "longer"},
		"huge size":        {deflate([]byte("blob 99999999999\x00text")), "larger than the limit"},
		"size of 20 digit": {deflate([]byte("blob 99999999999999999999\x00text")), "bad size"},
		"another content":  {deflate([]byte("blob 4\x00tent")), "does not match the id"},
		"another type":     {deflate([]byte("tree 4\x00text")), "does not match the id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := newStoreDir(t)
			id, other := idOf(Blob, []byte("text")), object(Blob, "other")
			writeFile(t, test.file, loosePath(dir, id))
			writeLoose(t, dir, other.id, Blob, other.data)
			s := open(t, dir, Options{MaxObject: 1 << 20})
			seen, problems := each(t, s, EachOptions{})
			if err := problems[id.String()]; err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("problem is %v, want one that says %q", err, test.want)
			}
			if len(seen) != 1 || len(problems) != 1 {
				t.Errorf("%d seen, %d problems, want 1 and 1", len(seen), len(problems))
			}
			if _, _, err := s.Get(id); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Get says %v, want %q", err, test.want)
			}
			// A good copy in a pack, or in an alternate, makes it whole.
			writeLoose(t, filepath.Join(dir, "alt"), id, Blob, []byte("text"))
			if seen, problems := each(t, open(t, dir, Options{Extra: []string{filepath.Join(dir, "alt")}}), EachOptions{}); len(seen) != 2 || len(problems) != 0 {
				t.Errorf("with a copy elsewhere: %d seen, problems %v", len(seen), problems)
			}
			addPack(t, dir, "pack-test", object(Blob, "text"))
			if seen, problems := each(t, open(t, dir, Options{}), EachOptions{}); len(seen) != 2 || len(problems) != 0 {
				t.Errorf("with a copy in a pack: %d seen, problems %v", len(seen), problems)
			}
		})
	}
}

// TestLooseObjectsThatAreNotFiles has things that would make a careless reader wait or fail.
func TestLooseObjectsThatAreNotFiles(t *testing.T) {
	dir := newStoreDir(t)
	id := idOf(Blob, []byte("folder"))
	writeFile(t, nil, loosePath(dir, id), "x")
	writeFile(t, nil, dir, "00", strings.Repeat("0", 37))
	writeFile(t, nil, dir, "fe")
	if _, problems := each(t, open(t, dir, Options{}), EachOptions{}); len(problems) != 3 {
		t.Errorf("%d problems, want 3: %v", len(problems), problems)
	}
}

// TestGoodCopiesReplaceDamagedOnes has a damaged base in the larger pack, and everything made from it.
func TestGoodCopiesReplaceDamagedOnes(t *testing.T) {
	base := object(Blob, "base ")
	bad := base
	bad.data = []byte("evil ")
	bad.crcFlip = true
	one, two := child(refDelta, "base ", "one"), child(refDelta, "base one", "two")
	dir := newStoreDir(t)
	addPack(t, dir, "pack-a", bad, one, two)
	if seen, problems := each(t, open(t, dir, Options{}), EachOptions{}); len(seen) != 0 || len(problems) != 3 {
		t.Errorf("without a copy: %d seen, problems %v", len(seen), problems)
	}
	writeLoose(t, dir, base.id, Blob, base.data)
	s := open(t, dir, Options{})
	if seen, problems := each(t, s, EachOptions{}); len(seen) != 3 || len(problems) != 0 {
		t.Errorf("with a loose copy: %d seen, problems %v", len(seen), problems)
	}
	for _, e := range []entry{base, one, two} {
		if _, _, err := open(t, dir, Options{}).Get(e.id); err != nil {
			t.Error(err)
		}
	}
	// A delta whose base stands only outside of its pack.
	dir = newStoreDir(t)
	writeLoose(t, dir, base.id, Blob, base.data)
	addPack(t, dir, "pack-thin", one, two)
	if seen, problems := each(t, open(t, dir, Options{}), EachOptions{Types: []Type{Blob}}); len(seen) != 3 || len(problems) != 0 {
		t.Errorf("thin pack: %d seen, problems %v", len(seen), problems)
	}
}
