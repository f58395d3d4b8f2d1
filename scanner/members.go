package scanner

import "strings"

// dropRepeated removes findings in the bytes of an archive or document that were made inside it, too. What is stored
// without compression, and text that a document keeps in one piece, is found in both ways; the inner place says more.
// A page is given with and without the gaps between its letters, so that there the first of two equal ones is kept.
func dropRepeated(fs []Finding) []Finding {
	type place struct {
		path, object, commit, submodule, member, fingerprint string
		kind                                                 Kind
	}
	at := func(f *Finding, member string) place {
		p := place{f.Location.Path, f.Location.Object, "", f.Location.Submodule, member, f.Fingerprint, f.Location.Kind}
		if f.Location.Commit != nil {
			p.commit = f.Location.Commit.ID
		}
		return p
	}
	inside, archives := map[place]bool{}, false
	for i := range fs {
		for member := fs[i].Location.Member; member != ""; archives = true {
			member = member[:max(0, strings.LastIndex(member, memberMark))]
			inside[at(&fs[i], member)] = true
		}
	}
	if !archives {
		return fs
	}
	sortFindings(fs)
	seen := map[place]bool{}
	kept := fs[:0]
	for i := range fs {
		member := fs[i].Location.Member
		p := at(&fs[i], member)
		page := strings.HasPrefix(member[strings.LastIndex(member, "/")+1:], "(page ")
		if inside[p] || page && seen[p] {
			continue
		}
		seen[p] = true
		kept = append(kept, fs[i])
	}
	return kept
}
