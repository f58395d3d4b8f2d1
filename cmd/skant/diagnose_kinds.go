package main

import (
	"path/filepath"
	"strings"
)

// variableMeans is a variable and what it does to a client.
type variableMeans struct{ name, means string }

// diagnosisKind is a way to Claude.
type diagnosisKind struct {
	name, title string
	// providers are those of the rules whose credentials are asked about.
	providers []string
	// places are where clients look for a key, for people.
	places []string
	// hosts is who is asked, for people; bases are variables that name another.
	hosts string
	bases []string
	// switches are variables that have clients go another way.
	switches []variableMeans
	// owners are headers of an answer that say whose the key is; scopes and models are variables.
	owners, scopes, models []string
	// listed says what a good answer means for models.
	listed string
	// held collects the credentials, first the one that clients take.
	held func(d *diagnosisRun) []held
	// text is what the rules are asked about.
	text func(d *diagnosisRun) string
	// header says how clients send the first one.
	header func(d *diagnosisRun, s *step)
	// region looks at what sets a region.
	region func(d *diagnosisRun, s *step)
}

// diagnosisOf returns the way by its name; nil if there is none.
func diagnosisOf(name string) *diagnosisKind {
	switch name {
	case "", "anthropic", "claude":
		return anthropicDiagnosis()
	case "bedrock", "aws":
		return bedrockDiagnosis()
	case "vertex", "google":
		return vertexDiagnosis()
	default:
		return nil
	}
}

func anthropicDiagnosis() *diagnosisKind {
	variables := []string{"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_ADMIN_KEY"}
	return &diagnosisKind{
		name: "anthropic", title: diagAnthropic, providers: []string{"anthropic"},
		places: append(append([]string{}, variables...), "~/.claude/.credentials.json", "env in Claude Code's settings.json", ".env"),
		hosts:  "api.anthropic.com", bases: []string{"ANTHROPIC_BASE_URL"},
		switches: []variableMeans{
			{"CLAUDE_CODE_USE_BEDROCK", diagUseBedrock}, {"CLAUDE_CODE_USE_VERTEX", diagUseVertex},
		},
		owners: []string{"Anthropic-Organization-Id", "Anthropic-Workspace-Id", "Request-Id"},
		models: []string{"ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL"}, listed: diagModelsListed,
		held: func(d *diagnosisRun) []held {
			list := d.fromVariables(variables)
			list = append(list, d.fromLogin(filepath.Join(d.claudeFolder(), ".credentials.json"))...)
			for _, file := range []string{filepath.Join(".claude", "settings.local.json"), filepath.Join(".claude", "settings.json"), filepath.Join(d.claudeFolder(), "settings.json")} {
				list = append(list, d.fromSettings(file, variables)...)
			}
			return append(list, d.fromDotenv(".env", variables)...)
		},
		text: func(d *diagnosisRun) string {
			return d.held[0].variable + "=" + strings.TrimSpace(d.held[0].value) + "\n"
		},
		header: anthropicHeader,
		region: func(*diagnosisRun, *step) {},
	}
}

// anthropicHeader says by which header a key of its kind goes, and whether clients send it so from where it stands.
func anthropicHeader(d *diagnosisRun, s *step) {
	if len(d.held) == 0 {
		s.add(unclear, diagNoKey)
		return
	}
	h := d.held[0]
	value := strings.TrimSpace(h.value)
	bearer := h.variable != "ANTHROPIC_API_KEY" && h.variable != "ANTHROPIC_ADMIN_KEY"
	kind := func(prefix string) bool { return strings.HasPrefix(value, prefix) }
	switch {
	case kind("sk-ant-oat") && !bearer:
		s.add(wrong, diagOAuthAsKey, h.where)
	case kind("sk-ant-oat"):
		s.add(fine, diagOAuth)
	case kind("sk-ant-ort"):
		s.add(wrong, diagRefresh)
	case kind("sk-ant-sid"):
		s.add(wrong, diagSession)
	case kind("sk-ant-admin"):
		s.add(look, diagAdmin)
	case kind("sk-ant-api01"):
		s.add(look, diagCompliance)
	case kind("sk-ant-usr"):
		s.add(look, diagPersonal)
	case kind("sk-ant-api") && bearer:
		s.add(wrong, diagKeyAsBearer, h.where)
	case kind("sk-ant-"):
		s.add(fine, diagKey)
	default:
		s.add(unclear, diagHeaderUnknown)
	}
}

