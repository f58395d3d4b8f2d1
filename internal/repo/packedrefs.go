package repo

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// packedRefs reads the packed-refs file; a missing one has none.
func (r *Repository) packedRefs() ([]Ref, error) {
	data, err := r.packedRefsFile()
	if err != nil {
		return nil, err
	}
	return listPackedRefs(data)
}

func listPackedRefs(data []byte) ([]Ref, error) {
	refs := make([]Ref, 0, bytes.Count(data, []byte("\n"))+1)
	for ref := range parsePackedRefs(data) {
		if len(refs) == maxRefs {
			return nil, fmt.Errorf("read packed-refs: more than %d refs", maxRefs)
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

func (r *Repository) packedRefsFile() ([]byte, error) {
	data, err := readFile(filepath.Join(r.at.commonDir, "packed-refs"), maxPackedRefs)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read packed-refs: %w", err)
	}
	return data, nil
}

// parsePackedRefs yields the refs of a packed-refs file. Its lines are "ID NAME", and "^ID" for what the tag before
// finally names. A line that is neither is yielded as a ref with a problem, named after its number; so is, once more, a
// last line without its end, because git writes none: what came after it is lost.
func parsePackedRefs(data []byte) iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		// One string for the whole file, so that a name costs no allocation.
		all := string(data)
		var pending Ref
		number := 0
		for line := range strings.Lines(all) {
			number++
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if line[0] == '^' {
				if id, err := pack.ParseID(line[1:]); err == nil && pending.Name != "" {
					pending.Peeled = id
					continue
				}
			}
			if pending.Name != "" && !yield(pending) {
				return
			}
			pending = packedRef(line, number)
		}
		if pending.Name != "" && !yield(pending) {
			return
		}
		if all != "" && !strings.HasSuffix(all, "\n") {
			yield(Ref{Name: fmt.Sprintf("packed-refs:%d", number), Problem: "line is cut short"})
		}
	}
}

func packedRef(line string, number int) Ref {
	hex, name, found := strings.Cut(line, " ")
	id, err := pack.ParseID(hex)
	if !found || err != nil || name == "" {
		return Ref{Name: fmt.Sprintf("packed-refs:%d", number), Problem: "malformed line"}
	}
	if !validRefName(name) {
		return Ref{Name: name, ID: id, Problem: "malformed name"}
	}
	return Ref{Name: name, ID: id}
}

// readRef reads one ref of this worktree by its full name and follows symbolic ones. A ref that does not exist comes
// back without an id and without an error.
func (r *Repository) readRef(name string) (Ref, error) {
	if r.settings.reftable {
		return r.readRefWithGit(context.Background(), name)
	}
	ref := Ref{Name: name}
	for range maxSymbolic + 1 {
		found, err := r.readOneRef(name)
		if err != nil || found.Problem != "" {
			return found, err
		}
		if found.Symbolic == "" {
			ref.ID, ref.Peeled = found.ID, found.Peeled
			return ref, nil
		}
		name, ref.Symbolic = found.Symbolic, found.Symbolic
	}
	ref.Problem = "symbolic refs in a circle"
	return ref, nil
}

// readOneRef looks in the worktree's own folder where it must, then among the loose refs, then among the packed ones.
func (r *Repository) readOneRef(name string) (Ref, error) {
	dir := r.at.commonDir
	if !strings.HasPrefix(name, "refs/") || ownByWorktree(name) {
		dir = r.at.gitDir
	}
	file := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Stat(file)
	switch {
	case err == nil && !info.IsDir():
		return looseRef(file, name), nil
	case err != nil && !absent(err):
		return Ref{Name: name, Problem: "cannot be read: " + cause(err)}, nil
	}
	if !strings.HasPrefix(name, "refs/") {
		return Ref{Name: name}, nil
	}
	data, err := r.packedRefsFile()
	if err != nil {
		return Ref{}, err
	}
	return findPackedRef(data, name), nil
}

// ownByWorktree reports whether each worktree has its own refs of that name.
func ownByWorktree(name string) bool {
	return strings.HasPrefix(name, "refs/bisect/") || strings.HasPrefix(name, "refs/worktree/") ||
		strings.HasPrefix(name, "refs/rewritten/")
}

// findPackedRef searches a packed-refs file for one name without parsing the rest.
func findPackedRef(data []byte, name string) Ref {
	wanted := []byte(" " + name)
	for at := 0; ; {
		i := bytes.Index(data[at:], wanted)
		if i < 0 {
			return Ref{Name: name}
		}
		i += at
		at = i + len(wanted)
		start := bytes.LastIndexByte(data[:i], '\n') + 1
		// The line after it may say what a tag finally names.
		end := at
		for range 2 {
			if next := bytes.IndexByte(data[end:], '\n'); next >= 0 {
				end += next + 1
			} else {
				end = len(data)
			}
		}
		for ref := range parsePackedRefs(data[start:end]) {
			if ref.Name == name && ref.Problem == "" {
				return ref
			}
			break
		}
	}
}

// refsWithGit lists the refs of a repository that keeps them in reftables.
func (r *Repository) refsWithGit(ctx context.Context) ([]Ref, error) {
	out, err := r.runGit(ctx, "for-each-ref", "--format=%(objectname) %(refname) %(symref)")
	if err != nil {
		return nil, fmt.Errorf("read refs: they are stored as reftables, and git 2.45 or later, which could read them, failed: %w", err)
	}
	var refs []Ref
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		ref := packedRef(fields[0]+" "+fields[1], len(refs)+1)
		if len(fields) > 2 {
			ref.Symbolic = fields[2]
		}
		refs = append(refs, ref)
	}
	head, err := r.readRefWithGit(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	return append(refs, head), nil
}

func (r *Repository) readRefWithGit(ctx context.Context, name string) (Ref, error) {
	out, err := r.runGit(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
	text := strings.TrimSpace(string(out))
	if err != nil {
		// A quiet exit with 1 says that the ref does not exist; any other failure says nothing about it.
		if exitCode(err) == 1 {
			return Ref{Name: name}, nil
		}
		return Ref{}, fmt.Errorf("read %s: refs are stored as reftables, and git 2.45 or later, which could read them, failed: %w", name, err)
	}
	id, err := pack.ParseID(text)
	if err != nil {
		return Ref{}, fmt.Errorf("read %s: %w", name, err)
	}
	return Ref{Name: name, ID: id}, nil
}
