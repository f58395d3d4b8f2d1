package recovery

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/rules"
)

// maxStores bounds the stores that are named of one leak.
const maxStores = 4

// reading runs commands that have a new value in $NEW_SECRET, which they read from the terminal: so it is in no history and no
// list of processes. All is one line, for a terminal that pastes line by line would give the second line to read.
func reading(commands string) string {
	return `read -rs NEW_SECRET && [ "$NEW_SECRET" ] && { ` + commands + "; }; unset NEW_SECRET"
}

const value = `printf %s "$NEW_SECRET" | `

// store is a place from which programs get their secrets, and how a new value gets there.
type store struct {
	name string
	// holds says whether a secret at a path is read from this store, or could be; files are names at the top of the project.
	holds func(p string, files []string) bool
	text  string
	run   string
	link  string
}

// stores are tried in this order. In commands {variable} is the name of the secret; values come from standard input, which
// neither the history of the shell nor the list of processes shows.
func stores() []store {
	base := func(names ...string) func(string, []string) bool {
		return func(p string, _ []string) bool { return slices.Contains(names, strings.ToLower(path.Base(p))) }
	}
	return []store{
		{"GitHub Actions", within(".github/workflows/", ".github/actions/"),
			"Workflows read it as `${{ secrets.{variable} }}`. Add `--env ENVIRONMENT` for a secret of an environment, `--org ORGANIZATION` for one of " +
				"the organization. Runs that are waiting use the value of the time when they start.",
			value + `gh secret set {variable}`, "https://cli.github.com/manual/gh_secret_set"},
		{"GitLab CI", base(".gitlab-ci.yml", ".gitlab-ci.yaml"),
			"Masked and protected: jobs of protected branches alone get it, and logs do not show it.",
			value + `glab variable set {variable} --masked --protected`, "https://docs.gitlab.com/ci/variables/"},
		{"Vercel", vercel,
			"Once for each environment that uses it. A deployment keeps the values it was built with: deploy again, or the old one stays in use.",
			value + "vercel env add {variable} production --sensitive --force", "https://vercel.com/docs/cli/env"},
		{"Cloudflare Workers", base("wrangler.toml", "wrangler.json", "wrangler.jsonc", ".dev.vars"),
			"It takes effect with a new version of the Worker at once.",
			value + `npx wrangler secret put {variable}`, "https://developers.cloudflare.com/workers/configuration/secrets/"},
		{"AWS Lambda and serverless", serverless,
			"Have the function read it from Secrets Manager when it starts. A variable of a function is shown to all who may read its " +
				"configuration, and older published versions of the function keep the old value: the last command names the functions that have one of this name.",
			secretsManager + "; " + `aws lambda list-functions --query 'Functions[?Environment.Variables.{variable}].FunctionName' --output text`,
			"https://docs.aws.amazon.com/lambda/latest/dg/with-secrets-manager.html"},
		{"Kubernetes", kubernetes,
			"It changes this one key and leaves the others; a secret that is not there yet is made. Pods that have it as a variable see the new value only after a restart.",
			value + `jq -Rs '{stringData: {"{variable}": .}}' | kubectl --namespace {namespace} patch secret {secret_name} --type merge --patch-file /dev/stdin || ` +
				value + "kubectl --namespace {namespace} create secret generic {secret_name} --from-file={variable}=/dev/stdin; " +
				"kubectl --namespace {namespace} rollout restart deployment", "https://kubernetes.io/docs/tasks/configmap-secret/managing-secret-using-kubectl/"},
		{"Terraform", terraform,
			"Terraform reads it from the provider's store (an ephemeral resource, from Terraform 1.10 on; a data source writes it into the state). " +
				"The state still has the old value, and so has every earlier version of it in the backend: who may read those has read the secret.",
			"", "https://developer.hashicorp.com/terraform/language/manage-sensitive-data"},
		{"Docker image", func(p string, _ []string) bool {
			b := strings.ToLower(path.Base(p))
			return strings.HasPrefix(b, "dockerfile") || strings.HasPrefix(b, "containerfile") || strings.HasSuffix(b, ".dockerfile")
		}, "`ENV`, `ARG` and `COPY` leave it in the layers of every image that was built: delete those tags. For the build use " +
			"`RUN --mount=type=secret,id={variable}`; at run time have the platform hand it in.",
			`{variable}="$NEW_SECRET" docker build --secret id={variable} .`, "https://docs.docker.com/build/building/secrets/"},
		{"Docker Compose", func(p string, _ []string) bool {
			b := strings.ToLower(path.Base(p))
			return strings.HasPrefix(b, "docker-compose") || strings.HasPrefix(b, "compose.y")
		}, "Name it under `secrets:` with a file outside of the repository; the service reads it from `/run/secrets/{variable}`.",
			`install -d -m 700 "$HOME/.secrets"; ( umask 077; printf %s "$NEW_SECRET" > "$HOME/.secrets/"{variable} ); docker compose up --detach --force-recreate`,
			"https://docs.docker.com/compose/how-tos/use-secrets/"},
		{"Ansible", ansible,
			"The line it prints is encrypted and may be committed. Who has the vault's password can read it, and so could whoever had it then.",
			value + `ansible-vault encrypt_string --stdin-name {variable}`, "https://docs.ansible.com/ansible/latest/vault_guide/index.html"},
		{"the settings of an agent", agents,
			"Write a reference to the variable {variable} (`${NAME}`) in place of the value: servers and hooks get it from the environment of whoever starts the agent, which a secret manager fills.",
			"", ""},
	}
}

