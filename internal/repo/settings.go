package repo

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 16 << 20

// settings is what the configuration says about the repository's layout. Nothing else of it is obeyed.
type settings struct {
	format   pack.Format
	bare     bool
	workTree string
	reftable bool
	// promisor says that a remote is one of a partial clone.
	promisor bool
	// lfsStorage is where git-lfs keeps content; empty for its default.
	lfsStorage string
	// unknown are the extensions, and a format version, that this package does not know.
	unknown []string
}

// setting is one line of the configuration; section and key are in lower case.
type setting struct{ section, subsection, key, value string }

// readSettings reads config and, where the repository has that extension, config.worktree. Included files are not
// followed: git does not either, for these settings.
func (r *Repository) readSettings() (settings, error) {
	var s settings
	lines, err := r.readConfig(filepath.Join(r.at.commonDir, "config"))
	if err != nil {
		return s, err
	}
	s.apply(lines)
	if !slices.ContainsFunc(lines, func(l setting) bool {
		return l.section == "extensions" && l.key == "worktreeconfig" && isTrue(l.value)
	}) {
		return s, nil
	}
	lines, err = r.readConfig(filepath.Join(r.at.gitDir, "config.worktree"))
	if err != nil {
		return s, err
	}
	s.apply(lines)
	return s, nil
}

// readConfig decodes one file, and has git do it where that fails. A missing file has no lines.
func (r *Repository) readConfig(path string) ([]setting, error) {
	data, err := readFile(path, maxConfig)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	lines, err := decodeConfig(data)
	if err != nil {
		return r.readConfigWithGit(path, err)
	}
	return lines, nil
}

// readConfigWithGit reads a file whose syntax decodeConfig refused.
func (r *Repository) readConfigWithGit(path string, cause error) ([]setting, error) {
	out, err := r.runGit(context.Background(), "config", "--file", path, "--no-includes", "--list", "-z")
	if err != nil {
		return nil, fmt.Errorf("read configuration %q: %w; `git config --file %s --list` shows the line", path, cause, path)
	}
	var lines []setting
	for entry := range bytes.SplitSeq(out, []byte{0}) {
		if len(entry) == 0 {
			continue // behind the last one
		}
		name, value, given := strings.Cut(string(entry), "\n")
		if !given {
			value = "true"
		}
		section, key := "", name
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			section, key = name[:i], name[i+1:]
		}
		section, sub, _ := strings.Cut(section, ".")
		lines = append(lines, setting{strings.ToLower(section), sub, strings.ToLower(key), value})
	}
	return lines, nil
}

func (s *settings) apply(lines []setting) {
	for _, l := range lines {
		switch {
		case l.section == "core" && l.key == "bare":
			s.bare = isTrue(l.value)
		case l.section == "core" && l.key == "worktree":
			s.workTree = l.value
		case l.section == "core" && l.key == "repositoryformatversion":
			if l.value != "0" && l.value != "1" {
				s.unknown = append(s.unknown, "core.repositoryformatversion="+clip(l.value))
			}
		case l.section == "remote" && (l.key == "promisor" && isTrue(l.value) || l.key == "partialclonefilter"):
			s.promisor = true
		case l.section == "lfs" && l.key == "storage":
			s.lfsStorage = l.value
		case l.section == "extensions":
			s.applyExtension(l.key, l.value)
		}
	}
}

func (s *settings) applyExtension(key, value string) {
	switch key {
	case "objectformat":
		switch strings.ToLower(value) {
		case "sha1":
		case "sha256":
			s.format = pack.SHA256
		default:
			s.unknown = append(s.unknown, "extensions.objectFormat="+clip(value))
		}
	case "refstorage":
		switch strings.ToLower(value) {
		case "files":
		case "reftable":
			s.reftable = true
		default:
			s.unknown = append(s.unknown, "extensions.refStorage="+clip(value))
		}
	case "partialclone":
		s.promisor = true
	case "noop", "noop-v1", "preciousobjects", "worktreeconfig", "relativeworktrees", "compatobjectformat":
		// None of these changes how the objects, refs and index are stored.
	default:
		s.unknown = append(s.unknown, "extensions."+clip(key))
	}
}

// isTrue reads a boolean as git does.
func isTrue(value string) bool {
	switch strings.ToLower(value) {
	case "true", "yes", "on":
		return true
	}
	n, err := strconv.Atoi(value)
	return err == nil && n != 0
}

// clip shortens hostile text for messages.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

// upstream returns the full name of the ref that tracks the branch's upstream, following the first fetch refspec of its
// remote that matches.
func (r *Repository) upstream(branch string) (string, error) {
	lines, err := r.readConfig(filepath.Join(r.at.commonDir, "config"))
	if err != nil {
		return "", err
	}
	var remote, merge string
	for _, l := range lines {
		switch {
		case l.section != "branch" || l.subsection != branch:
		case l.key == "remote":
			remote = l.value
		case l.key == "merge":
			merge = l.value
		}
	}
	if remote == "" || merge == "" {
		return "", fmt.Errorf("branch %q has no upstream", branch)
	}
	if remote == "." {
		return merge, nil
	}
	for _, l := range lines {
		if l.section != "remote" || l.subsection != remote || l.key != "fetch" {
			continue
		}
		from, to, _ := strings.Cut(strings.TrimPrefix(l.value, "+"), ":")
		if from == merge {
			return to, nil
		}
		before, after, star := strings.Cut(from, "*")
		if star && strings.HasPrefix(merge, before) && strings.HasSuffix(merge, after) && len(merge) >= len(from)-1 {
			return strings.Replace(to, "*", merge[len(before):len(merge)-len(after)], 1), nil
		}
	}
	return "", fmt.Errorf("remote %q does not fetch the upstream of branch %q", remote, branch)
}
