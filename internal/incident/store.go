package incident

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// maxFile bounds the file of an incident, in bytes.
const maxFile = 256 << 20

// Load reads the file of an incident. One of another major version, with keys or words that this version does not know in a place
// where they would change what is believed, or that is no regular file, is an error; [fs.ErrNotExist] if there is none.
func Load(path string) (*File, error) {
	data, err := readRegular(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("read incident %q: %w", path, err)
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read incident %q: %w", path, err)
	}
	return f, nil
}

// Parse reads the content of the file of an incident. No error quotes it.
func Parse(data []byte) (*File, error) {
	f := &File{}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	if err := d.Decode(f); err != nil {
		return nil, jsonError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something behind its end")
	}
	return f, f.check()
}

// jsonError drops the text of an error that may quote a value.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("byte %d is no valid JSON", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("the key %q at byte %d is not of type %s", kind.Field, kind.Offset, kind.Type)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends before the incident does")
	default:
		return errors.New("a value is malformed")
	}
}

// check refuses what could make an incident look better than it is: a claim in words that nobody knows, secrets that cannot be told
// apart.
func (f *File) check() error {
	major, minor, ok := strings.Cut(f.SchemaVersion, ".")
	if _, err := strconv.ParseUint(minor, 10, 32); err != nil || !ok {
		return errors.New("it has no schema_version of the form MAJOR.MINOR; is it the file of an incident?")
	}
	if ours, _, _ := strings.Cut(SchemaVersion, "."); major != ours {
		return fmt.Errorf("its schema_version is not %s.x: use the version of skant that wrote it", ours)
	}
	if f.ID == "" {
		return errors.New("it has no id; is it the file of an incident?")
	}
	numbers, prints := map[int]bool{}, map[string]bool{}
	for i, s := range f.Secrets {
		if s.Number < 1 || s.Fingerprint == "" || s.RuleID == "" {
			return fmt.Errorf("secret %d has no number, no fingerprint or no rule", i+1)
		}
		if numbers[s.Number] || prints[s.Fingerprint] {
			return fmt.Errorf("secret %d has the number or the fingerprint of another", i+1)
		}
		numbers[s.Number], prints[s.Fingerprint] = true, true
	}
	for i, o := range f.Objects {
		if !isObject(o.ID) || o.Type != "blob" && o.Type != "commit" && o.Type != "tag" {
			return fmt.Errorf("object %d has no id of 40 or 64 hex digits, or is no blob, commit or tag", i+1)
		}
	}
	for i, p := range f.Proofs {
		if !slices.Contains([]State{Proven, Open, Unknown, Attested}, p.State) {
			return fmt.Errorf("proof %d has a state that this version does not know", i+1)
		}
		if p.Secret != 0 && !numbers[p.Secret] {
			return fmt.Errorf("proof %d is about a secret that is not there", i+1)
		}
	}
	return f.checkAttestations(numbers)
}

// Write puts the file in its place, whole or not at all, readable for its owner alone: it says where a secret was.
func (f *File) Write(path string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	out := *f
	if out.Secrets == nil {
		out.Secrets = []Secret{}
	}
	if err := e.Encode(&out); err != nil {
		return fmt.Errorf("write incident %q: %w", path, err)
	}
	if err := replace(path, 0o600, b.Bytes()); err != nil {
		return fmt.Errorf("write incident %q: %w", path, err)
	}
	return nil
}

// ReadLocal reads the list of a clone or of a bare repository; it is nil, without an error, if there is none.
func ReadLocal(commonDir string) (*Purged, error) {
	path := filepath.Join(commonDir, filepath.FromSlash(LocalName))
	data, err := readRegular(path, MaxPurged)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil //nolint:nilnil // no list is the usual case, and an empty one
	}
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	return ReadPurged(bytes.NewReader(data), path)
}

// Remember adds to the list of a clone or of a bare repository, which is made if there is none.
func Remember(commonDir string, add *Purged) error {
	all, err := ReadLocal(commonDir)
	if err != nil {
		return err
	}
	if all == nil {
		all = NewPurged()
	}
	all.Join(add)
	path := filepath.Join(commonDir, filepath.FromSlash(LocalName))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	if info, err := os.Lstat(filepath.Dir(path)); err != nil || !info.IsDir() { // a link would have a doubtful clone write elsewhere
		return cmp.Or(err, errLinked)
	}
	return all.Write(path)
}

// Write puts the list in its place, whole or not at all.
func (p *Purged) Write(path string) error {
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		return err
	}
	if b.Len() > MaxPurged {
		return fmt.Errorf("write %q: the list has more than %d MiB", path, MaxPurged>>20)
	}
	if err := replace(path, 0o644, b.Bytes()); err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	return nil
}

var (
	errIrregular = errors.New("it is no regular file")
	errLinked    = errors.New("the folder of the list is a link")
	errMoved     = errors.New("it was replaced while it was opened")
)

// readRegular reads a file that is no link, pipe or device, which could lead elsewhere or never end.
func readRegular(path string, limit int64) ([]byte, error) {
	seen, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, errIrregular
	}
	// A pipe that took the file's place must not make the open wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, seen) {
		err = errMoved
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(f, limit+1))
	}
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it has more than %d MiB", limit>>20)
	}
	return data, errors.Join(err, f.Close())
}

// replace puts a new file in the place of path in one step.
func replace(path string, mode fs.FileMode, data []byte) (err error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return errIrregular
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".skant-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
