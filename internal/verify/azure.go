package verify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// storageVersion is the version of the storage services' interface that requests name.
const storageVersion = "2021-12-02"

// signAzureStorage lists one container of the account that the key is said to be of. The account is a label below a domain
// of Microsoft's; the key signs, and is not sent.
func signAzureStorage(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error) {
	account := values["account"]
	if !storageAccount(account) {
		return nil, unaskable("The storage account is not known.")
	}
	key, err := base64.StdEncoding.DecodeString(values["secret"])
	if err != nil {
		return nil, unaskable("It is not base64.")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL(values, account+".blob.core.windows.net")+"/?comp=list&maxresults=1", nil)
	if err != nil {
		return nil, fmt.Errorf("ask Azure Storage: %w", err)
	}
	req.Header.Set("X-Ms-Date", v.now().UTC().Format(http.TimeFormat))
	req.Header.Set("X-Ms-Version", storageVersion)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(sharedKeyString(req, account)))
	req.Header.Set("Authorization", "SharedKey "+account+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return req, nil
}

// storageAccounts settles which account a key is said to be of: what a connection string names, or else the label of a storage service's
// address near it. account_url stays among the values where that is a guess.
func storageAccounts(values map[string]string) {
	switch account, near := values["account"], values["account_url"]; {
	case near == account:
		delete(values, "account_url")
	case account == "":
		values["account"] = near
	}
}

// judgeAzureStorage tells the refusal of a key apart where its account is a guess: it says that the key is of another one.
func judgeAzureStorage(_ *Verifier, values map[string]string, a *answer) []byte {
	if values["account_url"] != "" && a.status == http.StatusForbidden && bytes.Contains(a.body, []byte("MAC signature found in the HTTP request")) {
		return []byte("<Code>SkantOther</Code>")
	}
	return a.body
}

// sharedKeyString is what Shared Key signs of a request without a body: the method, eleven standard headers, none of which is set,
// the x-ms- headers, and the account, path and query.
func sharedKeyString(req *http.Request, account string) string {
	var b strings.Builder
	b.WriteString(req.Method + strings.Repeat("\n", 12))
	var names []string
	for name := range req.Header {
		if strings.HasPrefix(name, "X-Ms-") {
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(name + ":" + req.Header.Get(name) + "\n")
	}
	b.WriteString("/" + account + req.URL.EscapedPath())
	query := req.URL.Query()
	names = names[:0]
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString("\n" + strings.ToLower(name) + ":" + strings.Join(query[name], ","))
	}
	return b.String()
}

// storageAccount reports whether s is the name of a storage account, and with that a label that is safe in front of a host's name.
func storageAccount(s string) bool { return len(s) >= 3 && len(s) <= 24 && allOf(s, lower+digits) }

// signAzureSAS uses a shared access signature for the least that it allows: the first byte of what it may read, or one entry of what
// it may list. Its host must be a storage service of Microsoft's, and of its query only the parameters of a signature are sent.
func signAzureSAS(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error) {
	u, q, err := parseSAS(values["secret"])
	if err != nil {
		return nil, err
	}
	if start, ok := sasTime(q.Get("st")); ok && start.After(v.now()) {
		return nil, unaskable("It is not valid yet.")
	}
	path, extra, header := sasQuestion(u, q)
	switch {
	case strings.Contains(u.Host, ".table."):
		return nil, unaskable("It is for a table, about which skant does not ask.")
	case path == "":
		return nil, unaskable("It allows neither reading nor listing, and what it allows would change something.")
	}
	for name, value := range extra {
		q.Set(name, value)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL(values, u.Host)+path+"?"+q.Encode(), nil)
	if err != nil {
		return nil, unaskable("It is no address.")
	}
	if header {
		req.Header.Set("Range", "bytes=0-0")
	}
	return req, nil
}

// sasParameters are those that a signature is made of.
const sasParameters = " sv ss srt sr st se sp sip spr si sig skoid sktid skt ske sks skv saoid suoid scid sdd ses rscc rscd rsce rscl rsct snapshot versionid "

// parseSAS takes a URL with a shared access signature apart, and leaves nothing in it that could lead elsewhere.
func parseSAS(text string) (*url.URL, url.Values, error) {
	u, err := url.Parse(strings.ReplaceAll(strings.ReplaceAll(text, "&amp;", "&"), `\u0026`, "&"))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" {
		return nil, nil, unaskable("It is no https address of a storage service.")
	}
	account, service, ok := strings.Cut(u.Host, ".")
	account = strings.TrimSuffix(account, "-secondary")
	known := []string{"blob.core.windows.net", "file.core.windows.net", "queue.core.windows.net", "table.core.windows.net", "dfs.core.windows.net"}
	if !ok || !storageAccount(account) || !slices.Contains(known, service) {
		return nil, nil, unaskable("Its host is no storage service of the public Azure cloud.")
	}
	// A plus sign that was not escaped is part of the signature.
	all, err := url.ParseQuery(strings.ReplaceAll(u.RawQuery, "+", "%2B"))
	if err != nil || len(all["sig"]) != 1 {
		return nil, nil, unaskable("Its parameters cannot be read.")
	}
	q := url.Values{}
	for name, values := range all {
		if slices.Contains([]string{"srh", "srq", "sduoid", "skdutid"}, name) {
			return nil, nil, unaskable("It is good only for requests with headers or parameters, or from a person, that it does not name; others get the refusal of a wrong one.")
		}
		if strings.Contains(sasParameters, " "+name+" ") {
			q.Set(name, values[0])
		}
	}
	return u, q, nil
}

