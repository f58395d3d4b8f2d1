package diagnose

import (
	"encoding/json"
	"strings"
)

const adcVariable = "GOOGLE_APPLICATION_CREDENTIALS"

// tokenVariables hold access tokens that clients and gcloud take as they are.
func tokenVariables() []string {
	return []string{"CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"}
}

// projectVariables name the project that calls are made in, the one that Claude Code takes first.
func projectVariables() []string {
	return []string{"ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"}
}

func vertexWay() *way {
	return &way{
		name: "vertex", title: "Vertex AI", provider: "google",
		places: append([]string{adcVariable, "gcloud's application_default_credentials.json"}, tokenVariables()...),
		hosts:  "www.googleapis.com and oauth2.googleapis.com; calls to Claude go to REGION-aiplatform.googleapis.com",
		own:    []string{"aiplatform.googleapis.com", "*-aiplatform.googleapis.com"}, bases: []string{"ANTHROPIC_VERTEX_BASE_URL"},
		switches: []switched{
			{"CLAUDE_CODE_SKIP_VERTEX_AUTH", saysSkipAuth}, {"CLAUDE_CODE_USE_BEDROCK", saysUseBedrock},
		},
		listed: saysListedVertex,
		held:   vertexHeld,
		header: vertexHeader,
		region: func(d *walk, s *Step) {
			if at := d.lookup("CLOUD_ML_REGION"); at != nil {
				s.add(Fine, saysRegionSet, at.value, at.where)
			} else {
				s.add(Look, saysNoVertexRegion)
			}
		},
	}
}

func vertexHeld(d *walk) []held {
	var list []held
	if at := d.lookup(adcVariable); at != nil {
		data := d.read(strings.TrimSpace(at.value))
		if len(data) == 0 {
			d.loose = append(d.loose, Remark{Wrong, at.where + " names " + at.value + ": " + saysNoFile})
		} else {
			list = append(list, d.whole(adcVariable+" ("+at.value+")", data))
		}
	}
	path := d.home(".config", "gcloud", "application_default_credentials.json")
	if dir := d.Env("CLOUDSDK_CONFIG"); dir != "" {
		path = strings.TrimRight(dir, "/") + "/application_default_credentials.json"
	} else if dir := d.Env("APPDATA"); dir != "" {
		path = dir + `\gcloud\application_default_credentials.json`
	}
	if data := d.read(path); len(data) > 0 {
		list = append(list, d.whole(path, data))
	}
	list = append(list, d.fromVariables(tokenVariables())...)
	list = append(list, d.fromVariables([]string{"GOOGLE_API_KEY"})...)
	for _, name := range []string{"K_SERVICE", "CLOUD_RUN_JOB", "GAE_ENV", "GCE_METADATA_HOST", "GKE_METADATA"} {
		if d.Env(name) != "" {
			d.outside = true
			d.loose = append(d.loose, Remark{Look, name + " is set: " + saysMetadata})
			break
		}
	}
	return list
}

// whole takes a whole file for a credential.
func (d *walk) whole(where string, data []byte) held {
	return held{where: where, value: string(data), variable: adcVariable, text: string(data) + "\n"}
}

// keyFile is what matters of a file of credentials of Google.
type keyFile struct {
	Type         string `json:"type"`
	Project      string `json:"project_id"`
	QuotaProject string `json:"quota_project_id"`
	Email        string `json:"client_email"`
}

func (d *walk) keyFile() (f keyFile, ok bool) {
	if len(d.held) == 0 || d.held[0].text == "" {
		return f, false
	}
	return f, json.Unmarshal([]byte(d.held[0].value), &f) == nil
}

func vertexHeader(d *walk, s *Step) {
	file, ok := d.keyFile()
	switch {
	case len(d.held) == 0:
	case d.held[0].variable == "GOOGLE_API_KEY":
		s.add(Look, saysVertexKey)
	case d.held[0].text == "":
		s.add(Fine, saysVertexToken)
	case !ok:
		s.add(Wrong, saysNoKeyFile, d.held[0].where)
	case file.Type == "authorized_user":
		s.add(Look, saysUserADC)
		if file.QuotaProject == "" {
			s.add(Look, saysNoQuotaProject)
		}
	case strings.HasPrefix(file.Type, "external_account") || file.Type == "impersonated_service_account":
		s.add(Look, saysFederated)
	case file.Type == "service_account":
		s.add(Fine, saysVertexHeader, orElse(file.Email, "a service account"))
	default:
		s.add(Wrong, saysNoKeyFile, d.held[0].where)
	}
	d.project(s, file)
}

// project says in which project calls are made. It belongs to the request as the header does: it stands in the URL.
func (d *walk) project(s *Step, file keyFile) {
	own := orElse(file.Project, file.QuotaProject)
	for _, name := range projectVariables() {
		at := d.lookup(name)
		switch {
		case at == nil:
			continue
		case file.Project != "" && file.Project != at.value:
			s.add(Look, saysOtherProject, at.where, at.value, file.Project)
		default:
			s.add(Fine, saysProject, at.value, at.where)
		}
		return
	}
	if own != "" {
		s.add(Look, saysOwnProject, own)
	} else {
		s.add(Wrong, saysNoProject)
	}
}
