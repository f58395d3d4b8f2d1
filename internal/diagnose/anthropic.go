package diagnose

import (
	"path/filepath"
	"strings"
)

// anthropicVariables hold keys and tokens, in the order in which Claude Code prefers them.
func anthropicVariables() []string {
	return []string{"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_ADMIN_KEY"}
}

func anthropicWay() *way {
	return &way{
		name: "anthropic", title: "Anthropic's API", provider: "anthropic",
		places: append(anthropicVariables(), "~/.claude/.credentials.json", "env in Claude Code's settings.json", ".env", ".envrc", "compose files"),
		hosts:  "api.anthropic.com", own: []string{"api.anthropic.com"}, bases: []string{"ANTHROPIC_BASE_URL"},
		switches: []switched{{"CLAUDE_CODE_USE_BEDROCK", saysUseBedrock}, {"CLAUDE_CODE_USE_VERTEX", saysUseVertex}, {"ANTHROPIC_AWS_API_KEY", saysAWSPlatform}},
		owners:   []string{"Anthropic-Organization-Id", "Anthropic-Workspace-Id", "Request-Id"},
		listed:   saysListedAnthropic,
		held:     anthropicHeld,
		header:   anthropicHeader,
	}
}

func anthropicHeld(d *walk) []held {
	names := anthropicVariables()
	list := d.fromVariables(names)
	list = append(list, d.fromLogin(filepath.Join(d.claudeFolder(), ".credentials.json"))...)
	for _, path := range d.settingsFiles() {
		list = append(list, d.fromSettings(path, names)...)
	}
	return append(list, d.fromProject(names)...)
}

// anthropicHeader says by which header a key of its kind goes, and whether clients send it so from where it stands.
func anthropicHeader(d *walk, s *Step) {
	if at := d.lookup("ANTHROPIC_CUSTOM_HEADERS"); at != nil {
		s.add(Look, saysCustomHeaders, at.where)
	}
	if d.value("ANTHROPIC_API_KEY") != "" && d.value("ANTHROPIC_AUTH_TOKEN") != "" {
		s.add(Look, saysBothHeaders)
	}
	if len(d.held) == 0 {
		return
	}
	h := d.held[0]
	value := h.key()
	bearer := h.variable != "ANTHROPIC_API_KEY" && h.variable != "ANTHROPIC_ADMIN_KEY"
	kind := func(prefix string) bool { return strings.HasPrefix(value, prefix) }
	switch {
	case kind("sk-ant-oat") && !bearer:
		s.add(Wrong, saysOAuthAsKey, h.where)
	case kind("sk-ant-oat"):
		s.add(Fine, saysOAuth)
	case kind("sk-ant-ort"):
		s.add(Wrong, saysRefresh)
	case kind("sk-ant-sid"):
		s.add(Wrong, saysSession)
	case kind("sk-ant-admin") && h.variable != "ANTHROPIC_ADMIN_KEY":
		s.add(Wrong, saysAdminAsKey, h.where)
	case kind("sk-ant-admin"):
		s.add(Fine, saysAdmin)
	case kind("sk-ant-api01"):
		s.add(Look, saysCompliance)
	case kind("sk-ant-usr"):
		s.add(Look, saysPersonal)
	case kind("sk-ant-api") && bearer:
		s.add(Wrong, saysKeyAsBearer, h.where)
	case kind("sk-ant-"):
		s.add(Fine, saysKey)
	case d.gateway() != nil && bearer:
		s.add(Look, saysGatewayBearer, h.where)
	case d.gateway() != nil:
		s.add(Look, saysGatewayKey, h.where)
	default:
		s.add(Skipped, needsKind)
	}
}
