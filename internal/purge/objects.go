package purge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// binaryHead is how much of a blob git-filter-repo looks at for a zero byte, in bytes: with one, it replaces nothing.
const binaryHead = 8192

// objects are those of a store that hold a secret.
type objects struct {
	// text are blobs in which a text is replaced, strip those that are left out as a whole.
	text, strip          map[pack.ID]bool
	commits, tags, trees map[pack.ID]bool
	// people are the persons, as "name <email>", whose names hold one.
	people map[person]bool
	// stubborn are commits and tags of which the message would still hold a secret.
	stubborn []string
	// places are those of the texts in each object that is not read piece by piece, by fingerprint; of those of which the scan reported
	// nothing, more are the objects, of which it counts the sorts, and elsewhere the places.
	places    map[pack.ID]map[string]places
	more      map[pack.Type]int
	elsewhere map[string]places
}

// Sizes of blobs in bytes: above the first they are read piece by piece, above the second nothing is replaced in them and they are
// left out, for git-filter-repo holds them several times over.
const (
	streamAbove = 32 << 20
	maxReplaced = 512 << 20
)

type person struct{ name, email string }

// places counts where the text of a secret stands, and in how many of them it is a part of a longer word.
type places struct{ all, inWord int }

// survey looks at every object of a repository for the texts, and takes over what the scan has found.
func (p *Plan) survey(ctx context.Context, r *repo.Repository) (*objects, error) {
	store, err := r.Objects()
	if err != nil {
		return nil, err
	}
	o := &objects{text: map[pack.ID]bool{}, strip: map[pack.ID]bool{}, commits: map[pack.ID]bool{}, tags: map[pack.ID]bool{},
		trees: map[pack.ID]bool{}, people: map[person]bool{}, places: map[pack.ID]map[string]places{}, more: map[pack.Type]int{}, elsewhere: map[string]places{}}
	var mu sync.Mutex
	var unread error
	err = store.Each(ctx, pack.EachOptions{StreamAbove: streamAbove}, func(_ int, obj *pack.Object) error {
		if obj.Reader != nil {
			has, zero, err := p.streamed(obj.Reader)
			if !has || err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			into := o.text
			if zero || obj.Size > maxReplaced {
				into = o.strip
			}
			into[obj.ID] = true
			return nil
		}
		if !p.in.Texts.In(obj.Data) {
			return nil
		}
		here := map[string]places{}
		p.in.Texts.Places(obj.Data, func(fingerprint string, inWord bool) {
			n := here[fingerprint]
			n.all++
			if inWord {
				n.inWord++
			}
			here[fingerprint] = n
		})
		mu.Lock()
		defer mu.Unlock()
		o.places[obj.ID] = here
		switch obj.Type {
		case pack.Blob:
			if binary(obj.Data) {
				o.strip[obj.ID] = true
			} else {
				o.text[obj.ID] = true
			}
		case pack.Commit:
			o.commits[obj.ID] = true
			p.persons(o, obj.Data)
		case pack.Tag:
			o.tags[obj.ID] = true
		case pack.Tree:
			o.trees[obj.ID] = true
		}
		return nil
	}, func(problem pack.Problem) {
		mu.Lock()
		defer mu.Unlock()
		unread = fmt.Errorf("read %s %s: %w", problem.What, problem.Name, problem.Err)
		var large *pack.TooLargeError
		if errors.As(problem.Err, &large) {
			unread = fmt.Errorf("%w; raise --max-size, or make the plan of a clone that is repacked without deltas of it (git repack -a -d -f --depth=0)", unread)
		}
	})
	if err == nil {
		err = unread
	}
	return o, err
}

// streamed looks for the texts in a blob that is too large to be held, and tells whether git-filter-repo takes it for binary.
func (p *Plan) streamed(in io.Reader) (has, zero bool, err error) {
	keep := max(p.in.Texts.Longest()-1, 0)
	buf := make([]byte, 0, keep+1<<20)
	for first := true; ; first = false {
		n, err := io.ReadFull(in, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if first {
			zero = binary(buf)
		}
		has = has || p.in.Texts.In(buf)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return has, zero, nil
		case err != nil:
			return false, false, nil //nolint:nilerr // Each reports the object
		}
		tail := buf[len(buf)-min(keep, len(buf)):]
		buf = buf[:copy(buf[:cap(buf)], tail)]
	}
}

