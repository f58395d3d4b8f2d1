package purge

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/visible"
)

// Files in the folder of a purge, for the commands. They may hold names of refs that have a secret in them, so nobody else can read
// them.
const (
	refsFile     = "refs.txt"
	unspokenFile = "push-unspoken.txt"
	// NextFile is the page that [Plan.Markdown] makes.
	NextFile   = "NEXT.md"
	purgedRefs = "refs/skant/purged/"
	// backFile takes the refs of the clone back to what they were, backRefs are those of the bundle in the meantime.
	backFile = "refs-back.txt"
	backRefs = "refs/skant/before/"
)

// known maps the names of the remote's refs to their ids as far as the clone knows them.
func (p *Plan) known() map[string]pack.ID {
	known := map[string]pack.ID{}
	all, err := p.in.Repo.Refs()
	if err != nil {
		return known // effects has read them a moment ago
	}
	for _, r := range all {
		if branch, ok := strings.CutPrefix(r.Name, "refs/remotes/"+p.in.Remote+"/"); ok && r.Symbolic == "" {
			known["refs/heads/"+branch] = r.ID
		}
		if strings.HasPrefix(r.Name, "refs/tags/") || strings.HasPrefix(r.Name, "refs/notes/") {
			known[r.Name] = r.ID
		}
	}
	return known
}

// push is a ref of the remote that has to change. Old is empty where there is nothing to be held against, new where it is deleted.
type push struct{ name, old, new string }

func (p push) lease() string { return p.name + ":" + p.old }
func (p push) spec() string  { return p.new + ":" + p.name }

// pushes lists the remote's refs that have to change; unspoken are those with a secret in their names, which stand in a file that
// only its owner can read and in no command.
func (p *Plan) pushes(res *Result) (list, unspoken []push) {
	if p.in.Remote == "" {
		return nil, nil
	}
	there := p.known()
	if p.RemoteRefs != nil {
		for name := range there {
			if _, ok := p.RemoteRefs[name]; !ok {
				delete(there, name)
			}
		}
	}
	renamed := map[string]string{}
	for _, r := range p.Effect.Refs {
		if r.Renamed != "" {
			renamed[r.Name] = r.Renamed
		}
	}
	add := func(one push) {
		if p.in.Hide.In([]byte(one.name)) {
			unspoken = append(unspoken, one)
		} else {
			list = append(list, one)
		}
	}
	for name, old := range there {
		local := name
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			local = "refs/remotes/" + p.in.Remote + "/" + branch
		}
		now := res.after[local]
		switch {
		case now == old.String():
		case renamed[local] != "":
			add(push{name, old.String(), ""})
			to := renamed[local]
			if branch, ok := strings.CutPrefix(to, "refs/remotes/"+p.in.Remote+"/"); ok {
				to = "refs/heads/" + branch
			}
			add(push{to, "", res.after[renamed[local]]})
		default:
			add(push{name, old.String(), now})
		}
	}
	for _, l := range [][]push{list, unspoken} {
		slices.SortFunc(l, func(a, b push) int { return strings.Compare(a.name, b.name) })
	}
	return list, unspoken
}

// PushCommands are the commands that bring the remote along, one for each ref, to be run once the clone has followed. Each
// holds that the ref is still what it was, so that nobody's work is lost.
func (p *Plan) PushCommands(res *Result) []string {
	list, unspoken := p.pushes(res)
	git := "git -C " + visible.ShellWord(p.clonePath())
	if p.in.Repo.Bare() { // git clone --mirror has git refuse to push single refs
		git += " -c " + visible.ShellWord("remote."+p.in.Remote+".mirror=false")
	}
	git += " push"
	remote := visible.ShellWord(p.in.Remote)
	var out []string
	for _, one := range list {
		out = append(out, fmt.Sprintf("%s --force-with-lease=%s %s %s", git, visible.ShellWord(one.lease()), remote, visible.ShellWord(one.spec())))
	}
	if len(unspoken) > 0 {
		file := visible.ShellWord(filepath.Join(res.Dir, unspokenFile))
		out = append(out, fmt.Sprintf(`while read -r lease spec; do %s --quiet --force-with-lease="$lease" %s "$spec" 2>/dev/null || echo "refused: a ref of" %s; done < %s`, git, remote, file, file))
	}
	return out
}

// clonePath is where commands for the clone are run.
func (p *Plan) clonePath() string {
	if top := p.in.Repo.WorkTree(); top != "" && p.in.Repo.IsCheckout(top) {
		return top
	}
	return p.in.Repo.GitDir()
}

// CloneCommands are the commands that bring the clone along. The refs are moved all together, and only if none has moved since.
func (p *Plan) CloneCommands(res *Result) []string {
	git := "git -C " + visible.ShellWord(p.clonePath())
	out := append(p.unchanged(),
		git+" fetch --quiet --no-tags --no-write-fetch-head "+visible.ShellWord(res.Mirror)+" '+refs/*:"+purgedRefs+"*'",
		moveRefs(git, filepath.Join(res.Dir, refsFile), purgedRefs, "the refs are what they were"),
	)
	for _, t := range p.trees {
		if t.Bare || t.Problem != "" {
			continue
		}
		at := "git -C " + visible.ShellWord(t.Path)
		switch {
		case t.Branch == "" && res.commits[t.Head] != "":
			out = append(out, at+" checkout --quiet --force --detach "+res.commits[t.Head])
		case t.Branch != "":
			out = append(out, at+" reset --quiet --hard")
		}
		out = append(out, at+" update-ref -d ORIG_HEAD")
	}
	out = append(out, git+" reflog expire --expire=now --expire-unreachable=now --all")
	if len(p.stash) > 0 {
		out = append(out, git+" stash clear")
		for i := range p.stash {
			id := res.after[fmt.Sprintf("%s%06d", keepStash, i)]
			out = append(out, fmt.Sprintf("%s stash store -m \"$(%s log -1 --format=%%s %s)\" %s", git, git, id, id))
		}
	}
	return append(out,
		dropRefs(git, purgedRefs),
		git+" gc --quiet --prune=now",
		"rm -f \"$("+git+" rev-parse --path-format=absolute --git-path FETCH_HEAD)\"",
	)
}