const secretsManager = value + "aws secretsmanager put-secret-value --secret-id {variable} --secret-string file:///dev/stdin || " +
	value + "aws secretsmanager create-secret --name {variable} --secret-string file:///dev/stdin"

func within(folders ...string) func(string, []string) bool {
	return func(p string, _ []string) bool {
		return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(p, f) || strings.Contains(p, "/"+f) })
	}
}

// dotenv says that a path is a file of environment variables: .env, .env.local, prod.env.
func dotenv(p string) bool {
	b := strings.ToLower(path.Base(p))
	return b == ".env" || strings.HasPrefix(b, ".env.") || strings.HasSuffix(b, ".env")
}

func vercel(p string, files []string) bool {
	project := slices.Contains(files, "vercel.json") || slices.Contains(files, ".vercel")
	return within(".vercel/")(p, nil) || strings.EqualFold(path.Base(p), "vercel.json") || dotenv(p) && project
}

func serverless(p string, files []string) bool {
	names := []string{"serverless.yml", "serverless.yaml", "serverless.ts", "samconfig.toml", "template.yaml", "template.yml"}
	return slices.Contains(names, strings.ToLower(path.Base(p))) ||
		dotenv(p) && slices.ContainsFunc(files, func(f string) bool { return slices.Contains(names, f) })
}

func kubernetes(p string, _ []string) bool {
	lower := strings.ToLower(p)
	ext := path.Ext(lower)
	if ext != ".yaml" && ext != ".yml" && ext != ".json" && ext != ".tpl" {
		return false
	}
	b := path.Base(lower)
	return within("k8s/", "kubernetes/", "manifests/", "kustomize/", "overlays/", "helm/", "charts/", "argocd/")(lower, nil) ||
		b == "values.yaml" || strings.HasPrefix(b, "values-") || strings.HasPrefix(b, "values.") ||
		strings.Contains(b, "secret") && ext != ".json" || strings.Contains(b, "deployment")
}

func terraform(p string, _ []string) bool {
	b := strings.ToLower(path.Base(p))
	return strings.HasSuffix(b, ".tf") || strings.HasSuffix(b, ".tf.json") || strings.Contains(b, ".tfvars") || strings.Contains(b, ".tfstate") ||
		strings.HasSuffix(b, ".tofu") || b == "terragrunt.hcl"
}

func ansible(p string, _ []string) bool {
	return within("group_vars/", "host_vars/", "playbooks/", "roles/")(strings.ToLower(p), nil)
}

func agents(p string, _ []string) bool {
	return within(".claude/", ".cursor/", ".gemini/", ".codex/")(p, nil) || slices.Contains([]string{".mcp.json", "mcp.json", "claude_desktop_config.json"}, path.Base(p))
}