func binary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), binaryHead)], 0) >= 0 }

// persons notes the author and the committer of a commit if their names have a secret.
func (p *Plan) persons(o *objects, data []byte) {
	c, err := repo.ParseCommit(data)
	if err != nil {
		return
	}
	for _, who := range []repo.Person{c.Author(), c.Committer()} {
		if p.in.Texts.In([]byte(who.Name)) || p.in.Texts.In([]byte(who.Email)) {
			o.people[person{who.Name, who.Email}] = true
		}
	}
}

// decide sorts out the blobs that hold a secret in a form that replacing text would not take away: in an archive, in
// another character set, too short to be replaced wherever it stands, or put together from pieces.
func (p *Plan) decide(ctx context.Context) error {
	done := map[pack.ID]bool{}
	for i := range p.in.Found {
		f := &p.in.Found[i]
		id, err := pack.ParseID(f.Location.Object)
		if err != nil {
			continue
		}
		switch f.Location.Kind {
		case scanner.KindCommitMessage, scanner.KindAuthor, scanner.KindTagMessage:
			if err := p.message(ctx, id); err != nil {
				return err
			}
			continue
		case scanner.KindCommitContent:
		default:
			continue
		}
		if f.Location.Member != "" {
			p.objects.stripped(id)
		}
		if done[id] || p.objects.strip[id] {
			continue
		}
		done[id] = true
		if store, err := p.in.Repo.Objects(); err == nil {
			if _, size, err := store.Stat(id); err == nil && size > maxReplaced {
				p.objects.stripped(id)
				continue
			}
		}
		data, err := p.in.Repo.Blob(id, maxReplaced)
		if err != nil {
			return fmt.Errorf("read blob %s: %w", id, err)
		}
		if binary(data) {
			p.objects.stripped(id)
			continue
		}
		still, err := p.holds(ctx, p.in.Texts.Clean(data))
		if err != nil {
			return err
		}
		if still {
			p.objects.stripped(id)
		} else {
			p.objects.text[id] = true
		}
	}
	p.objects.count(p.in.Found)
	return nil
}

// count sums up the places in objects of which the scan reported nothing.
func (o *objects) count(found []scanner.Finding) {
	reported := map[string]bool{}
	for i := range found {
		reported[found[i].Location.Object] = true
	}
	for t, set := range map[pack.Type]map[pack.ID]bool{pack.Blob: o.text, pack.Commit: o.commits, pack.Tag: o.tags, pack.Tree: o.trees} {
		for id := range set {
			if reported[id.String()] {
				continue
			}
			o.more[t]++
			for fingerprint, n := range o.places[id] {
				sum := o.elsewhere[fingerprint]
				o.elsewhere[fingerprint] = places{sum.all + n.all, sum.inWord + n.inWord}
			}
		}
	}
}

// message notes a commit or tag in which the scan found a secret.
func (p *Plan) message(ctx context.Context, id pack.ID) error {
	store, err := p.in.Repo.Objects()
	if err != nil {
		return err
	}
	t, data, err := store.Get(id)
	if err != nil {
		return fmt.Errorf("read object %s: %w", id, err)
	}
	switch t {
	case pack.Commit:
		p.objects.commits[id] = true
	case pack.Tag:
		p.objects.tags[id] = true
	default:
		return nil
	}
	still, err := p.holds(ctx, p.in.Texts.Clean(data))
	if still && !slices.Contains(p.objects.stubborn, id.String()) {
		p.objects.stubborn = append(p.objects.stubborn, id.String())
	}
	return err
}

// holds reports whether one of the secrets can be found in a text.
func (p *Plan) holds(ctx context.Context, data []byte) (bool, error) {
	found, err := p.in.Search(ctx, data)
	return slices.ContainsFunc(found, func(f scanner.Finding) bool { return p.wanted[f.Fingerprint] }), err
}

func (o *objects) stripped(id pack.ID) {
	o.strip[id] = true
	delete(o.text, id)
}

// blob reports whether a blob holds a secret.
func (o *objects) blob(id pack.ID) bool { return o.text[id] || o.strip[id] }