// moveRefs moves all refs of a list together. Where that is refused it takes away those that were fetched for it, of which the ones of the way
// back hold the secrets, and says how it stands.
func moveRefs(git, list, fetched, refused string) string {
	return fmt.Sprintf("{ %s update-ref --no-deref --stdin < %s || { %s; echo %s >&2; false; }; }", git, visible.ShellWord(list), dropRefs(git, fetched), visible.ShellWord("refused: "+refused))
}

// dropRefs deletes all refs below a name.
func dropRefs(git, below string) string {
	return git + " for-each-ref --format='delete %(refname)' " + below + " | " + git + " update-ref --stdin"
}

// unchanged are commands that list what is not committed in a work tree, and fail if there is something: what follows writes over it.
func (p *Plan) unchanged() []string {
	var out []string
	for _, t := range p.trees {
		if id, err := pack.ParseID(t.Head); err == nil && !id.IsZero() && !t.Bare && t.Problem == "" {
			out = append(out, "git -C "+visible.ShellWord(t.Path)+" --no-pager diff --stat --exit-code --ignore-submodules --no-ext-diff --no-textconv HEAD")
		}
	}
	return out
}

// BackCommands are the commands that bring the clone back to what it was, from the bundle, once [Plan.CloneCommands] have run. The
// refs are moved all together, and only if none has moved since.
func (p *Plan) BackCommands(res *Result) []string {
	git := "git -C " + visible.ShellWord(p.clonePath())
	out := append(p.unchanged(),
		git+" fetch --quiet --no-tags --no-write-fetch-head "+visible.ShellWord(res.Bundle)+" '+refs/*:"+backRefs+"*'",
		moveRefs(git, filepath.Join(res.Dir, backFile), backRefs, "the refs are what they were, and the old objects are here, named by none, until: "+git+" gc --prune=now"),
	)
	for _, t := range p.trees {
		if t.Bare || t.Problem != "" {
			continue
		}
		at := "git -C " + visible.ShellWord(t.Path)
		switch {
		case t.Branch == "" && res.commits[t.Head] != "":
			out = append(out, at+" checkout --quiet --force --detach "+t.Head)
		case t.Branch != "":
			out = append(out, at+" reset --quiet --hard")
		}
	}
	if len(p.stash) > 0 {
		out = append(out, git+" stash clear")
		for _, id := range p.stash {
			out = append(out, fmt.Sprintf("%s stash store -m \"$(%s log -1 --format=%%s %s)\" %s", git, git, id, id))
		}
	}
	return append(out, dropRefs(git, backRefs))
}

// write puts the files that the commands read into the folder.
func (p *Plan) write(res *Result) error {
	var refs, back strings.Builder
	for _, m := range res.Moved {
		if strings.HasPrefix(m.Ref, keepAll) || m.Ref == "refs/stash" {
			continue
		}
		switch {
		case m.New == "":
			fmt.Fprintf(&refs, "delete %s %s\n", m.Ref, m.Old)
			fmt.Fprintf(&back, "create %s %s\n", m.Ref, m.Old)
		case m.Old == "":
			fmt.Fprintf(&refs, "create %s %s\n", m.Ref, m.New)
			fmt.Fprintf(&back, "delete %s %s\n", m.Ref, m.New)
		default:
			fmt.Fprintf(&refs, "update %s %s %s\n", m.Ref, m.New, m.Old)
			fmt.Fprintf(&back, "update %s %s %s\n", m.Ref, m.Old, m.New)
		}
	}
	if n := len(p.stash); n > 0 { // it is cleared and filled anew, so nothing may have been added to it
		fmt.Fprintf(&refs, "verify refs/stash %s\n", p.stash[n-1])
		fmt.Fprintf(&back, "verify refs/stash %s\n", res.after[fmt.Sprintf("%s%06d", keepStash, n-1)])
	}
	var quiet strings.Builder
	_, unspoken := p.pushes(res)
	for _, one := range unspoken {
		quiet.WriteString(one.lease() + " " + one.spec() + "\n")
	}
	err := errors.Join(os.WriteFile(filepath.Join(res.Dir, refsFile), []byte(refs.String()), 0o600),
		os.WriteFile(filepath.Join(res.Dir, backFile), []byte(back.String()), 0o600))
	if quiet.Len() > 0 {
		err = errors.Join(err, os.WriteFile(filepath.Join(res.Dir, unspokenFile), []byte(quiet.String()), 0o600))
	}
	return errors.Join(err, os.WriteFile(filepath.Join(res.Dir, NextFile), []byte(p.Markdown(res)), 0o600))
}
