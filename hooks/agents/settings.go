package agents

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// State is what an agent's settings say of skant.
type State string

// The states.
const (
	// Missing: there is no hook of ours.
	Missing State = "not installed"
	// Installed: every event of the table runs skant, with the command that would be installed now.
	Installed State = "installed"
	// Outdated: there are hooks of ours, but an event is missing, or the command or a matcher is another.
	Outdated State = "outdated"
	// Manual: somebody wrote a hook that runs skant for this agent in a form of their own, which is left alone.
	Manual State = "by hand"
)

// Place is the settings file of an agent in one scope.
type Place struct {
	Agent Agent
	Scope Scope
	// Base is the folder that the file's path is relative to; Path is the file's, both absolute.
	Base, Path string
}

// At returns the place for a scope below base: the project's top folder or, for [User], the home folder.
func (a *Agent) At(scope Scope, base string) (Place, bool) {
	name, ok := a.Settings[scope]
	return Place{*a, scope, base, filepath.Join(base, filepath.FromSlash(name))}, ok
}

// MalformedError says that a settings file is not what its agent would read. It was left alone.
type MalformedError struct {
	Path string
	Err  error
}

// Error implements error.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("%s is not valid and was left as it is: %v", e.Path, e.Err)
}

// Unwrap returns what is wrong.
func (e *MalformedError) Unwrap() error { return e.Err }

// LinkError says that a settings file of a project is a link that leads out of it. Nothing was read or written.
type LinkError struct{ Path, Target string }

// Error implements error.
func (e *LinkError) Error() string {
	return fmt.Sprintf("%s is a link to %s, outside of the project, and was not followed", e.Path, e.Target)
}

// real follows links, of folders too, as far as the path exists. What belongs to a project must stay in it: a repository
// decides what it holds, and must not decide what is written elsewhere. The user's own links lead wherever the user wants.
func (p *Place) real() (string, error) {
	base, err := filepath.EvalSymlinks(p.Base)
	if err != nil {
		return "", err
	}
	existing, rest := p.Path, ""
	for {
		found, err := filepath.EvalSymlinks(existing)
		if err == nil {
			existing = filepath.Join(found, rest)
			break
		}
		// What is there and cannot be followed is a link to nowhere, or a loop.
		if _, there := os.Lstat(existing); !errors.Is(err, fs.ErrNotExist) || there == nil {
			return "", err
		}
		rest = filepath.Join(filepath.Base(existing), rest)
		existing = filepath.Dir(existing)
	}
	rel, err := filepath.Rel(base, existing)
	if p.Scope != User && (err != nil || !filepath.IsLocal(rel)) {
		return "", &LinkError{p.Path, existing}
	}
	return existing, nil
}

// settings is a settings file that was read.
type settings struct {
	path   string // with links followed
	data   []byte
	exists bool
	mode   fs.FileMode
}

func (p *Place) read() (settings, error) {
	path, err := p.real()
	if err != nil {
		return settings{}, err
	}
	s := settings{path: path}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if !info.Mode().IsRegular() {
		return s, &MalformedError{p.Path, errors.New("it is no regular file")}
	}
	s.exists, s.mode = true, info.Mode().Perm()
	s.data, err = readBounded(path, maxSettings)
	return s, err
}

// readBounded reads one byte more than a bound, so that a file above it is known.
func readBounded(path string, bound int64) (data []byte, err error) {
	// A pipe that took the file's place must not make the open wait for a writer.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(io.LimitReader(file, bound+1))
}

// Install puts the hooks into the settings, which run command. It reports whether anything had to be changed. Everything
// else in the file stays as it is, to the byte; a file that cannot be read as settings is a [*MalformedError].
func (p *Place) Install(command string) (changed bool, err error) {
	s, err := p.read()
	if err != nil {
		return false, err
	}
	if !s.exists {
		if err := os.MkdirAll(filepath.Dir(s.path), 0o777); err != nil {
			return false, err
		}
		return true, s.create(p.Agent.fresh(command))
	}
	data, err := p.Agent.addTo(s.data, command)
	if err != nil {
		return false, &MalformedError{p.Path, err}
	}
	if bytes.Equal(data, s.data) {
		return false, nil
	}
	return true, s.replace(data)
}

// Uninstall takes the hooks out of the settings and reports whether there were any. The file is then as it was before
// [Place.Install], to the byte; one that Install made is removed, and so are its folders if they are empty.
func (p *Place) Uninstall() (changed bool, err error) {
	s, err := p.read()
	if err != nil || !s.exists {
		return false, err
	}
	data, err := p.Agent.removeFrom(s.data)
	if err != nil {
		return false, &MalformedError{p.Path, err}
	}
	if bytes.Equal(data, s.data) {
		return false, nil
	}
	_, command, err := p.Agent.state(s.data, "")
	if err != nil || !bytes.Equal(s.data, p.Agent.fresh(command)) {
		return true, errors.Join(err, s.replace(data))
	}
	if err := os.Remove(s.path); err != nil {
		return false, err
	}
	p.tidy()
	return true, nil
}

// tidy removes the folders above the settings that are empty, up to the base. One that is not is left: that is no error.
func (p *Place) tidy() {
	for dir := filepath.Dir(p.Path); strings.HasPrefix(dir, p.Base+string(filepath.Separator)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return
		}
	}
}

// Status returns what the settings say of skant, and the command that they run for it. want is the command that would be
// installed now; empty takes any for current.
func (p *Place) Status(want string) (state State, command string, err error) {
	s, err := p.read()
	if err != nil || !s.exists {
		return Missing, "", err
	}
	state, command, err = p.Agent.state(s.data, want)
	if err != nil {
		return state, command, &MalformedError{p.Path, err}
	}
	return state, command, nil
}

func (a *Agent) state(data []byte, want string) (state State, command string, err error) {
	events, err := hooksOf(data)
	if err != nil {
		return Missing, "", err
	}
	have, current, named := 0, 0, false
	for i := range a.Hooks {
		list, err := events.member(a.Hooks[i].Event)
		if err != nil {
			return Missing, "", err
		}
		if list == nil {
			continue
		}
		named = named || bytes.Contains(data[list.val.lo:list.val.hi], []byte(a.arguments()))
		for k := range list.val.items {
			runs, matcher, ok := a.own(data, &list.val.items[k].val)
			if !ok {
				continue
			}
			have, command = have+1, runs
			if (want == "" || runs == want) && matcher == a.Hooks[i].Matcher {
				current++
			}
			break
		}
	}
	switch {
	case have == 0 && named:
		return Manual, "", nil
	case have == 0:
		return Missing, "", nil
	case current == len(a.Hooks):
		return Installed, command, nil
	default:
		return Outdated, command, nil
	}
}

// create writes a file that is not there. It fails if one has appeared meanwhile.
func (s *settings) create(data []byte) error {
	file, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(s.path))
	}
	return nil
}

// replace writes the file anew beside its place and puts it there in one step, with the mode that it had. It fails if
// somebody has written the file since it was read.
func (s *settings) replace(data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(s.path), ".skant-settings-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(s.mode)
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		var now []byte
		if now, err = readBounded(s.path, maxSettings); err == nil && !bytes.Equal(now, s.data) {
			err = fmt.Errorf("%s was changed meanwhile; try again", s.path)
		}
	}
	if err == nil {
		err = os.Rename(file.Name(), s.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