// nameable says that a text may name a variable, and does not need to be quoted anywhere.
func nameable(s string) bool {
	return s != "" && len(s) <= 64 && s[0] >= 'A' && s[0] <= 'Z' && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// variableName is the name under which the secret is stored: the one that the places tell, or one made of its rule's.
func (l *Leak) variableName() string {
	made := strings.ToUpper(strings.ReplaceAll(l.RuleID, "-", "_"))
	if l.RuleID == huntRule {
		made = "SECRET_" + strconv.Itoa(l.Number)
	}
	for _, n := range []string{l.Variable, made} {
		if nameable(n) {
			return n
		}
	}
	return "NEW_SECRET"
}

// storeSteps say how a new value gets to where the old one was read, one step for each store that the places point at.
func storeSteps(l *Leak, known facts, files []string) []Step {
	known["variable"] = []string{l.variableName()}
	var out []Step
	for _, s := range stores() {
		i := slices.IndexFunc(l.Places, func(p Place) bool { return p.Path != "" && s.holds(p.Path, files) })
		if i < 0 {
			continue
		}
		if len(out) == maxStores {
			break
		}
		step := known.step(&rules.Step{Title: "Put the new value where the old one was read: " + s.name, Text: s.text, Link: s.link})
		step.Text = append([]Span{{"Found in ", Words}, {l.Places[i].Path, Value}, {". ", Words}}, step.Text...)
		run := s.run
		if s.name == "Terraform" {
			run = terraformStore(l.RuleID)
		}
		if run != "" {
			step.Run = reading(known.command(run, &step.Missing))
		}
		out = append(out, step)
	}
	if len(out) == 0 {
		out = append(out, Step{Title: words("Put the new value into a secret manager"), Text: known.text(
			"Nothing about the places says from where programs read it: \"Where new values go\", below, has the commands. They name it `{variable}`.", new([]Missing))})
	}
	return out
}

// terraformStore is the store of the provider whose secret it is.
func terraformStore(rule string) string {
	for _, s := range defaultStores() {
		for _, prefix := range s.rules {
			if strings.HasPrefix(rule, prefix) {
				return s.run
			}
		}
	}
	return secretsManager
}

// manager is a secret manager that is always named.
type manager struct {
	name, run, link string
	// rules are prefixes of rules whose secrets belong there.
	rules []string
}

func defaultStores() []manager {
	return []manager{
		{"AWS Secrets Manager", secretsManager, "https://docs.aws.amazon.com/secretsmanager/latest/userguide/intro.html", []string{"aws-"}},
		{"Google Cloud Secret Manager", value + "gcloud secrets versions add {variable} --data-file=- || " + value + "gcloud secrets create {variable} --data-file=-",
			"https://cloud.google.com/secret-manager/docs/add-secret-version", []string{"gcp-", "google-"}},
		{"HashiCorp Vault", value + "vault kv put -mount=secret {variable} value=-",
			"https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2", []string{"vault-", "hcp-"}},
		{"Doppler", value + `doppler secrets set {variable} --silent`, "https://docs.doppler.com/docs/setting-secrets", []string{"doppler-"}},
	}
}

// storeSection has the commands of the secret managers, once for the incident.
func storeSection(p *Plan) Section {
	s := Section{Title: "Where new values go", Intro: words("For a value that has no better place: one of these, whichever your programs can read. Each " +
		"reads the new value from the terminal, so that it is in no shell's history and no list of processes. Never pass it on through the " +
		"repository, a ticket or a chat.")}
	variable := p.Leaks[0].variableName()
	known := facts{"variable": {variable}}
	for _, m := range defaultStores() {
		step := Step{Title: words(m.name), Link: m.link}
		step.Run = reading(known.command(m.run, &step.Missing))
		s.Steps = append(s.Steps, step)
	}
	if len(p.Leaks) > 1 {
		s.Intro = append(s.Intro, Span{" The commands are for " + variable + "; the other secrets go by ", Words})
		var names []string
		for i := range p.Leaks {
			if n := p.Leaks[i].variableName(); n != variable && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
		s.Intro = append(s.Intro, namesOf(names, maxShownNames)...)
		s.Intro = append(s.Intro, Span{".", Words})
		if len(names) == 0 {
			s.Intro = append(s.Intro[:len(s.Intro)-2:len(s.Intro)-2], Span{" The commands are for " + variable + "; give each secret a name of its own.", Words})
		}
	}
	return s
}

// maxShownNames bounds a list of names in a sentence.
const maxShownNames = 10

// namesOf lists values in a sentence, at most n of them.
func namesOf(values []string, n int) []Span {
	var out []Span
	for i, v := range values[:min(len(values), n)] {
		if i > 0 {
			out = append(out, Span{", ", Words})
		}
		out = append(out, Span{v, Value})
	}
	if rest := len(values) - n; rest > 0 {
		out = append(out, Span{" and " + strconv.Itoa(rest) + " more", Words})
	}
	return out
}

// ProjectFiles are names at the top of a work tree that tell where a project is deployed; see [Options.Files].
func ProjectFiles() []string {
	return []string{".vercel", "vercel.json", "serverless.yml", "serverless.yaml", "serverless.ts", "samconfig.toml", "template.yaml", "template.yml"}
}
