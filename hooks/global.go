package hooks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Global is what this package needs to know to install hooks for all repositories of a user. Paths are absolute.
type Global struct {
	// ConfigFile is git's configuration of the user; it need not exist.
	ConfigFile string
	// ConfigHooks says that git runs hooks from its configuration, beside those of a repository.
	ConfigHooks bool
	// TemplateDir is the folder that git fills new repositories from, if one is configured, and TemplateFrom says where.
	TemplateDir, TemplateFrom string
	// OwnTemplate is the folder that is made for that if none is configured.
	OwnTemplate string
	// Check asks git whether it reads exactly these values of these keys in a configuration file.
	Check func(file string, want map[string]string) error
}

// GlobalState is how hooks are installed for all repositories of the user.
type GlobalState struct {
	// ConfigFile is git's configuration, Configured the kinds that it runs for every repository.
	ConfigFile string
	Configured []Kind
	// Outdated says that what is configured is not what would be configured now.
	Outdated bool
	// TemplateDir is the folder that new repositories are filled from; empty if there is none. Hooks are those in it.
	TemplateDir string
	Hooks       []Hook
}

// configName is the name of a hook of ours in git's configuration.
func configName(k Kind) string { return "skant-" + k.Name }

// configCommand returns the command that git's configuration runs for a hook, by a shell. git adds the arguments of the hook.
func (k Kind) configCommand(binary string) string {
	program := quote(shellPath(binary))
	return "[ -x " + program + " ] || { echo " + quote("skant: not found at "+shellPath(binary)+
		", so nothing was checked for secrets; install it again and run: skant hooks install --global") + " >&2; exit 1; }; " +
		program + " hooks run " + k.Name + " --"
}

// ConfigRuns reports whether a command of git's configuration is the one that is written for a program, and so starts nothing else.
func (k Kind) ConfigRuns(command, binary string) bool { return command == k.configCommand(binary) }

// Install installs hooks for all repositories of the user: where git runs hooks from its configuration, there;
// otherwise in the folder that new repositories are filled from, which is configured if there is none yet. What stands in
// either is extended, never replaced: hooks of others are treated as the function Install does.
func (g Global) Install(kinds []Kind, opt Options) (*GlobalState, error) {
	if err := checkBinary(opt.Binary); err != nil {
		return nil, err
	}
	if g.ConfigHooks {
		lines, want := "", map[string]string{}
		for _, k := range kinds {
			command := k.configCommand(opt.Binary)
			lines += hookSection(k, command)
			want["hook."+configName(k)+".command"], want["hook."+configName(k)+".event"] = command, k.Name
		}
		if err := g.configure(lines, want); err != nil {
			return nil, err
		}
		return g.Status(opt)
	}
	if g.TemplateFrom == "GIT_TEMPLATE_DIR" {
		return nil, fmt.Errorf("GIT_TEMPLATE_DIR is set, which git obeys before its configuration: unset it, or install into %q by hand", g.TemplateDir)
	}
	dir := g.TemplateDir
	if dir == "" {
		dir = g.OwnTemplate
		if strings.ContainsAny(dir, "\n\r\x00") {
			return nil, fmt.Errorf("the folder %q cannot be written into a configuration", dir)
		}
	}
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("init.templateDir is %q, which is another folder in each place: write it as an absolute path", dir)
	}
	_, err := installAll(filepath.Join(dir, "hooks"), kinds, opt)
	if err == nil && g.TemplateDir == "" {
		lines := "[init]\n\ttemplateDir = " + configValue(dir) + "\n"
		if err = g.configure(lines, map[string]string{"init.templateDir": dir}); err == nil {
			g.TemplateDir = dir
		}
	}
	if err != nil {
		return nil, err
	}
	return g.Status(opt)
}

func hookSection(k Kind, command string) string {
	return "[hook \"" + configName(k) + "\"]\n\tevent = " + k.Name + "\n\tcommand = " + configValue(command) + "\n"
}