// sasQuestion chooses what to ask with a signature; path is empty if there is nothing harmless.
func sasQuestion(u *url.URL, q url.Values) (path string, extra map[string]string, firstByte bool) {
	service := strings.Split(u.Host, ".")[1]
	may := func(permission string) bool { return strings.Contains(q.Get("sp"), permission) }
	list := map[string]string{"comp": "list", "maxresults": "1"}
	clean := strings.TrimRight(u.EscapedPath(), "/")
	container, object, _ := strings.Cut(strings.TrimPrefix(clean, "/"), "/")
	container = "/" + container
	account, blob := q.Get("ss") != "", service == "blob"
	switch {
	case account && blob && may("l") && strings.Contains(q.Get("srt"), "s"):
		return "/", list, false
	case blob && container != "/" && may("l") && (q.Get("sr") == "c" || account && strings.Contains(q.Get("srt"), "c")):
		list["restype"] = "container"
		return container, list, false
	case (blob || service == "file") && object != "" && may("r"), blob && object != "" && q.Get("sp") == "" && q.Get("si") != "":
		return clean, nil, true
	case service == "queue" && container != "/" && may("r"):
		return container, map[string]string{"comp": "metadata"}, false
	default:
		return "", nil, false
	}
}

// judgeSAS turns a refusal for the time into its own shape where the signature says itself that its end is past: the same refusal comes
// before a signature's beginning, and for times that are in a policy at the service.
func judgeSAS(v *Verifier, values map[string]string, a *answer) []byte {
	_, q, err := parseSAS(values["secret"])
	if err != nil || !bytes.Contains(a.body, []byte("not valid in the specified time frame")) {
		return a.body
	}
	if end, ok := sasTime(q.Get("se")); ok && v.now().After(end) {
		return []byte("<Code>SkantExpired</Code>")
	}
	return []byte("<Code>SkantTimes</Code>")
}

// sasTime reads the forms of ISO 8601 that the services accept.
func sasTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// signAzureOpenAI lists the models of the resource that the key is said to be of, which is a label below one of three domains of
// Microsoft's, or the address that the user named.
func signAzureOpenAI(ctx context.Context, _ *Verifier, values map[string]string) (*http.Request, error) {
	host := strings.ToLower(values["host"])
	if !openAIHost(host) && values["endpoint"] == "" {
		return nil, unaskable("The resource that it is for is not known; name it with --verify-endpoint azure=https://NAME.openai.azure.com.")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL(values, host)+"/openai/models?api-version=2024-10-21", nil)
	if err != nil {
		return nil, fmt.Errorf("ask Azure OpenAI: %w", err)
	}
	req.Header.Set("Api-Key", values["secret"])
	return req, nil
}

// judgeAzureOpenAI keeps the refusal of a key apart from that of a key of another resource: they are the same words, so that a key is dead
// only where the user named the resource.
func judgeAzureOpenAI(_ *Verifier, values map[string]string, a *answer) []byte {
	refusal := struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}{}
	if a.status != http.StatusUnauthorized || values["endpoint"] == "" || json.Unmarshal(a.body, &refusal) != nil || refusal.Error.Code != "401" {
		return a.body
	}
	return []byte(`{"refused":"by the resource that was named"}`)
}

func openAIHost(host string) bool {
	label, domain, _ := strings.Cut(host, ".")
	known := []string{"openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"}
	return slices.Contains(known, domain) && dnsLabel(label)
}

// signAzureDevOps lists one project of the organization that the token is for, which the user named or which stands beside it. Without one it
// reads the profile of the token's owner, which not every token may.
func signAzureDevOps(ctx context.Context, _ *Verifier, values map[string]string) (*http.Request, error) {
	const projects = "/_apis/projects?api-version=7.1&$top=1"
	address := "https://app.vssps.visualstudio.com/_apis/profile/profiles/me?api-version=7.1"
	switch organization := devOpsOrganization(values["organization"]); {
	case values["endpoint"] != "":
		address = baseURL(values, "") + projects
	case organization != "":
		address = "https://dev.azure.com/" + organization + projects
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask Azure DevOps: %w", err)
	}
	req.SetBasicAuth("", values["secret"])
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// devOpsOrganization returns the name of an organization from its address of either form, or from the name itself; empty if it is none.
func devOpsOrganization(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "dev.azure.com/"), ".visualstudio.com")
	if !dnsLabel(strings.ToLower(s)) {
		return ""
	}
	return s
}

// judgeAzureDevOps tells the refusal of an organization that the user named from others: those may be for the scope of the token, or come
// from an organization that it is not for.
func judgeAzureDevOps(_ *Verifier, values map[string]string, a *answer) []byte {
	if a.status != http.StatusUnauthorized || values["endpoint"] == "" {
		return a.body
	}
	return []byte(`{"refused":"by the organization that was named"}`)
}
