package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// HooksPath returns the value of core.hooksPath as git sees it in this repository: the user's and the system's
// configuration count, and so do included files, which is why git itself is asked. It is empty if it is not set. Set to nothing
// it makes git look at the root of the file system, so that is the value then.
func (r *Repository) HooksPath(ctx context.Context) (string, error) {
	out, err := r.askGit(ctx, "config", "--type=path", "--get", "core.hooksPath")
	if err != nil {
		return "", fmt.Errorf("ask git for core.hooksPath: %w", err)
	}
	path := strings.TrimRight(string(out), "\r\n")
	if path == "" && len(out) > 0 {
		path = "/"
	}
	return path, nil
}

// Setting returns the value of a key of git's configuration as git sees it in this repository; empty if it is not set.
func (r *Repository) Setting(ctx context.Context, key string) (string, error) {
	out, err := r.askGit(ctx, "config", "--get", key)
	if err != nil {
		return "", fmt.Errorf("ask git for %s: %w", key, err)
	}
	return strings.TrimRight(string(out), "\r\n"), nil
}

// HeadRef returns the full name of the branch that HEAD names, whether there is a commit on it or not; empty if it names none.
func (r *Repository) HeadRef(ctx context.Context) (string, error) {
	out, err := r.askGit(ctx, "symbolic-ref", "-q", "HEAD")
	if err != nil {
		return "", fmt.Errorf("ask git for the branch of HEAD: %w", err)
	}
	return strings.TrimRight(string(out), "\r\n"), nil
}

// ConfigHook is a hook that is configured rather than a file: hook.NAME.command. git runs them from version 2.54 on.
type ConfigHook struct {
	Name, Command string
	Events        []string
	// Disabled says that hook.NAME.enabled is false, or that of one of the events.
	Disabled bool
}

// ConfigHooks returns the hooks of git's configuration as git sees it in this repository.
func (r *Repository) ConfigHooks(ctx context.Context) ([]ConfigHook, error) {
	out, err := r.askGit(ctx, "config", "-z", "--get-regexp", `^hook\.`)
	if err != nil {
		return nil, fmt.Errorf("ask git for hooks in the configuration: %w", err)
	}
	return parseConfigHooks(string(out)), nil
}

// parseConfigHooks reads the output of `git config -z --get-regexp ^hook\.`: "KEY\nVALUE" or "KEY" each, ended by NUL. The
// last value of a key counts, except for events, of which an empty value forgets those before it.
func parseConfigHooks(out string) []ConfigHook {
	var list []ConfigHook
	at := map[string]int{}
	off := map[string]bool{}
	for _, entry := range strings.Split(out, "\x00") {
		key, value, hasValue := strings.Cut(entry, "\n")
		rest, ok := strings.CutPrefix(key, "hook.")
		dot := strings.LastIndexByte(rest, '.')
		if !ok || dot <= 0 {
			continue
		}
		name, last := rest[:dot], rest[dot+1:]
		if last == "enabled" {
			off[name] = hasValue && isFalse(value)
			continue
		}
		if last != "command" && last != "event" {
			continue
		}
		i, known := at[name]
		if !known {
			i = len(list)
			at[name] = i
			list = append(list, ConfigHook{Name: name})
		}
		switch {
		case last == "command":
			list[i].Command = value
		case value == "":
			list[i].Events = nil
		default:
			list[i].Events = append(list[i].Events, value)
		}
	}
	for i := range list {
		list[i].Disabled = off[list[i].Name]
		for _, event := range list[i].Events {
			list[i].Disabled = list[i].Disabled || off[event]
		}
	}
	return list
}

// isFalse reports whether git takes a value of its configuration for false.
func isFalse(value string) bool {
	switch strings.ToLower(value) {
	case "false", "no", "off", "0", "":
		return true
	default:
		return false
	}
}

// UserGit is what git is and knows for this user, whatever the repository.
type UserGit struct {
	// Major and Minor are its version.
	Major, Minor int
	// ConfigFile is the file that `git config --global` writes; it need not exist.
	ConfigFile string
	// TemplateDir is the folder that new repositories are filled from, if the user or the system has configured one, and
	// TemplateFrom says where: "user", "system" or "GIT_TEMPLATE_DIR".
	TemplateDir, TemplateFrom string

	program string
}

