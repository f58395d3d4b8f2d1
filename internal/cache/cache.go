// Package cache keeps records in a folder of the user, from one run of the program to the next. It knows files, and
// nothing of what the records say.
//
// A record that is missing, cut short, damaged, or of another version of the format is not there: what the cache cannot
// tell is worked out again. Records appear whole or not at all, so that several runs may use the folder at once. The
// least recently used records make room for new ones.
package cache

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// DefaultLimit is the size in bytes of all records together unless another is given.
const DefaultLimit = 256 << 20

// maxRecords bounds the number of records, so that pruning stays quick.
const maxRecords = 4096

// Key names a record: a hash over everything that the record depends on.
type Key [sha256.Size]byte

// Cache is an open folder. Its methods may be called from several goroutines.
type Cache struct {
	// root keeps the folder that was judged: nobody can put another one in its place.
	root  *os.Root
	dir   string
	limit int64
}

// ErrUnsupported says that the system does not tell who owns a file, or when it was changed last: nothing that is kept
// could be trusted.
var ErrUnsupported = errors.New("this system does not tell when a file was changed, or by whom")

// Open opens the folder dir, which must be an absolute path, and makes it if it is not there. limit is the size in bytes
// of all records together; 0 means [DefaultLimit]. A folder that belongs to somebody else, or that others may write to,
// is refused: its records would decide what is not searched.
func Open(dir string, limit int64) (*Cache, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	if !supported {
		return nil, fmt.Errorf("open cache: %w", ErrUnsupported)
	}
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("open cache %q: it is no absolute path", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	info, err := root.Stat(".")
	if err == nil {
		err = mine(info)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open cache %q: %w", dir, err), root.Close())
	}
	return &Cache{root, dir, limit}, nil
}

// Close releases the folder. A nil cache may be closed, too.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	return c.root.Close()
}

// The frame of a record: magic, version, key, time, the data, and a checksum over all before it.
const (
	magic    = "skant cache\n"
	version  = 1
	headSize = len(magic) + 4 + sha256.Size + 8
	suffix   = ".skant"
	tempName = "new-"
)

func (k Key) file() string { return hex.EncodeToString(k[:]) + suffix }

// Get returns a record and when it was saved. ok is false if there is none that is whole.
func (c *Cache) Get(key Key) (data []byte, saved time.Time, ok bool) {
	name := key.file()
	info, err := c.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > c.limit || mine(info) != nil {
		return nil, saved, false
	}
	raw, err := c.root.ReadFile(name)
	if err != nil {
		return nil, saved, false
	}
	data, saved, ok = open(raw, key)
	if ok {
		// It was used just now. Where that cannot be noted the record goes sooner, which does no harm.
		now := time.Now()
		_ = c.root.Chtimes(name, now, now)
	}
	return data, saved, ok
}

// open takes the frame off a record.
func open(raw []byte, key Key) (data []byte, saved time.Time, ok bool) {
	if len(raw) < headSize+sha256.Size {
		return nil, saved, false
	}
	body, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(want[:], sum) || !bytes.HasPrefix(body, head(key)) {
		return nil, saved, false
	}
	saved = time.Unix(int64(binary.BigEndian.Uint64(body[headSize-8:])), 0)
	return body[headSize:], saved, true
}

// head is what a record starts with, but for its time.
func head(key Key) []byte {
	b := binary.BigEndian.AppendUint32([]byte(magic), version)
	return append(b, key[:]...)
}

// Put saves a record in place of any other of the same key, and makes room for it.
func (c *Cache) Put(key Key, data []byte) error {
	raw := binary.BigEndian.AppendUint64(head(key), uint64(time.Now().Unix()))
	raw = append(raw, data...)
	sum := sha256.Sum256(raw)
	raw = append(raw, sum[:]...)
	if int64(len(raw)) > c.limit {
		return fmt.Errorf("save in cache %q: %d bytes are more than the %d that all records may have", c.dir, len(raw), c.limit)
	}
	if err := c.write(key.file(), raw); err != nil {
		return fmt.Errorf("save in cache %q: %w", c.dir, err)
	}
	return c.Prune()
}

// write makes a file that appears whole or not at all.
func (c *Cache) write(name string, data []byte) (err error) {
	temp := tempName + rand.Text() + suffix
	f, err := c.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = c.root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, c.root.Remove(temp))
	}
	return nil
}

// Delete removes a record. That there is none is no error.
func (c *Cache) Delete(key Key) error {
	if err := c.root.Remove(key.file()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete from cache %q: %w", c.dir, err)
	}
	return nil
}

// abandoned is the age at which an unfinished file is taken for one whose writer died.
const abandoned = time.Hour

// Prune removes the records that were not used for the longest time until the rest is within the limit, and what an
// interrupted run has left half written. Files with other names are not touched.
func (c *Cache) Prune() error {
	folder, err := c.root.Open(".")
	if err != nil {
		return fmt.Errorf("prune cache %q: %w", c.dir, err)
	}
	entries, err := folder.ReadDir(-1)
	if err = errors.Join(err, folder.Close()); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("prune cache %q: %w", c.dir, err)
	}
	type record struct {
		name string
		size int64
		used time.Time
	}
	var all []record
	total := int64(0)
	for _, e := range entries {
		isRecord, isTemp := nameOf(e.Name())
		info, err := e.Info()
		if !isRecord && !isTemp || err != nil || !info.Mode().IsRegular() {
			continue
		}
		if isTemp && time.Since(info.ModTime()) < abandoned {
			continue
		}
		r := record{e.Name(), info.Size(), info.ModTime()}
		if isTemp {
			r.used = time.Time{}
		}
		all = append(all, r)
		total += r.size
	}
	slices.SortFunc(all, func(a, b record) int { return a.used.Compare(b.used) })
	for i, r := range all {
		if total <= c.limit && len(all)-i <= maxRecords && !r.used.IsZero() {
			break
		}
		// Another run may have been faster.
		if err := c.root.Remove(r.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("prune cache %q: %w", c.dir, err)
		}
		total -= r.size
	}
	return nil
}

// nameOf tells the cache's own files from others.
func nameOf(name string) (isRecord, isTemp bool) {
	stem, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return false, false
	}
	if strings.HasPrefix(stem, tempName) {
		return false, true
	}
	raw, err := hex.DecodeString(stem)
	return err == nil && len(raw) == sha256.Size, false
}