func bedrockDiagnosis() *diagnosisKind {
	return &diagnosisKind{
		name: "bedrock", title: diagBedrock, providers: []string{"aws"},
		places: []string{"AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY", "~/.aws/credentials"},
		hosts:  "bedrock.REGION.amazonaws.com, or sts.REGION.amazonaws.com for an access key",
		bases:  []string{"ANTHROPIC_BEDROCK_BASE_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"},
		switches: []variableMeans{
			{"CLAUDE_CODE_SKIP_BEDROCK_AUTH", diagSkipAuth}, {"CLAUDE_CODE_USE_VERTEX", diagUseVertex},
		},
		owners: []string{"X-Amzn-Requestid", "X-Amzn-Errortype"}, scopes: []string{"AWS_PROFILE", "AWS_ROLE_ARN"},
		models: []string{"ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL"}, listed: diagModelsBedrock,
		held: bedrockHeld,
		text: func(d *diagnosisRun) string {
			h := d.held[0]
			if h.variable == "AWS_ACCESS_KEY_ID" {
				return h.header
			}
			return h.variable + "=" + strings.TrimSpace(h.value) + "\n"
		},
		header: func(d *diagnosisRun, s *step) {
			switch {
			case len(d.held) == 0:
				s.add(unclear, diagNoKey)
			case d.held[0].variable == "AWS_BEARER_TOKEN_BEDROCK":
				s.add(fine, diagBedrockBearer)
			default:
				s.add(fine, diagBedrockSigned)
			}
		},
		region: bedrockRegion,
	}
}

// bedrockHeld collects keys of Bedrock and access keys. An access key's pair stands in its header field, as text for the rules.
func bedrockHeld(d *diagnosisRun) []held {
	list := d.fromVariables([]string{"AWS_BEARER_TOKEN_BEDROCK"})
	pair := func(where string, get func(name string) string) {
		id, secret := get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")
		if id == "" || secret == "" {
			return
		}
		text := "AWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + secret + "\n"
		if session := get("AWS_SESSION_TOKEN"); session != "" {
			text += "AWS_SESSION_TOKEN=" + session + "\n"
		}
		list = append(list, held{where: where, value: id, variable: "AWS_ACCESS_KEY_ID", header: text})
	}
	pair("AWS_ACCESS_KEY_ID", d.app.env)
	file := d.app.env("AWS_SHARED_CREDENTIALS_FILE")
	if file == "" {
		file = filepath.Join(d.app.env("HOME"), ".aws", "credentials")
	}
	profile := d.profile(file, orElse(d.app.env("AWS_PROFILE"), "default"))
	pair(file, func(name string) string { return profile[strings.ToLower(name)] })
	return list
}

// bedrockRegion compares the region that is set with the one that a short-term key is for.
func bedrockRegion(d *diagnosisRun, s *step) {
	region := orElse(d.app.env("AWS_REGION"), d.app.env("AWS_DEFAULT_REGION"))
	own := ""
	if d.found != nil {
		own = d.found.Facts["region"]
	}
	switch {
	case region == "" && own == "":
		s.add(look, diagNoRegion)
	case own != "" && region != "" && own != region:
		s.add(wrong, diagOtherRegion, own, region)
	default:
		s.add(fine, diagRegionSet, orElse(region, own))
	}
}

func vertexDiagnosis() *diagnosisKind {
	return &diagnosisKind{
		name: "vertex", title: diagVertex, providers: []string{"google"},
		places: []string{"GOOGLE_APPLICATION_CREDENTIALS", "gcloud's application_default_credentials.json"},
		hosts:  "www.googleapis.com and oauth2.googleapis.com; calls to Claude go to REGION-aiplatform.googleapis.com", bases: []string{"ANTHROPIC_VERTEX_BASE_URL"},
		switches: []variableMeans{
			{"CLAUDE_CODE_SKIP_VERTEX_AUTH", diagSkipAuth}, {"CLAUDE_CODE_USE_BEDROCK", diagUseBedrock},
		},
		scopes: []string{"ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"},
		models: []string{"ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL"}, listed: diagModelsVertex,
		held: func(d *diagnosisRun) []held {
			adc := filepath.Join(orElse(d.app.env("CLOUDSDK_CONFIG"), filepath.Join(d.app.env("HOME"), ".config", "gcloud")), "application_default_credentials.json")
			var list []held
			if file := d.app.env("GOOGLE_APPLICATION_CREDENTIALS"); file != "" {
				list = append(list, d.fromWhole("GOOGLE_APPLICATION_CREDENTIALS", file, true)...)
			}
			return append(list, d.fromWhole("", adc, false)...)
		},
		text: func(d *diagnosisRun) string { return d.held[0].value },
		header: func(d *diagnosisRun, s *step) {
			switch {
			case len(d.held) == 0:
				s.add(unclear, diagNoKey)
			case strings.Contains(d.held[0].value, `"authorized_user"`):
				s.add(look, diagUserADC)
			case strings.Contains(d.held[0].value, `"external_account"`):
				s.add(look, diagFederated)
			default:
				s.add(fine, diagVertexHeader)
			}
			for _, name := range []string{"ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"} {
				if d.app.env(name) != "" {
					return
				}
			}
			s.add(look, diagNoProject)
		},
		region: func(d *diagnosisRun, s *step) {
			if region := d.app.env("CLOUD_ML_REGION"); region != "" {
				s.add(fine, diagRegionSet, region)
			} else {
				s.add(look, diagNoVertexRegion)
			}
		},
	}
}
