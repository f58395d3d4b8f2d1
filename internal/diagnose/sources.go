package diagnose

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// maxSource bounds what is read of a file, in bytes: settings and credentials are small.
const maxSource = 1 << 20

// setting is a variable and where it is set.
type setting struct{ where, value string }

// lookup returns a variable: from the environment, from Claude Code's settings, or from .env. It is nil if nobody sets it.
func (d *walk) lookup(name string) *setting {
	if value := d.Env(name); value != "" {
		return &setting{name, value}
	}
	for _, path := range d.settingsFiles() {
		if value, ok := d.settings(path, false).Env[name].(string); ok && value != "" {
			return &setting{name + " in " + path, value}
		}
	}
	for _, path := range dotenvFiles() {
		for _, line := range assignments(string(d.quietly(path))) {
			if line.name == name && line.value != "" {
				return &setting{name + " in " + path, line.value}
			}
		}
	}
	return nil
}

// value returns a variable as [walk.lookup] does; empty if nobody sets it.
func (d *walk) value(name string) string {
	if at := d.lookup(name); at != nil {
		return at.value
	}
	return ""
}

func (d *walk) home(parts ...string) string {
	return filepath.Join(append([]string{orElse(d.Env("HOME"), d.Env("USERPROFILE"))}, parts...)...)
}

// claudeFolder is where Claude Code keeps its settings.
func (d *walk) claudeFolder() string {
	return orElse(d.Env("CLAUDE_CONFIG_DIR"), d.home(".claude"))
}

// settingsFiles are Claude Code's settings, the nearest first.
func (d *walk) settingsFiles() []string {
	return []string{
		filepath.Join(".claude", "settings.local.json"), filepath.Join(".claude", "settings.json"),
		filepath.Join(d.claudeFolder(), "settings.json"),
	}
}

// dotenvFiles are files whose lines many programs take for variables.
func dotenvFiles() []string { return []string{".env", ".env.local"} }

// containerFiles and direnvFile hold variables for what is started with them only.
const direnvFile = ".envrc"

func containerFiles() []string {
	return []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
}

// read reads a file. One that is not there is empty; one that cannot be read is told of.
func (d *walk) read(path string) []byte {
	data, err := d.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		d.loose = append(d.loose, Remark{Look, path + ": " + saysUnreadable})
		return nil
	case len(data) > maxSource:
		d.loose = append(d.loose, Remark{Look, path + ": " + saysTooLarge})
		return nil
	}
	return data
}

// quietly reads a file that was told of already, if it cannot be read.
func (d *walk) quietly(path string) []byte {
	data, err := d.Read(path)
	if err != nil || len(data) > maxSource {
		return nil
	}
	return data
}

func (d *walk) fromVariables(names []string) []held {
	var list []held
	for _, name := range names {
		if value := d.Env(name); value != "" {
			list = append(list, held{where: name, value: value, variable: name})
		}
	}
	return list
}

// claudeSettings is what matters of a settings file of Claude Code.
type claudeSettings struct {
	Env          map[string]any `json:"env"`
	APIKeyHelper string         `json:"apiKeyHelper"`
}

// settings reads a settings file; tell says whether one that cannot be read is remarked on.
func (d *walk) settings(path string, tell bool) claudeSettings {
	var s claudeSettings
	data := d.quietly(path)
	if tell {
		data = d.read(path)
	}
	if data != nil && json.Unmarshal(data, &s) != nil {
		s = claudeSettings{}
		if tell {
			d.loose = append(d.loose, Remark{Wrong, path + ": " + saysNoJSON})
		}
	}
	return s
}

// fromSettings reads variables that Claude Code's settings set, and says if they name a program that gives the key.
func (d *walk) fromSettings(path string, names []string) []held {
	s := d.settings(path, true)
	if s.APIKeyHelper != "" {
		d.outside = true
		d.loose = append(d.loose, Remark{Look, path + ": " + saysHelper})
	}
	var list []held
	for _, name := range names {
		if value, ok := s.Env[name].(string); ok && value != "" {
			list = append(list, held{where: name + " in " + path, value: value, variable: name})
		}
	}
	return list
}

// fromLogin reads the token of a login with Claude Code.
func (d *walk) fromLogin(path string) []held {
	data := d.read(path)
	if data == nil {
		return nil
	}
	var login struct {
		OAuth struct {
			AccessToken string `json:"accessToken"`
		} `json:"claudeAiOauth"`
	}
	if json.Unmarshal(data, &login) != nil {
		d.loose = append(d.loose, Remark{Wrong, path + ": " + saysNoJSON})
		return nil
	}
	if login.OAuth.AccessToken == "" {
		return nil
	}
	return []held{{where: path, value: login.OAuth.AccessToken, variable: "CLAUDE_CODE_OAUTH_TOKEN"}}
}

// line is an assignment in a file.
type line struct{ name, value string }

// assignments reads lines NAME=VALUE, with export or without, and those of a compose file: NAME: VALUE and - NAME=VALUE. References to
// other variables are left out: they hold nothing.
func assignments(text string) []line {
	var list []line
	for raw := range strings.SplitSeq(text, "\n") {
		raw = strings.TrimSpace(raw)
		raw = strings.TrimSpace(strings.TrimPrefix(raw, "- "))
		if quoted(raw) { // a whole item of a list
			raw = raw[1 : len(raw)-1]
		}
		raw = strings.TrimPrefix(raw, "export ")
		at := strings.IndexAny(raw, "=:")
		if at < 1 {
			continue
		}
		name, value := strings.TrimSpace(raw[:at]), plain(strings.TrimSpace(raw[at+1:]))
		if !variableName(name) || strings.HasPrefix(value, "$") {
			continue
		}
		list = append(list, line{name, value})
	}
	return list
}

// plain is a value without its quotes, and without the comment that follows it.
func plain(value string) string {
	if value != "" && (value[0] == '"' || value[0] == '\'') {
		if end := strings.IndexByte(value[1:], value[0]); end >= 0 {
			return value[1 : end+1]
		}
	}
	value, _, _ = strings.Cut(value, " #")
	return strings.TrimSpace(value)
}

func variableName(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// fromLines reads variables that a file of assignments sets.
func (d *walk) fromLines(path string, names []string, elsewhere bool) []held {
	var list []held
	for _, l := range assignments(string(d.read(path))) {
		if l.value != "" && slices.Contains(names, l.name) {
			list = append(list, held{where: l.name + " in " + path, value: l.value, variable: l.name, elsewhere: elsewhere})
		}
	}
	return list
}

// fromProject reads what the files of the current folder set.
func (d *walk) fromProject(names []string) []held {
	var list []held
	for _, path := range dotenvFiles() {
		list = append(list, d.fromLines(path, names, false)...)
	}
	for _, path := range append([]string{direnvFile}, containerFiles()...) {
		list = append(list, d.fromLines(path, names, true)...)
	}
	return list
}

// section reads a section of an INI file: keys in lower case.
func section(data []byte, name string) map[string]string {
	values := map[string]string{}
	in := false
	for l := range strings.SplitSeq(string(data), "\n") {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			in = strings.Trim(l, "[] \t") == name
			continue
		}
		if key, value, ok := strings.Cut(l, "="); ok && in && !strings.HasPrefix(l, "#") {
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return values
}
