package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/skant-dev/skant/scanner"
)

// DefaultMaxSize is the size in bytes above which a file is not read unless the caller says otherwise: 4 GiB. It bounds
// time, not memory: large content is searched piece by piece.
const DefaultMaxSize = 4 << 30

// FilesOptions says how files are read. With the zero value nothing is ignored but what a .skantignore names.
type FilesOptions struct {
	// Root is the folder that paths in locations are relative to. A path that is not below it keeps the form in which
	// it was given. If it is empty, a single folder is its own root, and every other path keeps its form.
	Root string
	// MaxSize is the size in bytes above which a file is recorded as unread. 0 means DefaultMaxSize.
	MaxSize int64
	// Workers is how many files are read and searched at once. 0 means one per processor.
	Workers int
	// NoIgnore says that .gitignore, info/exclude and ExcludesFile leave nothing out.
	NoIgnore bool
	// NoPolicy says that .skantignore leaves nothing out.
	NoPolicy bool
	// ExcludesFile is the path of the user's own ignore file, core.excludesFile; may be empty or not exist.
	ExcludesFile string
	// Tracked returns the paths in the index of the work tree whose top folder is given, relative to it and with
	// forward slashes: an ignored file that is tracked is content all the same. It is called at most once for each work
	// tree, and only if something in it is ignored. Where it is nil or fails, nobody knows what is tracked, and nothing
	// is left out for being ignored by git.
	Tracked func(worktree string) (map[string]bool, error)
}

// Files is a [scanner.Source] of files and of all files below folders.
type Files struct {
	opt   FilesOptions
	named []namedPath
}

// namedPath is a path that the user named.
type namedPath struct {
	// path is absolute, with symbolic links resolved: a link that the user names is followed.
	path string
	// name is what stands before the names of things below path in locations; for a file it is the location itself.
	name   string
	folder bool
}

// NewFiles returns a source that reads the given files and folders. A path that does not exist is an error.
//
// Symbolic links are not followed, but the text of a link is searched, as it is content of the repository. In a git
// work tree what git ignores and does not track is left out, unless the user named it.
func NewFiles(paths []string, opt FilesOptions) (*Files, error) {
	opt.MaxSize = sizeBound(opt.MaxSize)
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if len(paths) == 0 {
		return nil, errors.New("no path to scan; name a file or a folder, or . for the current one")
	}
	f := &Files{opt: opt}
	for _, path := range paths {
		n, err := nameGiven(path, opt.Root, len(paths) == 1)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(f.named, func(o namedPath) bool { return o.path == n.path }) {
			f.named = append(f.named, n)
		}
	}
	return f, nil
}

func nameGiven(path, root string, only bool) (namedPath, error) {
	real, err := filepath.EvalSymlinks(path)
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(real)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) || path == "":
		return namedPath{}, fmt.Errorf("no file or folder %q; check the spelling, or use - to read standard input", path)
	case err != nil:
		return namedPath{}, fmt.Errorf("open %q: %s; check its permissions", path, plainCause(err))
	}
	n := namedPath{folder: info.IsDir()}
	if n.path, err = filepath.Abs(real); err != nil {
		return namedPath{}, fmt.Errorf("locate %q: %w", path, err)
	}
	if n.name, err = locationName(path, root, only && n.folder); err != nil {
		return namedPath{}, fmt.Errorf("locate %q: %w", path, err)
	}
	return n, nil
}

