package verify

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// repliesAToK are answers as providers whose names begin with a to k document or give them, by rule.
var repliesAToK = map[string][]reply{
	"ably-api-key": {
		{"statistics", 200, `[{"intervalId":"2030-01","unit":"month","all":{}}]`, scanner.Live, nil},
		{"no statistics yet", 200, `[]`, scanner.Live, nil},
		{"wrong secret", 401, `{"error":{"message":"Invalid credentials","code":40101,"statusCode":401}}`, scanner.Dead, nil},
		{"revoked", 401, `{"error":{"message":"key/token status changed (revoke)","code":40131,"statusCode":401}}`, scanner.Dead, nil},
		{"expired", 401, `{"error":{"message":"Key expired","code":40132,"statusCode":401}}`, scanner.Expired, nil},
		{"capability", 401, `{"error":{"message":"Operation not permitted","code":40160,"statusCode":401}}`, scanner.Restricted, nil},
		{"account disabled", 401, `{"error":{"message":"Account disabled","code":40110,"statusCode":401}}`, scanner.Restricted, nil},
		{"application gone", 404, `{"error":{"message":"No application found","code":40400,"statusCode":404}}`, scanner.Unknown, nil},
		{"forbidden", 403, `{"error":{"message":"Forbidden","code":40300,"statusCode":403}}`, scanner.Unknown, nil},
	},
	"adafruit-io-key": {
		{"user", 200, `{"user":{"id":7,"name":"Me","username":"me"},"feeds":[]}`, scanner.Live, map[string]string{"user": "me", "user_id": "7"}},
		{"not known", 401, `{"error":"request failed - invalid API key provided"}`, scanner.Dead, nil},
		{"another address", 404, `{"error":"not found - that username does not exist"}`, scanner.Unknown, nil},
	},
	"aiven-token": {
		{"user", 200, `{"user":{"user":"a@example.com","user_id":"u1","real_name":"Me"}}`, scanner.Live, map[string]string{"user": "a@example.com", "user_id": "u1", "name": "Me"}},
		{"gone", 401, `{"errors":[{"message":"Missing (expired) db token","status":401}],"message":"Missing (expired) db token"}`, scanner.Dead, nil},
		{"something else", 403, `{"errors":[{"message":"Forbidden","status":403}],"message":"Forbidden"}`, scanner.Unknown, nil},
	},
	"alchemy-url": {
		{"chain", 200, `{"jsonrpc":"2.0","id":1,"result":"0x1"}`, scanner.Live, nil},
		{"not known", 401, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Must be authenticated!"}}`, scanner.Dead, nil},
		{"other networks only", 403, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"ETH_MAINNET is not enabled for this app."}}`, scanner.Restricted, nil},
		{"capacity", 429, `{"jsonrpc":"2.0","id":1,"error":{"code":429,"message":"Monthly capacity limit exceeded."}}`, scanner.Unknown, nil},
	},
	"alchemy-api-key": { // may be a token of a webhook
		{"not known", 401, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Must be authenticated!"}}`, scanner.Unknown, nil},
	},
	"apollo-api-key": {
		{"logged in", 200, `{"healthy":true,"is_logged_in":true}`, scanner.Live, nil},
		{"not logged in", 200, `{"healthy":true,"is_logged_in":false}`, scanner.Dead, nil},
		{"trouble", 200, `{"healthy":false,"is_logged_in":false}`, scanner.Unknown, nil},
	},
	"argocd-token": {
		{"user", 200, `{"loggedIn":true,"username":"ci","iss":"argocd"}`, scanner.Live, map[string]string{"user": "ci", "issuer": "argocd"}},
		{"nobody", 200, `{}`, scanner.Unknown, nil},
		{"expired", 401, `{"error":"x","code":16,"message":"invalid session: token has invalid claims: token is expired"}`, scanner.Expired, nil},
		{"deleted", 401, `{"code":16,"message":"invalid session: account ci does not have token with id 1"}`, scanner.Dead, nil},
		{"of another server", 401, `{"code":16,"message":"invalid session: token signature is invalid: signature is invalid"}`, scanner.Dead, nil},
		{"disabled", 401, `{"code":16,"message":"invalid session: account ci is disabled"}`, scanner.Restricted, nil},
		{"nothing arrived", 401, `{"code":16,"message":"no session information"}`, scanner.Unknown, nil},
	},
	"assemblyai-api-key": {
		{"transcripts", 200, `{"page_details":{"limit":1,"result_count":0},"transcripts":[]}`, scanner.Live, nil},
		{"not known", 401, `{"error":"Authentication error, API token missing/invalid"}`, scanner.Dead, nil},
	},
	"blockfrost-project-id": {
		{"use", 200, `[{"time":1612543884,"calls":42}]`, scanner.Live, nil},
		{"not known", 403, `{"error":"Forbidden","message":"Invalid project token.","status_code":403}`, scanner.Dead, nil},
		{"another network", 400, `{"error":"Bad Request","message":"Network token mismatch. Are you using token for the correct network?","status_code":400}`, scanner.Unknown, nil},
	},
	"clarifai-access-token": {
		{"user", 200, `{"status":{"code":10000,"description":"Ok"},"user":{"id":"me"}}`, scanner.Live, map[string]string{"user_id": "me"}},
		{"not found", 401, `{"status":{"code":11009,"description":"API key not found"}}`, scanner.Dead, nil},
		{"of an app", 401, `{"status":{"code":11008,"description":"Invalid API key or Invalid API key/application pair"}}`, scanner.Unknown, nil},
		{"scopes", 403, `{"status":{"code":11007,"description":"Insufficient scopes"}}`, scanner.Restricted, nil},
	},
	"clerk-secret-key": {
		{"instance", 200, `{"object":"instance","id":"ins_1","environment_type":"production"}`, scanner.Live, map[string]string{"instance": "ins_1", "environment": "production"}},
		{"not known", 401, `{"errors":[{"message":"The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.","code":"clerk_key_invalid"}]}`, scanner.Dead, nil},
		{"something else", 401, `{"errors":[{"message":"Unauthenticated","code":"authentication_invalid"}]}`, scanner.Unknown, nil},
	},
	"coda-api-token": {
		{"user", 200, `{"name":"Me","loginId":"a@example.com","type":"user","scoped":false,"tokenName":"sync","workspace":{"id":"ws-1"}}`, scanner.Live, map[string]string{"user": "a@example.com", "name": "Me", "token": "sync"}},
		{"not known", 401, `{"statusCode":401,"statusMessage":"Unauthorized","message":"Unauthorized"}`, scanner.Dead, nil},
	},
	"coinmarketcap-api-key": {
		{"plan", 200, `{"data":{"plan":{"credit_limit_monthly":10000}},"status":{"error_code":0}}`, scanner.Live, map[string]string{"credits_per_month": "10000"}},
		{"not known", 401, `{"status":{"error_code":1001,"error_message":"This API Key is invalid."}}`, scanner.Dead, nil},
		{"none came", 401, `{"status":{"error_code":1002,"error_message":"API key missing."}}`, scanner.Unknown, nil},
		{"disabled", 403, `{"status":{"error_code":1007,"error_message":"This API Key has been disabled."}}`, scanner.Restricted, nil},
	},
	"consul-acl-token": {
		{"token", 200, `{"AccessorID":"a1","SecretID":"made-Up_7qZ","Description":"ci","Policies":[{"ID":"p","Name":"read"}]}`, scanner.Live, map[string]string{"accessor": "a1", "description": "ci", "policies": "read"}},
		{"not known", 403, `ACL not found`, scanner.Dead, nil},
		{"not allowed", 403, `Permission denied`, scanner.Unknown, nil},
		{"no ACLs", 401, `ACL support disabled`, scanner.Unknown, nil},
	},
	"crates-io-api-token": {
		{"for the website", 403, `{"errors":[{"detail":"this action can only be performed on the crates.io website"}]}`, scanner.Live, nil},
		{"scopes", 403, `{"errors":[{"detail":"this token does not have the required permissions to perform this action"}]}`, scanner.Live, nil},
		{"not known", 403, `{"errors":[{"detail":"authentication failed"}]}`, scanner.Dead, nil},
		{"none came", 403, `{"errors":[{"detail":"this action requires authentication"}]}`, scanner.Unknown, nil},
	},
	"daily-api-key": {
		{"domain", 200, `{"domain_name":"mine","config":{}}`, scanner.Live, map[string]string{"domain": "mine"}},
		{"not known", 401, `{"error":"authentication-error"}`, scanner.Dead, nil},
		{"none came", 400, `{"error":"authorization-header-error"}`, scanner.Unknown, nil},
	},
	"deepgram-api-key": {
		{"projects", 200, `{"projects":[{"project_id":"p1","name":"Mine"}]}`, scanner.Live, map[string]string{"project": "Mine", "project_id": "p1"}},
		{"not known", 401, `{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials.","request_id":"1"}`, scanner.Dead, nil},
		{"scopes", 403, `{"err_code":"INSUFFICIENT_PERMISSIONS","err_msg":"x"}`, scanner.Restricted, nil},
	},
	"dynatrace-api-token": {
		{"token", 200, `{"id":"dt0c01.PUBLIC","name":"ci","owner":"me","scopes":["metrics.read"],"expirationDate":"2030-01-01T00:00:00Z"}`, scanner.Live, map[string]string{"token": "ci", "owner": "me", "scopes": "metrics.read", "expires": "2030-01-01T00:00:00Z"}},
		{"scope", 403, `{"error":{"code":403,"message":"Token is missing required scope. Use one of: apiTokens.read"}}`, scanner.Restricted, nil},
		{"not known", 401, `{"error":{"code":401,"message":"Token Authentication failed"}}`, scanner.Dead, nil},
	},
	"elastic-api-key": {
		{"key", 200, `{"username":"elastic","authentication_type":"api_key","api_key":{"id":"k1","name":"ci"}}`, scanner.Live, map[string]string{"user": "elastic", "key": "ci", "key_id": "k1"}},
		{"anonymous", 200, `{"username":"_anonymous","authentication_type":"anonymous"}`, scanner.Unknown, nil},
		{"not known", 401, `{"error":{"type":"security_exception","reason":"unable to authenticate with provided credentials and anonymous access is not allowed for this request","additional_unsuccessful_credentials":"API key: unable to find apikey with id k1"},"status":401}`, scanner.Dead, nil},
		{"expired", 401, `{"error":{"type":"security_exception","reason":"x","additional_unsuccessful_credentials":"API key: api key is expired"},"status":401}`, scanner.Expired, nil},
		{"nothing arrived", 401, `{"error":{"type":"security_exception","reason":"missing authentication credentials for REST request [/_security/_authenticate]"},"status":401}`, scanner.Unknown, nil},
	},
	"elevenlabs-api-key": {
		{"subscription", 200, `{"tier":"free","character_count":10,"character_limit":10000,"status":"active"}`, scanner.Live, map[string]string{"tier": "free", "used": "10", "limit": "10000", "status": "active"}},
		{"not known", 401, `{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}`, scanner.Dead, nil},
		{"permission", 401, `{"detail":{"status":"missing_permissions","message":"The API key you used is missing the permission user_read to execute this operation."}}`, scanner.Restricted, nil},
		{"something else", 401, `{"detail":{"status":"detected_unusual_activity","message":"x"}}`, scanner.Unknown, nil},
	},
	"exa-api-key": {
		{"list", 200, `{"data":[],"hasMore":false,"nextCursor":null}`, scanner.Live, nil},
		{"not known", 401, `{"requestId":"1","error":"Invalid API key","tag":"INVALID_API_KEY"}`, scanner.Dead, nil},
		{"no credit", 402, `{"requestId":"1","error":"x","tag":"NO_MORE_CREDITS"}`, scanner.Unknown, nil},
	},
	"expo-access-token": {
		{"person", 200, `{"data":{"meActor":{"__typename":"User","id":"u1"}}}`, scanner.Live, map[string]string{"kind": "User", "user_id": "u1"}},
		{"nobody", 200, `{"data":{"meActor":null}}`, scanner.Unknown, nil},
		{"refused", 401, `{"error":"invalid_token","error_description":"The bearer token is invalid"}`, scanner.Dead, nil},
	},
	"facebook-access-token": {
		{"person", 200, `{"id":"1","name":"Me"}`, scanner.Live, map[string]string{"user": "Me", "user_id": "1"}},
		{"expired", 400, `{"error":{"message":"Error validating access token: Session has expired on Monday.","type":"OAuthException","code":190,"error_subcode":463}}`, scanner.Expired, nil},
		{"password changed", 400, `{"error":{"message":"Error validating access token","type":"OAuthException","code":190,"error_subcode":460}}`, scanner.Dead, nil},
		{"checkpoint", 400, `{"error":{"message":"Error validating access token","type":"OAuthException","code":190,"error_subcode":459}}`, scanner.Restricted, nil},
		{"proof", 400, `{"error":{"message":"API calls from the server require an appsecret_proof argument","type":"GraphMethodException","code":100}}`, scanner.Restricted, nil},
		{"busy", 400, `{"error":{"message":"Application request limit reached","type":"OAuthException","code":4}}`, scanner.Unknown, nil},
	},
	"finnhub-api-key": {
		{"quote", 200, `{"c":261.74,"h":263,"l":260,"o":261,"pc":259.45,"t":1582641000}`, scanner.Live, nil},
		{"not known, or a webhook's", 401, `{"error":"Invalid API key."}`, scanner.Unknown, nil},
		{"plan", 403, `{"error":"You don't have access to this resource."}`, scanner.Unknown, nil},
	},
	"firecrawl-api-key": {
		{"credit", 200, `{"success":true,"data":{"remaining_credits":1000}}`, scanner.Live, map[string]string{"credits": "1000"}},
		{"not known", 401, `{"success":false,"error":"Unauthorized: Invalid token"}`, scanner.Dead, nil},
		{"none came", 401, `{"success":false,"error":"Unauthorized"}`, scanner.Unknown, nil},
	},
	"fred-api-key": {
		{"category", 200, `{"categories":[{"id":0,"name":"Categories","parent_id":0}]}`, scanner.Live, nil},
		{"not known", 400, `{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered.  Read https://fred.stlouisfed.org/docs/api/api_key.html"}`, scanner.Dead, nil},
	},
	"ghost-content-api-key": {
		{"settings", 200, `{"settings":{"title":"Mine","url":"https://example.com/"},"meta":{}}`, scanner.Live, map[string]string{"site": "Mine", "url": "https://example.com/"}},
		{"not known", 401, `{"errors":[{"message":"Unknown Content API Key","code":"UNKNOWN_CONTENT_API_KEY","type":"UnauthorizedError"}]}`, scanner.Dead, nil},
		{"an admin's", 401, `{"errors":[{"message":"Invalid API Key type","code":"INVALID_API_KEY_TYPE"}]}`, scanner.Unknown, nil},
	},
	"gitea-token": {
		{"user", 200, `{"id":1,"login":"me","email":"a@example.com","is_admin":false}`, scanner.Live, map[string]string{"user": "me", "email": "a@example.com", "admin": "false"}},
		{"not known", 401, `{"message":"invalid username, password or token","url":"https://example.com/api/swagger"}`, scanner.Dead, nil},
		{"scope", 403, `{"message":"token does not have at least one of required scope(s): [read:user]"}`, scanner.Restricted, nil},
	},
	"hcaptcha-secret": {
		{"known", 200, `{"success":false,"error-codes":["invalid-input-response"]}`, scanner.Live, nil},
		{"not known", 200, `{"success":false,"error-codes":["invalid-input-secret"]}`, scanner.Dead, nil},
		{"none came", 200, `{"success":false,"error-codes":["missing-input-secret"]}`, scanner.Unknown, nil},
	},
	"hexpm-api-key": {
		{"user", 200, `{"username":"me","email":"a@example.com","inserted_at":"2020-01-01T00:00:00Z"}`, scanner.Live, map[string]string{"user": "me", "email": "a@example.com"}},
		{"not known", 401, `{"status":401,"message":"invalid API key"}`, scanner.Dead, nil},
		{"revoked", 401, `{"status":401,"message":"API key revoked"}`, scanner.Dead, nil},
		{"of an organization", 401, `{"status":401,"message":"key not authorized for this action"}`, scanner.Restricted, nil},
	},
	"hibp-api-key": {
		{"subscription", 200, `{"SubscriptionName":"Pwned 1","SubscribedUntil":"2030-01-01T00:00:00","Rpm":10}`, scanner.Live, map[string]string{"subscription": "Pwned 1", "until": "2030-01-01T00:00:00"}},
		{"not known", 401, `{"statusCode":401,"message":"Access denied due to invalid hibp-api-key."}`, scanner.Dead, nil},
	},
	"home-assistant-access-token": {
		{"running", 200, `{"message":"API running."}`, scanner.Live, nil},
		{"not known", 401, `401: Unauthorized`, scanner.Dead, nil},
		{"barred", 403, `403: Forbidden`, scanner.Unknown, nil},
	},
	"hunter-api-key": {
		{"account", 200, `{"data":{"email":"a@example.com","plan_name":"Free"}}`, scanner.Live, map[string]string{"user": "a@example.com", "plan": "Free"}},
		{"not known", 401, `{"errors":[{"id":"authentication_failed","code":401,"details":"No user found for the API key supplied"}]}`, scanner.Dead, nil},
	},
	"imagekit-private-key": {
		{"files", 200, `[{"type":"file","name":"a.png"}]`, scanner.Live, nil},
		{"not known", 403, `{"message":"Your account cannot be authenticated.","help":"For support kindly contact us at support@imagekit.io ."}`, scanner.Dead, nil},
	},
	"influxdb-token": {
		{"buckets", 200, `{"links":{"self":"/api/v2/buckets"},"buckets":[{"name":"b","orgID":"o1"}]}`, scanner.Live, map[string]string{"bucket": "b", "org_id": "o1"}},
		{"not known", 401, `{"code":"unauthorized","message":"unauthorized access"}`, scanner.Dead, nil},
	},
	"e2b-api-key": {
		{"list", 200, `[]`, scanner.Live, nil},
		{"refused", 401, `{"code":401,"message":"Invalid API key, please visit https://e2b.dev/docs/api-key for more information."}`, scanner.Dead, nil},
	},
	"fal-api-key": { // it has said the same of keys that were right
		{"refused", 401, `{"detail":"No user found for Key ID and Secret"}`, scanner.Unknown, nil},
	},
	"gocardless-access-token": {
		{"creditors", 200, `{"creditors":[{"id":"CR1","name":"Mine"}],"meta":{}}`, scanner.Live, map[string]string{"creditor": "Mine"}},
		{"not known", 401, `{"error":{"type":"invalid_api_usage","code":401,"errors":[{"reason":"access_token_not_found","message":"x"}]}}`, scanner.Dead, nil},
	},
}

