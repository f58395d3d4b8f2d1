package verify

import "github.com/skant-dev/skant/scanner"

// Short names for the table.
const (
	isLive       = scanner.Live
	isRestricted = scanner.Restricted
	isDead       = scanner.Dead
	isExpired    = scanner.Expired
	isUnknown    = scanner.Unknown
	asBearer     = "Authorization: Bearer S"
)

// documentedA are the answers of one half of the providers, as their documentation, or people who got them, quote them.
func documentedA() []documented {
	var all []documented
	for _, some := range [][]documented{documentedModels(), documentedForges(), documentedServers(), documentedPlatforms()} {
		all = append(all, some...)
	}
	return all
}

func openaiError(code, message string) string {
	return `{"error":{"message":"` + message + `","type":"invalid_request_error","param":null,"code":` + code + `}}`
}

func documentedModels() []documented {
	openai := []docRow{
		on(isDead, 401, openaiError(`"invalid_api_key"`, "Incorrect API key provided: sk-****. You can find your API key at https://platform.openai.com/account/api-keys.")),
		on(isRestricted, 401, openaiError(`"incorrect_hostname"`, "Attempted to access resource with incorrect regional hostname. Please make your request to eu.api.openai.com")),
		on(isRestricted, 401, openaiError("null", "Your OpenAI account has been deactivated, please check your email for more information.")),
		on(isRestricted, 401, openaiError(`"ip_not_authorized"`, "Your IP is not on the allowlist.")),
		on(isRestricted, 403, openaiError("null", "You have insufficient permissions for this operation. Missing scopes: api.model.read.")),
		on(isRestricted, 401, openaiError(`"mismatched_organization"`, "OpenAI-Organization header should match organization for API key")),
		on(isUnknown, 403, openaiError(`"unsupported_country_region_territory"`, "Country, region, or territory not supported")),
		on(isLive, 429, openaiError(`"insufficient_quota"`, "You exceeded your current quota, please check your plan and billing details.")),
		on(isUnknown, 429, openaiError(`"rate_limit_exceeded"`, "Rate limit reached")),
		on(isUnknown, 401, openaiError("null", "You didn't provide an API key.")),
		on(isUnknown, 503, openaiError("null", "The engine is currently overloaded.")),
	}
	list := on(isLive, 200, `{"object":"list","data":[]}`, "Openai-Organization: org-acme")
	groqUnknown := docReply{401, `{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}`, nil}
	return []documented{
		{rule: "openai-project-key", path: "/v1/models", header: asBearer, made: openai[0].docReply, rows: append([]docRow{list}, openai...)},
		{rule: "openai-admin-key", path: "/v1/organization/admin_api_keys?limit=1", header: asBearer, made: openai[0].docReply, rows: append([]docRow{list}, openai...)},
		{rule: "huggingface-user-token", path: "/api/whoami-v2", header: asBearer, made: docReply{401, `{"error":"Invalid credentials in Authorization header"}`, nil}, rows: []docRow{
			on(isLive, 200, `{"type":"user","name":"acme","auth":{"type":"access_token","accessToken":{"displayName":"ci","role":"read"}}}`),
			on(isDead, 401, `{"error":"Invalid credentials in Authorization header"}`),
			on(isExpired, 401, `{"error":"User Access Token \"ci\" is expired"}`),
			on(isUnknown, 401, `{"error":"Invalid username or password."}`),
			on(isRestricted, 403, `{"error":"Forbidden: the organization does not allow this token."}`),
			on(isUnknown, 403, `{"error":"Forbidden"}`),
			on(isUnknown, 429, `{"error":"rate limited"}`),
		}},
		{rule: "openrouter-api-key", path: "/api/v1/key", header: asBearer, made: docReply{401, `{"error":{"message":"User not found.","code":401}}`, nil}, rows: []docRow{
			on(isLive, 200, `{"data":{"label":"sk-or-v1-abc...xyz","limit":null,"usage":0,"is_free_tier":true,"is_provisioning_key":false}}`),
			on(isDead, 401, `{"error":{"message":"User not found.","code":401}}`),
			on(isUnknown, 401, `{"error":{"message":"No auth credentials found","code":401}}`),
			on(isExpired, 401, `{"error":{"message":"API key expired","code":401}}`),
			on(isRestricted, 401, `{"error":{"message":"API key is disabled","code":401}}`),
		}},
		{rule: "groq-api-key", path: "/openai/v1/models", header: asBearer, made: groqUnknown, rows: []docRow{
			on(isLive, 200, `{"object":"list","data":[{"id":"x"}]}`),
			{groqUnknown, isDead},
			on(isExpired, 401, `{"error":{"message":"API key expired","type":"invalid_request_error","code":"expired_api_key"}}`),
			on(isRestricted, 400, `{"error":{"message":"Organization has been restricted.","type":"invalid_request_error","code":"organization_restricted"}}`),
			on(isUnknown, 403, `{"error":{"message":"Access denied. Please check your network settings."}}`),
		}},
		{rule: "mistral-api-key", path: "/v1/files?page_size=1", header: asBearer, made: docReply{401, `{"detail":"Unauthorized"}`, nil}, rows: []docRow{
			on(isLive, 200, `{"data":[],"object":"list","total":0}`),
			on(isUnknown, 401, `{"detail":"Unauthorized"}`),
			on(isUnknown, 401, `{"message":"Unauthorized","request_id":"c61f"}`),
			on(isUnknown, 401, `{"detail":"API key was revoked"}`),
		}},
		{rule: "cohere-api-key", method: "POST", path: "/v1/check-api-key", header: asBearer, made: docReply{401, `{"message":"invalid api token"}`, nil}, rows: []docRow{
			on(isLive, 200, `{"valid":true,"organization_id":"5e0a","owner_id":"5e0b"}`),
			on(isDead, 200, `{"valid":false}`),
			on(isDead, 401, `{"message":"invalid api token"}`),
			on(isUnknown, 401, `{"message":"no api key supplied"}`),
		}},
		{rule: "replicate-api-token", path: "/v1/account", header: asBearer, made: docReply{401, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`, nil}, rows: []docRow{
			on(isLive, 200, `{"type":"organization","username":"acme","name":"Acme"}`),
			on(isDead, 401, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`),
			on(isUnknown, 401, `{"title":"Unauthenticated","detail":"You did not pass an authentication token","status":401}`),
			on(isUnknown, 403, `{"title":"Forbidden","detail":"You do not have permission","status":403}`),
		}},
		{rule: "perplexity-api-key", path: "/async/chat/completions?limit=1", header: asBearer, made: docReply{401, `{"error":{"message":"Invalid API key provided.","type":"invalid_api_key","code":401}}`, nil}, rows: []docRow{
			on(isLive, 200, `{"next_token":null,"requests":[]}`),
			on(isDead, 401, `{"error":{"message":"Invalid API key provided.","type":"invalid_api_key","code":401}}`),
			on(isDead, 401, `{"error":{"message":"Invalid API key provided.","code":401}}`),
			on(isLive, 401, `{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","code":401}}`),
			on(isUnknown, 401, "<html><title>401 Authorization Required</title></html>", "Content-Type: text/html"),
			on(isUnknown, 403, "<html><title>403 Forbidden</title></html>", "Content-Type: text/html"),
		}},
		{rule: "xai-api-key", path: "/v1/api-key", header: asBearer, made: docReply{400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***yy. You can obtain an API key from https://console.x.ai."}`, nil}, rows: []docRow{
			on(isLive, 200, `{"redacted_api_key":"xai-...b14o","name":"ci","team_id":"5e0a","acls":["api-key:model:*"],"api_key_id":"5e0b","team_blocked":false,"api_key_blocked":false,"api_key_disabled":false}`),
			on(isRestricted, 200, `{"name":"ci","team_id":"5e0a","team_blocked":false,"api_key_blocked":false,"api_key_disabled":true}`),
			on(isRestricted, 200, `{"name":"ci","team_id":"5e0a","team_blocked":false,"api_key_blocked":true,"api_key_disabled":false}`),
			on(isRestricted, 200, `{"name":"ci","team_id":"5e0a","team_blocked":true,"api_key_blocked":false,"api_key_disabled":false}`),
			on(isDead, 400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***yy. You can obtain an API key from https://console.x.ai."}`),
			on(isDead, 400, `{"code":"Client specified an invalid argument","error":"Incorrect%20API%20key%20provided:%20xa***yy."}`),
			on(isUnknown, 400, `{"code":"Client specified an invalid argument","error":"Argument not supported"}`),
			on(isRestricted, 403, `{"code":"The caller does not have permission to execute the specified operation","error":"Your team has no credits."}`),
		}},
		{rule: "deepseek-api-key", path: "/user/balance", header: asBearer, made: docReply{401, `{"error":{"message":"Authentication Fails (no such user)","type":"authentication_error","param":null,"code":"invalid_request_error"}}`, nil}, rows: []docRow{
			on(isLive, 200, `{"is_available":true,"balance_infos":[{"currency":"USD","total_balance":"1.10"}]}`),
			on(isLive, 200, `{"is_available":false,"balance_infos":[{"currency":"USD","total_balance":"0.00"}]}`),
			on(isDead, 401, `{"error":{"message":"Authentication Fails (no such user)","type":"authentication_error","param":null,"code":"invalid_request_error"}}`),
			on(isDead, 401, `{"error":{"message":"Authentication Fails, Your api key: ****fcc2 is invalid","type":"authentication_error","param":null,"code":"invalid_request_error"}}`),
			on(isUnknown, 401, `{"error":{"message":"Authentication Fails (auth header format should be Bearer sk-...)","type":"authentication_error"}}`),
		}},
	}
}

