package evidence

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// githubType names the token types by prefix.
func githubType(prefix string) string {
	switch prefix {
	case "ghp_":
		return "personal-classic"
	case "gho_":
		return "oauth"
	case "ghu_":
		return "user-to-server"
	case "ghs_":
		return "installation"
	case "ghr_":
		return "refresh"
	default:
		return ""
	}
}

// github checks the documented checksum and computes the name that audit logs know the token by.
func github(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	f := facts{"hashed_token": hashedToken(s)}
	if strings.HasPrefix(s, "github_pat_") {
		f["token_type"] = "personal-fine-grained"
		return Result{Facts: f}
	}
	kind := githubType(s[:min(4, len(s))])
	if kind == "" {
		return Result{}
	}
	if kind == "installation" && strings.Contains(s, ".") {
		return githubStateless(in)
	}
	f["token_type"] = kind
	body := s[4:]
	if len(body) != 36 && (kind != "refresh" || len(body) != 76) {
		return Result{Change: Lowered, Facts: f, Reason: "its length is not that of a token of this type"}
	}
	if cut := len(body) - 6; body[cut:] == GitHubSuffix(body[:cut]) {
		return Result{Change: Proven, Facts: f, Reason: "its checksum is right"}
	}
	return Result{Change: Lowered, Facts: f, Reason: wrongChecksum}
}

// hashedToken is how GitHub's audit log writes a token. It does not lead back to the token.
func hashedToken(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// githubHashedToken only computes the audit log's name for the token.
func githubHashedToken(in Input) Result {
	s, ok := in.text()
	if !ok || s == "" {
		return Result{}
	}
	return Result{Facts: facts{"hashed_token": hashedToken(s)}}
}

// githubStateless reads the token that newer installation tokens carry: ghs_<app id>_<JWT>.
func githubStateless(in Input) Result {
	s, ok := in.text()
	rest, found := strings.CutPrefix(s, "ghs_")
	if !ok || !found {
		return Result{}
	}
	f := facts{"hashed_token": hashedToken(s), "token_type": "installation-stateless"}
	app, token, _ := strings.Cut(rest, "_")
	_, claims, ok := parseJWT(token)
	if !ok || !isDigits(app) {
		return Result{Change: Lowered, Facts: f, Reason: "it does not hold the token it should hold"}
	}
	f.set("app_id", app)
	r := Result{Change: Proven, Facts: f, Reason: "it holds a well-formed token"}
	if end, ok := claims.seconds("exp", time.Second); ok {
		r.expiry(end, in.Now)
	}
	return r
}

// gitlabType names the token types by prefix, where GitLab documents them.
func gitlabType(prefix string) string {
	switch prefix {
	case "glpat":
		return "personal-access"
	case "gldt":
		return "deploy"
	case "glrt":
		return "runner-authentication"
	case "glcbt":
		return "ci-job"
	case "glptt":
		return "pipeline-trigger"
	case "glagent":
		return "kubernetes-agent"
	case "gloas":
		return "oauth-application-secret"
	case "glsoat":
		return "scim"
	case "glft":
		return "feed"
	case "glimt":
		return "incoming-mail"
	case "glffct":
		return "feature-flags-client"
	default:
		return ""
	}
}

// gitlab checks the checksum of routable tokens. Older tokens have none.
func gitlab(in Input) Result {
	s, ok := in.text()
	prefix, body, found := strings.Cut(s, "-")
	if !ok || !found {
		return Result{}
	}
	f := facts{}
	f.set("token_type", gitlabType(prefix))
	// A routable token ends in ".xx.yyccccccc": a payload version, the payload's length and the checksum.
	n := len(body)
	if n < 13+27 || body[n-10] != '.' || body[n-13] != '.' {
		return Result{Facts: f}
	}
	cut := len(s) - 7
	if s[cut:] == GitLabSuffix(s[:cut]) {
		return Result{Change: Proven, Facts: f, Reason: "its checksum is right"}
	}
	return Result{Change: Lowered, Facts: f, Reason: wrongChecksum}
}

// vercelType names the token types by prefix.
func vercelType(prefix string) string {
	switch prefix {
	case "vcp_":
		return "personal"
	case "vci_":
		return "integration"
	case "vca_":
		return "app-access"
	case "vcr_":
		return "app-refresh"
	case "vck_":
		return "ai-gateway"
	default:
		return ""
	}
}

// vercel checks the checksum that ends the newer tokens.
func vercel(in Input) Result {
	s, ok := in.text()
	if !ok || len(s) != 60 || vercelType(s[:4]) == "" {
		return Result{}
	}
	f := facts{"token_type": vercelType(s[:4])}
	if s[54:] == VercelSuffix(s[4:54]) {
		return Result{Change: Proven, Facts: f, Reason: "its checksum is right"}
	}
	return Result{Change: Lowered, Facts: f, Reason: wrongChecksum}
}
