package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report/sarif"
	"github.com/skant-dev/skant/scanner"
)

// nameCheckout enters into a report what is checked out where the scan ran. It is for readers of the report: whatever cannot be found
// out is left out, and no scan fails for it. Nothing is asked for a hook, where nobody keeps the report and milliseconds count.
func (a *app) nameCheckout(ctx context.Context, name string, p *prepared, rep *scanner.Report) {
	r := p.repo
	switch {
	case !slices.Contains([]string{"scan", "diff", "history", "ci", "recover"}, name):
		return
	case r == nil && name == "scan":
		at := p.flags.target
		if at == "" {
			at = "."
		}
		opened, err := repo.Open(at, repo.Options{})
		if err != nil {
			return
		}
		defer func() { _ = opened.Close() }() // it was only read
		r = opened
	case r == nil:
		return
	}
	is := scanner.Repository{URI: a.originOf(ctx, r)}
	if id, err := r.Resolve("HEAD"); err == nil {
		is.Revision = id.String()
	}
	if text, err := readBounded(filepath.Join(r.GitDir(), "HEAD"), 1024); err == nil {
		if branch, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: refs/heads/"); ok {
			is.Branch = p.scanner.Scrub(branch)
		}
	}
	if is.URI != "" && p.scanner.Scrub(is.URI) != is.URI {
		is.URI = ""
	}
	if is != (scanner.Repository{}) {
		rep.Repository = &is
	}
}

// originOf is the address of the remote origin as a web page has it, or empty.
func (a *app) originOf(ctx context.Context, r *repo.Repository) string {
	remotes, err := r.Remotes(ctx, a.env)
	if err != nil || len(remotes) == 0 || remotes[0].Name != "origin" {
		return ""
	}
	return webAddress(remotes[0].Address)
}

// webAddress turns what git fetches from (without user and password) into an https address; empty if it is none that others can see.
func webAddress(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found { // HOST:PATH
		host, path, ok := strings.Cut(address, ":")
		if !ok || len(host) < 2 || strings.ContainsAny(host, "/\\") {
			return ""
		}
		scheme, rest = "ssh", host+"/"+strings.TrimPrefix(path, "/")
	}
	host, path, _ := strings.Cut(rest, "/")
	switch scheme {
	case "https":
	case "ssh", "git", "git+ssh":
		host, _, _ = strings.Cut(host, ":") // the port is not that of the web page
	default:
		return ""
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	plain := func(r rune) bool {
		return r > ' ' && r < 0x7f && !strings.ContainsRune("\"<>\\^`{|}()[]?#@", r)
	}
	odd := strings.IndexFunc(host+path, func(r rune) bool { return !plain(r) }) >= 0
	if odd || host == "" || path == "" || len(host)+len(path) > 2000 || strings.Contains("/"+path+"/", "/../") {
		return ""
	}
	return "https://" + host + "/" + path
}

// maxLineHashed bounds the files and blobs of which lines are hashed, in bytes, and maxHashedFiles their number.
const (
	maxLineHashed  = 8 << 20
	maxHashedFiles = 5000
)

// hashLines enters the hashes of lines that GitHub's code scanning goes by, for whoever uploads without its action. Of what is larger
// or gone, and of what lies in archives or only in the history, there is none.
func (a *app) hashLines(name string, p *prepared, rep *scanner.Report) {
	if !p.flags.lineHash || name == "history" {
		return
	}
	type place struct{ path, object string }
	wanted := map[place][]*scanner.Finding{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		l := &f.Location
		if l.Path == "" || l.Member != "" || l.Submodule != "" || l.StartLine < 1 {
			continue
		}
		at := place{object: l.Object}
		if l.Object == "" {
			at.path = l.Path
		}
		if len(wanted) < maxHashedFiles || wanted[at] != nil {
			wanted[at] = append(wanted[at], f)
		}
	}
	for at, findings := range wanted {
		path := at.path
		if path != "" && !filepath.IsAbs(path) {
			path = filepath.Join(p.rootOf(), filepath.FromSlash(path))
		}
		text, err := contentAt(p.repo, path, at.object)
		if err != nil {
			a.say(msgNotHashed, a.scrub(lines(err.Error())))
			continue
		}
		numbers := map[int]bool{}
		for _, f := range findings {
			numbers[f.Location.StartLine] = true
		}
		hashes := sarif.LineHashes(text, numbers)
		for _, f := range findings {
			f.Location.LineHash = hashes[f.Location.StartLine]
		}
	}
}

// contentAt reads a file, or a blob where there is one.
func contentAt(r *repo.Repository, path, object string) ([]byte, error) {
	if object == "" {
		return readBounded(path, maxLineHashed)
	}
	id, err := pack.ParseID(object)
	if err != nil || r == nil {
		return nil, errors.Join(err, fmt.Errorf("object %.12s is in no repository that is open", object))
	}
	return r.Blob(id, maxLineHashed)
}

// readBounded reads a regular file, no link, of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("read %q: no regular file of at most %d bytes", path, limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("read %q: larger than %d bytes", path, limit)
	}
	return text, errors.Join(err, f.Close())
}
