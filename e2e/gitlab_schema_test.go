//go:build gitlabschema

package e2e

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/internal/report/gitlab"
	"github.com/skant-dev/skant/rules"
)

// TestGitLabFollowsThePublishedSchema holds reports against the schema that GitLab publishes for secret detection: dist/secret-detection-report-format.json of its
// security-report-schemas, 15.2.4. It is in no registry that a test could install it from, so this is a target of its own, `make e2e-gitlab`, for whoever has the file.
func TestGitLabFollowsThePublishedSchema(t *testing.T) {
	path := os.Getenv("SKANT_E2E_GITLAB_SCHEMA")
	if path == "" {
		t.Fatal("set SKANT_E2E_GITLAB_SCHEMA to GitLab's secret-detection-report-format.json")
	}
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 6000} {
		var b bytes.Buffer
		if err := gitlab.Write(&b, manyFindings(set, n), set); err != nil {
			t.Fatal(err)
		}
		text := b.Bytes()
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%d findings: %v", n, err)
		}
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"version":"15.2.4","scan":{},"vulnerabilities":[]}`))
	if err != nil || schema.Validate(v) == nil {
		t.Errorf("the schema takes anything: %v", err)
	}
}
