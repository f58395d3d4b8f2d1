package packaging

import (
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"io"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
)

// Program is a built program file.
type Program struct {
	// Name is that of the file, SHA256 its sum in hex.
	Name, SHA256 string
	Info         *buildinfo.BuildInfo
}

// The parts of CycloneDX 1.6 (https://cyclonedx.org) that are used here.
type (
	bom struct {
		Schema       string        `json:"$schema"`
		Format       string        `json:"bomFormat"`
		SpecVersion  string        `json:"specVersion"`
		Version      int           `json:"version"`
		Metadata     bomMetadata   `json:"metadata"`
		Components   []component   `json:"components"`
		Dependencies []dependency  `json:"dependencies"`
		Compositions []composition `json:"compositions"`
	}
	bomMetadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		PURL       string     `json:"purl"`
		Hashes     []bomHash  `json:"hashes,omitempty"`
		Licenses   []license  `json:"licenses,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	bomHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	license struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
	composition struct {
		Aggregate  string   `json:"aggregate"`
		Assemblies []string `json:"assemblies"`
	}
)

// WriteSBOM writes what a program is made of, as the linker recorded it in the file itself: modules with their versions and
// the sums of go.sum, the standard library, the settings of the build. It has no serial number and no time, because both
// would make it differ from one run to the next.
func WriteSBOM(w io.Writer, p Program) error {
	main := component{
		Type: "application", Name: p.Name, Version: p.Info.Main.Version, PURL: purl(p.Info.Main.Path, p.Info.Main.Version),
		Hashes: []bomHash{{"SHA-256", p.SHA256}}, Licenses: make([]license, 1),
	}
	main.Ref = main.PURL
	main.Licenses[0].License.ID = "Apache-2.0"
	for _, s := range p.Info.Settings {
		main.Properties = append(main.Properties, property{"go:build:" + s.Key, s.Value})
	}
	std := strings.TrimPrefix(p.Info.GoVersion, "go")
	parts := []component{{Type: "library", Ref: purl("std", std), Name: "std", Version: std, PURL: purl("std", std)}}
	for _, m := range p.Info.Deps {
		parts = append(parts, part(m))
	}
	slices.SortFunc(parts, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	refs := make([]string, len(parts))
	for i, c := range parts {
		refs[i] = c.Ref
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(bom{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: bomMetadata{main}, Components: parts,
		Dependencies: []dependency{{main.Ref, refs}},
		// The linker knows all modules that are in the program, but not which of them needs which.
		Compositions: []composition{{"complete", []string{main.Ref}}},
	})
}

// part describes a module. A replacement is what was really built.
func part(m *debug.Module) component {
	if m.Replace != nil {
		m = m.Replace
	}
	c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: purl(m.Path, m.Version)}
	c.Ref = c.PURL
	if m.Sum != "" {
		// A sum of go.sum is about a list of files, not about one file as a hash of CycloneDX is.
		c.Properties = []property{{"go:sum", m.Sum}}
	}
	return c
}

// purl names a module for the databases of vulnerabilities.
func purl(path, version string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return "pkg:golang/" + strings.Join(segments, "/") + "@" + strings.ReplaceAll(url.PathEscape(version), "+", "%2B")
}