// locationName returns how path, as it was given, is named in locations; "." names nothing and is empty.
func locationName(path, root string, ownRoot bool) (string, error) {
	name := filepath.Clean(path)
	switch {
	case root != "":
		absRoot, err := filepath.Abs(root)
		if err != nil {
			return "", err
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		if rel, err := filepath.Rel(absRoot, abs); err == nil && filepath.IsLocal(rel) {
			name = rel
		}
	case ownRoot:
		name = "."
	}
	if name == "." {
		return "", nil
	}
	return filepath.ToSlash(name), nil
}

// Walk implements [scanner.Source]. One goroutine lists folders while opt.Workers read and visit files.
func (f *Files) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	rec.StartPhase("files", 0)
	group, ctx := errgroup.WithContext(ctx)
	found := make(chan foundFile, 4*f.opt.Workers)
	inside := newArchives(ctx, rec, visit, "")
	names := &nameSet{}
	group.Go(func() error {
		defer close(found)
		l := newFileLister(f, rec, found)
		return l.list(ctx)
	})
	for range f.opt.Workers {
		group.Go(func() error {
			r := fileReader{maxSize: f.opt.MaxSize, rec: rec, visit: visit, names: names, archives: inside}
			for file := range found {
				if err := r.read(ctx, file); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// fileReader reads files, one after the other, into one buffer.
type fileReader struct {
	maxSize int64
	rec     *scanner.Recorder
	visit   func(*scanner.Chunk) error
	buf     []byte
	// names and archives are shared by all readers.
	names    *nameSet
	archives *archives
}

// maxKeptBuffer is the size in bytes up to which a reader keeps its buffer for the next file.
const maxKeptBuffer = 4 << 20

// read searches one file. It returns only errors that end the walk.
func (r *fileReader) read(ctx context.Context, file foundFile) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer r.rec.Step(1)
	chunk := scanner.Chunk{Data: []byte(file.link), Location: scanner.Location{Path: file.name, Kind: scanner.KindFile}}
	if err := searchNames(r.names, chunk.Location, 0, r.visit); err != nil {
		return err
	}
	if file.info != nil {
		data, err := r.content(ctx, file, min(r.maxSize, streamAbove))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errTooLarge) && file.info.Size() <= r.maxSize && r.maxSize > streamAbove:
			return r.stream(file, &chunk)
		case err != nil:
			r.rec.Unread("files", unreadReason(err, r.maxSize), file.name)
			return nil
		}
		chunk.Data = data
	}
	if err := r.visit(&chunk); err != nil {
		return err
	}
	r.rec.AddFile(len(chunk.Data))
	if file.info == nil {
		return nil // the text of a link
	}
	return r.archives.search(&chunk, nil)
}

// stream searches a file that is too large to be held.
func (r *fileReader) stream(file foundFile, chunk *scanner.Chunk) error {
	f, _, err := openRegular(file.path, file.info)
	if err != nil {
		r.rec.Unread("files", unreadReason(err, r.maxSize), file.name)
		return nil
	}
	defer f.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	in := newStream(f, r.maxSize)
	head := bytes.Clone(in.head())
	broken, err := visitStream(in, chunk, r.visit)
	if err == nil && in.over {
		broken = errTooLarge
	}
	if broken != nil {
		r.rec.Unread("files", unreadReason(broken, r.maxSize), file.name)
	}
	r.rec.AddFile(int(in.size))
	if err != nil {
		return err
	}
	return r.archives.searchLarge(chunk, head, file.info.Size(), func() (io.ReadCloser, error) {
		again, _, err := openRegular(file.path, file.info)
		return again, err
	}, nil)
}

// content returns the bytes of a regular file.
func (r *fileReader) content(ctx context.Context, file foundFile, limit int64) ([]byte, error) {
	data, err := readRegular(ctx, file.path, file.info, limit, r.buf[:0])
	if cap(data) <= maxKeptBuffer {
		r.buf = data
	} else {
		r.buf = nil
	}
	return data, err
}

// unreadReason says why a file or folder could not be read, without its name, so that equal causes are one reason.
func unreadReason(err error, maxSize int64) string {
	switch {
	case errors.Is(err, errTooLarge):
		return tooLargeReason(maxSize)
	case errors.Is(err, fs.ErrNotExist):
		return "vanished while the scan ran"
	case errors.Is(err, errReplaced):
		return "was replaced while the scan ran"
	default:
		return "cannot be read: " + plainCause(err)
	}
}

// plainCause is the system's own words for err, without the operation and the path around them.
func plainCause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

func tooLargeReason(maxSize int64) string {
	return "larger than " + sizeText(maxSize) + "; raise --max-size"
}

// sizeText writes a size in bytes in the largest unit that divides it.
func sizeText(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB"}
	i := 0
	for n >= 1024 && n%1024 == 0 && i+1 < len(units) {
		n /= 1024
		i++
	}
	return fmt.Sprintf("%d %s", n, units[i])
}

func sizeBound(n int64) int64 {
	if n <= 0 {
		return DefaultMaxSize
	}
	return min(n, math.MaxInt64-1)
}

// joinName puts a name of an entry below a location.
func joinName(folder, entry string) string {
	if folder == "" || strings.HasSuffix(folder, "/") {
		return folder + entry
	}
	return folder + "/" + entry
}