// configure puts lines into the block of ours.
func (g Global) configure(lines string, want map[string]string) error {
	return editConfig(g.ConfigFile, func(content string, exists bool) (string, bool, error) {
		rest, old, found, newFile, err := cutBlock(content)
		if err != nil || found && !plausible(old) {
			return "", false, &BlockError{g.ConfigFile}
		}
		return addBlock(rest, lines, newFile || !exists), false, nil
	}, func(file string) error { return g.Check(file, want) })
}

// plausible reports whether the lines of a block are of the shape that this package writes.
func plausible(lines string) bool {
	_, err := parseBlock(lines)
	return err == nil
}

// parseBlock reads the lines of a block: the commands by the kinds of the hooks. Anything that this package does not write is
// an error.
func parseBlock(lines string) (commands map[string]string, err error) {
	commands = map[string]string{}
	list := strings.Split(strings.TrimSuffix(strings.ReplaceAll(lines, "\r\n", "\n"), "\n"), "\n")
	if len(list) == 2 && list[0] == "[init]" && strings.HasPrefix(list[1], "\ttemplateDir = \"") {
		return commands, nil
	}
	for ; len(list) >= 3; list = list[3:] {
		name, event, _ := strings.Cut(list[1], " = ")
		k, ok := FindKind(event)
		command, value := strings.CutPrefix(list[2], "\tcommand = ")
		if !ok || name != "\tevent" || !value || list[0] != "[hook \""+configName(k)+"\"]" {
			return nil, errors.New("no line of skant")
		}
		commands[k.Name] = command
	}
	if len(list) > 0 && (len(list) > 1 || list[0] != "") {
		return nil, errors.New("no line of skant")
	}
	return commands, nil
}

// Uninstall removes what [Global.Install] has written, in either way. It returns the paths of the hooks that
// are gone, of those that were put back, and whether the configuration was changed.
func (g Global) Uninstall(opt Options) (removed, restored []string, changed bool, err error) {
	folders := []string{filepath.Join(g.OwnTemplate, "hooks")}
	if g.TemplateDir != "" && filepath.IsAbs(g.TemplateDir) && filepath.Clean(g.TemplateDir) != filepath.Clean(g.OwnTemplate) {
		folders = append(folders, filepath.Join(g.TemplateDir, "hooks"))
	}
	removed, restored, err = uninstallAll(folders, Kinds(), opt)
	if err != nil {
		return removed, restored, false, err
	}
	// A folder of ours that is empty again goes; what somebody else has put there stays.
	for _, dir := range []string{folders[0], g.OwnTemplate} {
		if gone := os.Remove(dir); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			break
		}
	}
	if _, exists := os.Stat(g.ConfigFile); errors.Is(exists, fs.ErrNotExist) {
		return removed, restored, false, nil
	}
	err = editConfig(g.ConfigFile, func(content string, _ bool) (string, bool, error) {
		rest, lines, found, newFile, err := cutBlock(content)
		if err != nil || found && !plausible(lines) {
			return "", false, &BlockError{g.ConfigFile}
		}
		changed = found
		return rest, newFile && rest == "", nil
	}, nil)
	return removed, restored, changed && err == nil, err
}

// Status returns how hooks are installed for all repositories of the user.
func (g Global) Status(opt Options) (*GlobalState, error) {
	state := &GlobalState{ConfigFile: g.ConfigFile, TemplateDir: g.TemplateDir}
	content, _, _, err := readConfig(g.ConfigFile)
	if err != nil {
		return nil, err
	}
	_, lines, found, _, err := cutBlock(content)
	if err != nil {
		return nil, &BlockError{g.ConfigFile}
	}
	if found {
		commands, err := parseBlock(lines)
		if err != nil {
			return nil, &BlockError{g.ConfigFile}
		}
		for _, k := range Kinds() {
			if command, ok := commands[k.Name]; ok {
				state.Configured = append(state.Configured, k)
				state.Outdated = state.Outdated || opt.Binary != "" && command != configValue(k.configCommand(opt.Binary))
			}
		}
	}
	if g.TemplateDir == "" || !filepath.IsAbs(g.TemplateDir) {
		return state, nil
	}
	state.Hooks, err = inspectAll(filepath.Join(g.TemplateDir, "hooks"), Kinds(), opt)
	return state, err
}
