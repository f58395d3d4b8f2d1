package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

const schemaFile = "../../docs/config.schema.json"

func schema(t *testing.T, fragment string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile + fragment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func schemas(t *testing.T) map[Layer]*jsonschema.Schema {
	return map[Layer]*jsonschema.Schema{Repository: schema(t, ""), User: schema(t, "#/definitions/user")}
}

// follow returns what a schema that only refers to another one stands for.
func follow(s *jsonschema.Schema) *jsonschema.Schema {
	for s.Ref != nil {
		s = s.Ref
	}
	return s
}

// TestSchemaNamesEveryKey checks that the keys of the schemas are those of the table, neither more nor less, and the words
// of those that have words.
func TestSchemaNamesEveryKey(t *testing.T) {
	want := map[string][]string{"version": nil}
	for _, s := range settings() {
		want[s.key] = slices.Sorted(slices.Values(s.words))
	}
	for layer, top := range schemas(t) {
		got := map[string][]string{}
		var walk func(prefix string, s *jsonschema.Schema)
		walk = func(prefix string, s *jsonschema.Schema) {
			for key, sub := range s.Properties {
				sub = follow(sub)
				if _, isSetting := lookup(prefix + key); !isSetting && prefix+key != "version" {
					if len(sub.Properties) == 0 {
						t.Errorf("the schema knows %s, the decoder does not", prefix+key)
					}
					if open, ok := sub.AdditionalProperties.(bool); !ok || open {
						t.Errorf("the schema lets anything stand below %s", prefix+key)
					}
					walk(prefix+key+".", sub)
					continue
				}
				var words []string
				if sub.Const != nil && layer == Repository && len(want[prefix+key]) > 0 {
					got[prefix+key] = want[prefix+key] // of the words a repository may use one
					continue
				}
				if sub.Enum != nil {
					for _, w := range sub.Enum.Values {
						words = append(words, w.(string))
					}
				}
				got[prefix+key] = slices.Sorted(slices.Values(words))
			}
		}
		walk("", top)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("layer %d (-decoder +schema):\n%s", layer, diff)
		}
	}
}

// beyond are files of the corpus that the schema cannot know to be wrong.
var beyond = []string{
	"two documents", "twice", "twice in a group", "alias", "merge", "tag", "binary", "both", "star", "two stars", "slash stars", "folders",
	"any two letters", "file twice", "too much",
	"version 1.0", "exponent", // JSON has no other 1 than 1.0
}

var right = []string{
	whole, "version: 1\n", "version: 1\nrules: {}\n", "version: 1\nmax-size: 1048576\n", "version: 1\nmax-size: 1.5 GB\n", "version: 1\ntimeout: 0\n",
	"version: 1\ntimeout: 1h30m\n", "version: 1\npaths: {ignore: [\"a/*\", \"!a/b\", \"\\\\#c\", \" d\"]}\n", "version: 1\nallow:\n  compat: True\n",
	"version: 1\nrules: {files: [a.yaml, b/c.yaml, .github/r.yaml, .gitx/r.yaml]}\n", "version: 1\nverify: {endpoints: {}}\n",
	"version: 1\nmax-size: 4k\n", "version: 1\ntimeout: \".5s\"\n", "version: 1\nbaseline: \"a b/c\"\n", "version: 1\nhooks: {}\n", "version: 1\nfail-on: live\n",
	"version: 1\nverify: {only-live: true}\n",
}

// TestSchemaAndDecoderAgree gives both a corpus of files.
func TestSchemaAndDecoderAgree(t *testing.T) {
	both := schemas(t)
	compare := func(layer Layer, name, text string) {
		t.Helper()
		_, err := Decode([]byte(text), Name, layer)
		var value any
		refused := yaml.Unmarshal([]byte(text), &value) // what an editor cannot read it refuses, too
		if refused == nil {
			refused = both[layer].Validate(value)
		}
		if (err == nil) != (refused == nil) && !(refused == nil && slices.Contains(beyond, name)) {
			t.Errorf("%s:\n%s\ndecoder: %v\nschema: %v", name, text, err, refused)
		}
		if refused != nil && slices.Contains(beyond, name) && !strings.Contains(refused.Error(), "yaml") {
			t.Errorf("%s is not beyond the schema: %v", name, refused)
		}
	}
	for _, text := range right {
		compare(Repository, "right", text)
		compare(User, "right", text)
	}
	for _, c := range wrong {
		compare(Repository, c.name, fileOf(c.text))
	}
	for _, values := range usersOwn {
		compare(User, "user", "version: 1\n"+values)
	}
	for _, values := range slices.Sorted(maps.Keys(usersWrong)) {
		if !strings.HasPrefix(values, "output: [json=a") { // two outputs in one file
			compare(User, "user", "version: 1\n"+values)
		}
	}
}
