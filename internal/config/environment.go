package config

import (
	"errors"
	"slices"
	"strings"
)

// FileVariable names the user's own file, in place of the one in the folder of their configuration.
const FileVariable = "SKANT_CONFIG_FILE"

// Variables returns the name of every variable that sets something.
func Variables() []string {
	list := []string{FileVariable}
	for _, s := range settings() {
		if s.env != "" {
			list = append(list, s.env)
		}
	}
	return list
}

// Environment reads the settings of the environment; lookup returns "" for a variable that is not set, and a variable that
// is empty sets nothing. Lists are separated by commas or line ends. The error joins an [*Error] for each bad value.
func Environment(lookup func(string) string) (Values, error) {
	values := Values{}
	var errs []error
	for _, s := range settings() {
		value := ""
		if s.env != "" {
			value = lookup(s.env)
		}
		if value == "" {
			continue
		}
		at := Origin{Layer: Env, Name: s.env}
		parts := []string{value}
		if s.kind.many() {
			parts = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' })
		}
		for _, part := range parts {
			kept, p := s.judge(strings.TrimSpace(part), Env)
			if p.what != "" {
				errs = append(errs, &Error{Origin: at, Problem: p.what, Instead: p.instead})
				continue
			}
			values[s.key] = append(values[s.key], Item{kept, at})
		}
	}
	for _, e := range contradictions(values) {
		errs = append(errs, e)
	}
	return values, errors.Join(errs...)
}

// Unknown returns those of the variables, each NAME or NAME=VALUE, that begin as settings do and are none, each with the
// name that was most likely meant, or "". known are names, and beginnings of names that end in *, that others read.
func Unknown(environ, known []string) [][2]string {
	var list [][2]string
	names := append(Variables(), known...)
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "SKANT_") {
			continue
		}
		if slices.ContainsFunc(names, func(k string) bool {
			head, open := strings.CutSuffix(k, "*")
			return k == name || open && strings.HasPrefix(name, head)
		}) {
			continue
		}
		list = append(list, [2]string{name, nearestVariable(name, names)})
	}
	slices.SortFunc(list, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return list
}

func nearestVariable(name string, names []string) string {
	dashed := map[string]string{}
	var words []string
	for _, n := range names {
		if strings.HasSuffix(n, "*") {
			continue
		}
		word := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(n, "SKANT_")), "_", "-")
		dashed[word] = n
		words = append(words, word)
	}
	return dashed[Nearest(strings.TrimPrefix(name, "SKANT_"), words)]
}
