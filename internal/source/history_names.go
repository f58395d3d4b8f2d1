package source

import (
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// treeName searches the name of a file or folder in a tree, each name once. Until it is attributed, a finding's path is
// that name alone.
func (w *historyWalk) treeName(_ int, tree pack.ID, name []byte, _ uint32) error {
	if !w.names.add(name) {
		return nil
	}
	w.rec.AddBytes(len(name))
	return w.visit(&scanner.Chunk{
		Data:     name,
		Location: scanner.Location{Path: string(name), Object: tree.String(), Kind: scanner.KindFileName},
	})
}

// nameFindings are the findings in names of trees, by name.
type nameFindings map[string][]scanner.Finding

// splitNames parts findings in names of trees from all others.
func splitNames(found []scanner.Finding) (names nameFindings, others []scanner.Finding) {
	names = nameFindings{}
	for _, f := range found {
		if l := &f.Location; l.Kind == scanner.KindFileName && l.Object != "" {
			names[l.Path] = append(names[l.Path], f)
		} else {
			others = append(others, f)
		}
	}
	return names, others
}

// nameKey is what a name is known by while it is attributed. It is no fingerprint: two names with one secret are two
// things to rename.
func nameKey(name string) string { return "name " + name }

func (n nameFindings) sought() map[string][]string {
	sought := map[string][]string{}
	for name := range n {
		sought[name] = []string{nameKey(name)}
	}
	return sought
}

func (n nameFindings) all() []scanner.Finding {
	var all []scanner.Finding
	for _, list := range n {
		all = append(all, list...)
	}
	return all
}

// names returns a finding for each path that a commit brought a name to. A name of which nobody knows that stays as it
// was found.
func (a *attributor) names(found nameFindings, introductions []repo.Introduction) []scanner.Finding {
	byKey := map[string]string{}
	for name := range found {
		byKey[nameKey(name)] = name
	}
	var out []scanner.Finding
	done := map[string]bool{}
	for i := range introductions {
		in := &introductions[i]
		name, wanted := byKey[in.Key]
		if !wanted || !in.Blob.IsZero() {
			continue
		}
		done[name] = true
		for _, f := range found[name] {
			tree := f.Location.Object
			if f = a.introduced(f, in); in.Path == "" {
				f.Location.Path, f.Location.Object = name, tree
				f = withReason(f, "in the name of a file or folder; no commit that could be read has it")
			} else {
				// Many trees may have it; which one was met first is of no interest.
				f.Location.Object = ""
				f = withReason(f, "in the name of a file or folder")
			}
			out = append(out, f)
		}
	}
	for name, list := range found {
		if !done[name] {
			for _, f := range list {
				out = append(out, withReason(f, "which commit introduced the name could not be found out"))
			}
		}
	}
	return out
}
