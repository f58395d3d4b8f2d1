package diagnose

import (
	"strings"
)

const (
	idVariable     = "AWS_ACCESS_KEY_ID"
	secretVariable = "AWS_SECRET_ACCESS_KEY"
	bearerVariable = "AWS_BEARER_TOKEN_BEDROCK"
)

func bedrockWay() *way {
	return &way{
		name: "bedrock", title: "Amazon Bedrock", provider: "aws",
		places: []string{bearerVariable, idVariable + " with " + secretVariable, "~/.aws/credentials", "env in Claude Code's settings.json", ".env"},
		hosts:  "bedrock.REGION.amazonaws.com, or sts.REGION.amazonaws.com for an access key",
		own:    []string{"bedrock.*.amazonaws.com", "bedrock-runtime.*.amazonaws.com"},
		bases:  []string{"ANTHROPIC_BEDROCK_BASE_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"},
		switches: []switched{
			{"CLAUDE_CODE_SKIP_BEDROCK_AUTH", saysSkipAuth}, {"CLAUDE_CODE_USE_VERTEX", saysUseVertex},
		},
		owners: []string{"X-Amzn-Requestid", "X-Amzn-Errortype"}, scopes: []string{"AWS_PROFILE", "AWS_ROLE_ARN"},
		listed: saysListedBedrock,
		held:   bedrockHeld,
		look: func(d *walk, s *Step) {
			h := d.held[0]
			if strings.HasPrefix(h.value, "ASIA") && !strings.Contains(h.text, "AWS_SESSION_TOKEN=") {
				s.add(Wrong, saysNoSession, h.where)
			}
		},
		header: func(d *walk, s *Step) {
			switch {
			case len(d.held) == 0:
			case d.held[0].variable == bearerVariable:
				s.add(Fine, saysBedrockBearer)
				if len(d.held) > 1 && d.held[1].variable == idVariable {
					s.add(Look, saysBedrockBoth)
				}
			default:
				s.add(Fine, saysBedrockSigned)
			}
		},
		region: bedrockRegion,
	}
}

// awsFile returns a file of the AWS tools: the one that a variable names, or the usual one.
func (d *walk) awsFile(variable, name string) string {
	return orElse(d.Env(variable), d.home(".aws", name))
}

// profile returns what AWS's configuration file says of the profile in use.
func (d *walk) profile() (name string, values map[string]string) {
	name = orElse(d.value("AWS_PROFILE"), "default")
	head := "profile " + name
	if name == "default" {
		head = name
	}
	return name, section(d.quietly(d.awsFile("AWS_CONFIG_FILE", "config")), head)
}

// bedrockHeld collects keys of Bedrock and access keys.
func bedrockHeld(d *walk) []held {
	list := d.fromVariables([]string{bearerVariable})
	for _, path := range d.settingsFiles() {
		list = append(list, d.fromSettings(path, []string{bearerVariable})...)
	}
	list = append(list, d.fromProject([]string{bearerVariable})...)
	pair := func(where string, get func(name string) string) {
		id, secret := strings.TrimSpace(get(idVariable)), strings.TrimSpace(get(secretVariable))
		switch {
		case id == "" && secret == "":
			return
		case id == "" || secret == "":
			d.loose = append(d.loose, Remark{Wrong, where + ": " + saysHalfPair})
			return
		}
		text := idVariable + "=" + id + "\n" + secretVariable + "=" + secret + "\n"
		if session := strings.TrimSpace(get("AWS_SESSION_TOKEN")); session != "" {
			text += "AWS_SESSION_TOKEN=" + session + "\n"
		}
		list = append(list, held{where: where, value: id, variable: idVariable, text: text})
	}
	pair(idVariable, d.value)
	name, config := d.profile()
	file := d.awsFile("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	stored := section(d.read(file), name)
	pair("["+name+"] in "+file, func(name string) string { return stored[strings.ToLower(name)] })
	d.bedrockElsewhere(name, config)
	if len(list) == 0 && d.Env("AWS_PROFILE") != "" && len(stored) == 0 && len(config) == 0 {
		d.loose = append(d.loose, Remark{Wrong, "AWS_PROFILE is " + name + ": " + saysNoProfile})
	}
	return list
}

// bedrockElsewhere notes from where credentials come that stand in no file: nobody of them is run or asked.
func (d *walk) bedrockElsewhere(profile string, config map[string]string) {
	note := func(what string) {
		d.outside = true
		d.loose = append(d.loose, Remark{Look, what})
	}
	switch {
	case config["credential_process"] != "":
		note("[" + profile + "] names a credential_process: " + saysNotRun)
	case config["sso_session"] != "" || config["sso_start_url"] != "":
		note("[" + profile + "] signs in with SSO: " + saysSSO)
	case config["role_arn"] != "":
		note("[" + profile + "] assumes a role: " + saysNotRun)
	}
	for _, name := range []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if d.Env(name) != "" {
			note(name + " is set: " + saysRole)
			return
		}
	}
}

// bedrockRegion compares the region that is set with the one that a short-term key is for.
func bedrockRegion(d *walk, s *Step) {
	where, region := "", ""
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if at := d.lookup(name); at != nil {
			where, region = at.where, strings.TrimSpace(at.value)
			break
		}
	}
	if name, config := d.profile(); region == "" && config["region"] != "" {
		where, region = "["+name+"] in AWS's configuration", config["region"]
	}
	own := ""
	if d.found != nil {
		own = d.found.Facts["region"]
	}
	switch {
	case region == "" && own == "":
		s.add(Look, saysNoRegion)
	case region == "":
		s.add(Look, saysOwnRegion, own)
	case own != "" && own != region:
		s.add(Wrong, saysOtherRegion, own, region, where)
	default:
		s.add(Fine, saysRegionSet, region, where)
	}
}