func documentedForges() []documented {
	badCredentials := docReply{401, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`, nil}
	github := []docRow{
		{badCredentials, isDead},
		on(isUnknown, 401, `{"message":"Requires authentication","documentation_url":"https://docs.github.com/rest","status":"401"}`),
		on(isUnknown, 403, `{"message":"API rate limit exceeded for user ID 1."}`, "X-Ratelimit-Remaining: 0"),
		on(isUnknown, 403, `{"message":"You have exceeded a secondary rate limit."}`),
		on(isRestricted, 403, `{"message":"Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization."}`),
		on(isRestricted, 403, "{\"message\":\"Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.\"}"),
		on(isRestricted, 403, `{"message":"Sorry. Your account was suspended"}`),
		on(isRestricted, 403, `{"message":"Resource not accessible by personal access token","status":"403"}`),
		on(isRestricted, 403, "{\"message\":\"`acme` forbids access via a personal access token (classic).\"}"),
		on(isUnknown, 403, `{"message":"Request forbidden by administrative rules."}`),
	}
	gitlab401 := docReply{401, `{"message":"401 Unauthorized"}`, nil}
	bitbucket401 := docReply{401, `{"type": "error", "error": {"message": "Token is invalid, expired, or not supported for this endpoint."}}`, nil}
	server401 := docReply{401, `{"errors":[{"context":null,"message":"Authentication failed. Please check your credentials and try again.","exceptionName":"com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException"}]}`, nil}
	return []documented{
		{rule: "github-personal-token", path: "/user", header: asBearer, also: []string{"Accept: application/vnd.github+json", "X-Github-Api-Version: 2022-11-28"}, made: badCredentials, rows: append([]docRow{
			on(isLive, 200, `{"login":"acme","id":1,"type":"User"}`, "X-Oauth-Scopes: repo, workflow", "Github-Authentication-Token-Expiration: 2030-01-01 00:00:00 UTC"),
		}, github...)},
		{rule: "github-installation-token", path: "/installation/repositories?per_page=1", header: asBearer, also: []string{"Accept: application/vnd.github+json", "X-Github-Api-Version: 2022-11-28"}, made: badCredentials, rows: append([]docRow{
			on(isLive, 200, `{"total_count":0,"repositories":[]}`),
		}, github...)},
		{rule: "gitlab-access-token", path: "/api/v4/personal_access_tokens/self", header: "Private-Token: S", made: gitlab401, rows: []docRow{
			on(isLive, 200, `{"id":4,"name":"ci","revoked":false,"scopes":["api"],"user_id":3,"active":true,"expires_at":"2030-01-01"}`),
			on(isDead, 200, `{"id":4,"name":"ci","revoked":true,"scopes":["api"],"user_id":3,"active":false}`),
			on(isDead, 401, `{"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}`),
			on(isExpired, 401, `{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}`),
			on(isRestricted, 403, `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}`),
			on(isRestricted, 403, `{"message":"403 Forbidden - Your account has been blocked."}`),
			{gitlab401, isUnknown},
		}},
		{rule: "bitbucket-access-token", path: "/2.0/user", header: asBearer, made: bitbucket401, rows: []docRow{
			on(isLive, 200, `{"display_name":"acme","type":"user","uuid":"{5e0a}"}`),
			on(isRestricted, 403, `{"type": "error", "error": {"message": "Your credentials lack one or more required privilege scopes."}}`),
			on(isExpired, 401, `{"type": "error", "error": {"message": "Access token expired."}}`),
			on(isUnknown, 401, `{"type": "error", "error": {"message": "The token was revoked."}}`),
			{bitbucket401, isUnknown},
		}},
		{rule: "bitbucket-server-token", path: "/rest/api/1.0/users?limit=1", header: asBearer, made: server401, rows: []docRow{
			on(isLive, 200, `{"size":1,"values":[{"name":"acme"}]}`, "X-Ausername: acme"),
			on(isUnknown, 200, `{"size":1,"values":[{"name":"acme"}]}`),
			{server401, isDead},
			on(isRestricted, 401, `{"errors":[{"message":"You are not permitted to access this resource","exceptionName":"com.atlassian.bitbucket.AuthorisationException"}]}`, "X-Ausername: acme"),
			on(isUnknown, 401, `{"errors":[{"message":"You are not permitted to access this resource","exceptionName":"com.atlassian.bitbucket.AuthorisationException"}]}`),
		}},
	}
}