// beginningsAToK are how credentials begin whose kind is told by it.
var beginningsAToK = map[string]string{"blockfrost-project-id": "mainnet", "e2b-api-key": "e2b_", "gocardless-access-token": "live_"}

func TestProvidersAToKAnswerAsDocumented(t *testing.T) {
	answersAsDocumented(t, repliesAToK, beginningsAToK)
}

func TestProvidersAToKAreAskedAsDocumented(t *testing.T) {
	askedAsDocumented(t, []question{
		{"ably-api-key", "GET", "/stats?limit=1&unit=month", "", http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(made))}}},
		{"alchemy-url", "POST", "/v2", `{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}`, http.Header{"Authorization": {"Bearer " + made}}},
		{"avalara-license-key", "GET", "/api/v2/utilities/ping", "", http.Header{"Authorization": {basicOf("Part_of_7qZ", made)}}},
		{"coinmarketcap-api-key", "GET", "/v1/key/info", "", http.Header{"X-Cmc_pro_api_key": {made}}},
		{"crates-io-api-token", "GET", "/api/v1/me", "", http.Header{"Authorization": {made}}},
		{"deepgram-api-key", "GET", "/v1/projects", "", http.Header{"Authorization": {"Token " + made}}},
		{"dynatrace-api-token", "POST", "/api/v2/apiTokens/lookup", `{"token":"` + made + `"}`, http.Header{"Authorization": {"Api-Token " + made}}},
		{"elastic-agents-api-key", "GET", "/_security/_authenticate", "", http.Header{"Authorization": {"ApiKey " + base64.StdEncoding.EncodeToString([]byte(made))}}},
		{"elevenlabs-api-key", "GET", "/v1/user/subscription", "", http.Header{"Xi-Api-Key": {made}}},
		{"freshworks-api-key", "GET", "/api/v2/agents/me", "", http.Header{"Authorization": {basicOf(made, "X")}}},
		{"getresponse-api-key", "GET", "/v3/accounts", "", http.Header{"X-Auth-Token": {"api-key " + made}}},
		{"hcaptcha-secret", "POST", "/siteverify", "secret=" + made + "&response=none", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		{"infura-project-url", "POST", "/v3/" + made, `{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}`, nil},
		{"fred-api-key", "GET", "/fred/category?category_id=0&file_type=json&api_key=" + made, "", nil},
	})
}

// TestProvidersAToKAreNotAsked is about credentials whose only requests do something.
func TestProvidersAToKAreNotAsked(t *testing.T) {
	areNotAsked(t, "",
		"adobe-client-secret", "agora-app-certificate", "appsflyer-dev-key", "argocd-password", "backblaze-application-key",
		"betterstack-heartbeat-url", "binance-api-key", "bitrise-trigger-token", "bitwarden-access-token", "bluesky-app-password", "brave-search-api-key",
		"chromatic-project-token", "codecov-upload-token", "consul-gossip-key", "cypress-record-key", "dingtalk-webhook", "ebay-cert-id", "fauna-secret",
		"feishu-webhook", "gitea-runner-token", "harness-ff-sdk-key", "healthchecks-ping-url", "ifttt-webhook-key", "jina-api-key", "keycloak-client-secret",
	)
}
