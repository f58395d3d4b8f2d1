package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// claudeFolder is where Claude Code keeps its settings.
func (d *diagnosisRun) claudeFolder() string {
	return orElse(d.app.env("CLAUDE_CONFIG_DIR"), filepath.Join(d.app.env("HOME"), ".claude"))
}

// read reads a file of the user's. One that is not there is empty; one that cannot be read is told of.
func (d *diagnosisRun) read(path string) []byte {
	data, err := readOwn(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.app.note(d.p.scanner.Scrub(err.Error()))
	}
	if err != nil {
		return nil
	}
	return data
}

func (d *diagnosisRun) fromVariables(names []string) []held {
	var list []held
	for _, name := range names {
		if value := d.app.env(name); value != "" {
			list = append(list, held{where: name, value: value, variable: name})
		}
	}
	return list
}

// fromSettings reads variables that Claude Code's settings set.
func (d *diagnosisRun) fromSettings(path string, names []string) []held {
	data := d.read(path)
	if data == nil {
		return nil
	}
	var settings struct {
		Env map[string]any `json:"env"`
	}
	if json.Unmarshal(data, &settings) != nil {
		d.app.note(path + ": " + diagNoJSON)
		return nil
	}
	var list []held
	for _, name := range names {
		if value, ok := settings.Env[name].(string); ok && value != "" {
			list = append(list, held{where: name + " in " + path, value: value, variable: name})
		}
	}
	return list
}

// fromLogin reads the token of a login with Claude Code.
func (d *diagnosisRun) fromLogin(path string) []held {
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
		d.app.note(path + ": " + diagNoJSON)
		return nil
	}
	if login.OAuth.AccessToken == "" {
		return nil
	}
	return []held{{where: path, value: login.OAuth.AccessToken, variable: "CLAUDE_CODE_OAUTH_TOKEN"}}
}

// fromDotenv reads lines NAME=VALUE.
func (d *diagnosisRun) fromDotenv(path string, names []string) []held {
	var list []held
	for line := range strings.SplitSeq(string(d.read(path)), "\n") {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"'`)
		if ok && value != "" && slices.Contains(names, name) {
			list = append(list, held{where: name + " in " + path, value: value, variable: name})
		}
	}
	return list
}

// profile reads a section of a file of AWS: keys in lower case.
func (d *diagnosisRun) profile(path, name string) map[string]string {
	values := map[string]string{}
	in := false
	for line := range strings.SplitSeq(string(d.read(path)), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			in = strings.Trim(line, "[] \t") == name
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && in && !strings.HasPrefix(line, "#") {
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return values
}

// fromWhole takes a whole file for a credential. named says that a variable names it, so that it has to be there.
func (d *diagnosisRun) fromWhole(variable, path string, named bool) []held {
	data := d.read(path)
	if len(data) == 0 {
		if named {
			d.app.note(variable + ": " + diagNoFile)
		}
		return nil
	}
	where := path
	if variable != "" {
		where = variable + " (" + path + ")"
	}
	return []held{{where: where, value: string(data), variable: orElse(variable, path)}}
}