// AskUserGit asks the git program; "" means the one in PATH. env reads an environment variable.
func AskUserGit(ctx context.Context, program string, env func(string) string) (*UserGit, error) {
	if program == "" {
		program = "git"
	}
	g := &UserGit{program: program}
	out, err := runPlainGit(ctx, program, "version")
	if err != nil {
		return nil, fmt.Errorf("ask git for its version: %w", err)
	}
	if g.Major, g.Minor, err = parseGitVersion(string(out)); err != nil {
		return nil, err
	}
	if g.ConfigFile, err = globalConfigFile(env); err != nil {
		return nil, err
	}
	if dir := env("GIT_TEMPLATE_DIR"); dir != "" {
		g.TemplateDir, g.TemplateFrom = dir, "GIT_TEMPLATE_DIR"
		return g, nil
	}
	for _, scope := range []string{"system", "user"} { // the last one counts
		flags := map[string]string{"system": "--system", "user": "--global"}
		args := []string{"config", flags[scope], "--includes", "--type=path", "--get", "init.templateDir"}
		out, err := runPlainGit(ctx, program, args...)
		if err != nil && scope == "user" && !absentFile(g.ConfigFile) {
			return nil, fmt.Errorf("ask git for init.templateDir: %w", err)
		}
		if dir := strings.TrimRight(string(out), "\r\n"); err == nil && dir != "" {
			g.TemplateDir, g.TemplateFrom = dir, scope
		}
	}
	return g, nil
}

func absentFile(path string) bool {
	_, err := os.Stat(path)
	return absent(err)
}

// RunsConfigHooks reports whether this git runs hooks that are configured as hook.NAME.command.
func (g *UserGit) RunsConfigHooks() bool { return g.Major > 2 || g.Major == 2 && g.Minor >= 54 }

// CheckConfig reports an error unless git reads, from a configuration file, exactly these values of these keys.
func (g *UserGit) CheckConfig(ctx context.Context, file string, want map[string]string) error {
	for key, value := range want {
		out, err := runPlainGit(ctx, g.program, "config", "--file", file, "-z", "--get-all", key)
		if err != nil {
			return fmt.Errorf("git cannot read the configuration: %w", err)
		}
		if string(out) != value+"\x00" {
			return fmt.Errorf("git reads another value of %s than was written: something before it in the file may not be ended", key)
		}
	}
	return nil
}

// globalConfigFile is the file that `git config --global` writes: ~/.gitconfig, unless only the one below
// XDG_CONFIG_HOME exists.
func globalConfigFile(env func(string) string) (string, error) {
	if path := env("GIT_CONFIG_GLOBAL"); path != "" {
		return filepath.Abs(path)
	}
	home := env("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", fmt.Errorf("find git's configuration: %w", err)
		}
	}
	path := filepath.Join(home, ".gitconfig")
	if !absentFile(path) {
		return path, nil
	}
	config := env("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	if other := filepath.Join(config, "git", "config"); !absentFile(other) {
		return other, nil
	}
	return path, nil
}

// parseGitVersion reads "git version 2.54.0", with anything behind it.
func parseGitVersion(text string) (major, minor int, err error) {
	fields := strings.Fields(text)
	if len(fields) < 3 || fields[0] != "git" || fields[1] != "version" {
		return 0, 0, fmt.Errorf("ask git for its version: it says %q", clip(firstLine(text)))
	}
	parts := strings.SplitN(fields[2], ".", 3)
	if len(parts) < 2 {
		return 0, 0, fmt.Errorf("ask git for its version: it says %q", clip(firstLine(text)))
	}
	major, errMajor := strconv.Atoi(parts[0])
	digits := len(parts[1]) - len(strings.TrimLeft(parts[1], "0123456789"))
	minor, errMinor := strconv.Atoi(parts[1][:digits])
	if err := errors.Join(errMajor, errMinor); err != nil {
		return 0, 0, fmt.Errorf("ask git for its version: it says %q", clip(firstLine(text)))
	}
	return major, minor, nil
}
