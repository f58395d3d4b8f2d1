package verify

import (
	"net/http"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// documentedReplies are answers as providers document or give them, by rule.
var documentedReplies = map[string][]reply{
	"cloudflare-user-token": {
		{"active", 200, `{"result":{"id":"tok1","status":"active","expires_on":"2030-01-01T00:00:00Z"},"success":true,"errors":[],"messages":[{"code":10000,"message":"This API Token is valid and active"}]}`, scanner.Live, map[string]string{"token_id": "tok1", "expires": "2030-01-01T00:00:00Z"}},
		{"expired", 200, `{"result":{"id":"1","status":"expired"},"success":true}`, scanner.Expired, map[string]string{"token_id": "1"}},
		{"disabled", 200, `{"result":{"id":"1","status":"disabled"},"success":true}`, scanner.Dead, map[string]string{"token_id": "1"}},
		{"unknown token", 401, `{"success":false,"errors":[{"code":1000,"message":"Invalid API Token"}],"messages":[],"result":null}`, scanner.Dead, nil},
		{"no token at all", 400, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]}]}`, scanner.Dead, nil},
		{"another header is wrong", 400, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6102,"message":"Invalid format for X-Auth-Email header"}]}]}`, scanner.Unknown, nil},
		{"another address", 403, `{"success":false,"errors":[{"code":9109,"message":"Cannot use the access token from location: 192.0.2.1"}]}`, scanner.Restricted, nil},
		{"9109 for another reason", 403, `{"success":false,"errors":[{"code":9109,"message":"Unauthorized to access requested resource"}]}`, scanner.Unknown, nil},
	},
	"cloudflare-token-legacy": { // may be a token of an account, which this request does not know
		{"unknown as a person's", 401, `{"success":false,"errors":[{"code":1000,"message":"Invalid API Token"}]}`, scanner.Unknown, nil},
	},
	"cloudflare-turnstile-secret": {
		{"known", 200, `{"success":false,"error-codes":["invalid-input-response"],"messages":[]}`, scanner.Live, nil},
		{"not known", 200, `{"success":false,"error-codes":["invalid-input-secret"],"messages":[]}`, scanner.Dead, nil},
		{"trouble", 200, `{"success":false,"error-codes":["internal-error"],"messages":[]}`, scanner.Unknown, nil},
	},
	"digitalocean-personal-token": {
		{"account", 200, `{"account":{"email":"a@example.com","uuid":"b6fr89","status":"active","team":{"name":"Mine"}}}`, scanner.Live, map[string]string{"account": "a@example.com", "account_id": "b6fr89", "team": "Mine"}},
		{"refused", 401, `{"id":"Unauthorized","message":"Unable to authenticate you"}`, scanner.Dead, nil},
		{"scope", 403, `{"id":"Forbidden","message":"You are not authorized to perform this operation"}`, scanner.Restricted, nil},
	},
	"slack-bot-token": {
		{"ok", 200, `{"ok":true,"url":"https://mine.slack.com/","team":"Mine","user":"bot","team_id":"T1","user_id":"U1"}`, scanner.Live, map[string]string{"team": "Mine", "team_id": "T1", "user": "bot", "url": "https://mine.slack.com/"}},
		{"not known", 200, `{"ok":false,"error":"invalid_auth"}`, scanner.Dead, nil},
		{"revoked", 200, `{"ok":false,"error":"token_revoked"}`, scanner.Dead, nil},
		{"account gone", 200, `{"ok":false,"error":"account_inactive"}`, scanner.Dead, nil},
		{"expired", 200, `{"ok":false,"error":"token_expired"}`, scanner.Expired, nil},
		{"scope", 200, `{"ok":false,"error":"missing_scope","needed":"users:read"}`, scanner.Restricted, nil},
		{"enterprise keys", 200, `{"ok":false,"error":"ekm_access_denied"}`, scanner.Restricted, nil},
		{"no token came", 200, `{"ok":false,"error":"not_authed"}`, scanner.Unknown, nil},
		{"busy", 200, `{"ok":false,"error":"ratelimited"}`, scanner.Unknown, nil},
	},
	"stripe-live-restricted-key": {
		{"account", 200, `{"id":"acct_1","object":"account","country":"DE","email":"a@example.com"}`, scanner.Live, map[string]string{"account": "acct_1", "country": "DE", "email": "a@example.com"}},
		{"not known", 401, `{"error":{"message":"Invalid API Key provided: rk_live_****","type":"invalid_request_error"}}`, scanner.Dead, nil},
		{"rolled", 401, `{"error":{"code":"api_key_expired","message":"Expired API Key provided: rk_live_****","type":"invalid_request_error"}}`, scanner.Expired, nil},
		{"permission", 403, `{"error":{"message":"The provided key 'rk_live_****' does not have the required permissions for this endpoint on account 'acct_1'.","type":"invalid_request_error"}}`, scanner.Restricted, nil},
		{"no key came", 401, `{"error":{"message":"You did not provide an API key.","type":"invalid_request_error"}}`, scanner.Unknown, nil},
	},
	"notion-api-token": {
		{"bot", 200, `{"object":"user","id":"9188c6a5","type":"bot","name":"Sync","bot":{"workspace_name":"Mine"}}`, scanner.Live, map[string]string{"name": "Sync", "workspace": "Mine", "bot_id": "9188c6a5"}},
		{"not known", 401, `{"object":"error","status":401,"code":"unauthorized","message":"API token is invalid."}`, scanner.Dead, nil},
		{"capability", 403, `{"object":"error","status":403,"code":"restricted_resource","message":"x"}`, scanner.Restricted, nil},
	},
	"square-access-token": {
		{"merchant", 200, `{"merchant":{"id":"M1","business_name":"Mine"}}`, scanner.Live, map[string]string{"merchant": "Mine", "merchant_id": "M1"}},
		{"expired", 401, `{"errors":[{"category":"AUTHENTICATION_ERROR","code":"ACCESS_TOKEN_EXPIRED"}]}`, scanner.Expired, nil},
		{"revoked", 401, `{"errors":[{"category":"AUTHENTICATION_ERROR","code":"ACCESS_TOKEN_REVOKED"}]}`, scanner.Dead, nil},
		{"perhaps of the sandbox", 401, `{"errors":[{"category":"AUTHENTICATION_ERROR","code":"UNAUTHORIZED"}]}`, scanner.Unknown, nil},
		{"scope", 403, `{"errors":[{"category":"AUTHENTICATION_ERROR","code":"INSUFFICIENT_SCOPES"}]}`, scanner.Restricted, nil},
	},
	"dropbox-short-lived-token": {
		{"account", 200, `{"account_id":"dbid:1","email":"a@example.com"}`, scanner.Live, map[string]string{"account": "a@example.com", "account_id": "dbid:1"}},
		{"expired", 401, `{"error_summary":"expired_access_token/..","error":{".tag":"expired_access_token"}}`, scanner.Expired, nil},
		{"not known", 401, `{"error_summary":"invalid_access_token/.","error":{".tag":"invalid_access_token"}}`, scanner.Dead, nil},
		{"scope", 401, `{"error_summary":"missing_scope/.","error":{".tag":"missing_scope","required_scope":"account_info.read"}}`, scanner.Restricted, nil},
		{"malformed", 400, `Error in call to API function "users/get_current_account": The given OAuth 2 access token is malformed.`, scanner.Dead, nil},
		{"suspended", 401, `{"error_summary":"user_suspended/.","error":{".tag":"user_suspended"}}`, scanner.Unknown, nil},
	},
	"mapbox-secret-token": {
		{"valid", 200, `{"code":"TokenValid","token":{"usage":"sk","user":"mine"}}`, scanner.Live, map[string]string{"user": "mine", "usage": "sk"}},
		{"revoked", 200, `{"code":"TokenRevoked"}`, scanner.Dead, nil},
		{"expired", 200, `{"code":"TokenExpired"}`, scanner.Expired, nil},
		{"malformed", 200, `{"code":"TokenMalformed"}`, scanner.Dead, nil},
	},
	"grafana-service-account-token": {
		{"organization", 200, `{"id":1,"name":"Main Org.","address":{}}`, scanner.Live, map[string]string{"organization": "Main Org."}},
		{"not known", 401, `{"message":"Invalid API key","messageId":"api-key.invalid","statusCode":401,"traceID":""}`, scanner.Dead, nil},
		{"expired", 401, `{"message":"Expired API key","messageId":"api-key.expired","statusCode":401,"traceID":""}`, scanner.Expired, nil},
		{"role", 403, `{"accessErrorId":"ACE0001","message":"You'll need additional permissions to perform this action.","title":"Access denied"}`, scanner.Restricted, nil},
	},
	"hubspot-private-app-token": {
		{"account", 200, `{"portalId":123,"accountType":"STANDARD"}`, scanner.Live, map[string]string{"account": "123", "kind": "STANDARD"}},
		{"not known", 401, `{"status":"error","message":"Authentication credentials not found.","category":"INVALID_AUTHENTICATION"}`, scanner.Dead, nil},
		{"expired", 401, `{"status":"error","category":"EXPIRED_AUTHENTICATION"}`, scanner.Expired, nil},
		{"scope", 403, `{"status":"error","category":"MISSING_SCOPES"}`, scanner.Restricted, nil},
	},
	"scaleway-key": {
		{"key", 200, `{"access_key":"made-Up_7qZ","user_id":"u1","expires_at":null}`, scanner.Live, map[string]string{"user_id": "u1"}},
		{"not known", 401, `{"type":"denied_authentication","method":"api_key","reason":"not_found","message":"authentication is denied"}`, scanner.Dead, nil},
		{"expired", 401, `{"type":"denied_authentication","method":"api_key","reason":"expired"}`, scanner.Expired, nil},
		{"policy", 403, `{"type":"permissions_denied","details":[]}`, scanner.Restricted, nil},
	},
	"twilio-account-token": {
		{"account", 200, `{"accounts":[{"sid":"AC1","friendly_name":"Mine","status":"active"}]}`, scanner.Live, map[string]string{"account": "Mine", "account_sid": "AC1", "status": "active"}},
		{"pair refused", 401, `{"code":20003,"message":"Authenticate","status":401}`, scanner.Dead, nil},
		{"restricted key", 401, `{"code":70051,"message":"Authorization Error","status":401}`, scanner.Restricted, nil},
	},
	"telegram-bot-token": {
		{"bot", 200, `{"ok":true,"result":{"id":42,"is_bot":true,"username":"my_bot"}}`, scanner.Live, map[string]string{"bot": "my_bot", "bot_id": "42"}},
		{"revoked", 401, `{"ok":false,"error_code":401,"description":"Unauthorized"}`, scanner.Dead, nil},
		{"no such method", 404, `{"ok":false,"error_code":404,"description":"Not Found"}`, scanner.Unknown, nil},
	},
	"travis-token": {
		{"user", 200, `{"@type":"user","id":1,"login":"me","email":"a@example.com"}`, scanner.Live, map[string]string{"user": "me", "email": "a@example.com"}},
		{"refused", 403, `access denied`, scanner.Dead, nil},
	},
	"mailgun-api-key": {
		{"domains", 200, `{"total_count":1,"items":[{"name":"mg.example.com"}]}`, scanner.Live, map[string]string{"domains": "1", "domain": "mg.example.com"}},
		{"refused", 401, `Forbidden`, scanner.Dead, nil},
		{"refused by the newer service", 401, `{"message":"Invalid private key"}`, scanner.Dead, nil},
	},
	"virustotal-api-key": {
		{"user", 200, `{"data":{"id":"me","type":"user"}}`, scanner.Live, map[string]string{"user": "me"}},
		{"wrong", 401, `{"error":{"code":"WrongCredentialsError","message":"Wrong API key"}}`, scanner.Dead, nil},
		{"inactive", 401, `{"error":{"code":"UserNotActiveError","message":"x"}}`, scanner.Restricted, nil},
		{"quota", 429, `{"error":{"code":"QuotaExceededError","message":"Quota exceeded"}}`, scanner.Unknown, nil},
	},
	"circleci-token": {
		{"person", 200, `{"id":"u1","login":"me","name":"Me"}`, scanner.Live, map[string]string{"user": "me", "name": "Me", "user_id": "u1"}},
		{"not known", 401, `{"message":"Invalid token provided."}`, scanner.Dead, nil},
		{"perhaps of a project", 401, `{"message":"You must log in first."}`, scanner.Unknown, nil},
	},
	"deepl-api-key": {
		{"usage", 200, `{"character_count":1,"character_limit":500000}`, scanner.Live, map[string]string{"used": "1", "limit": "500000"}},
		{"the other host", 403, `{"message":"Wrong endpoint. Use https://api-free.deepl.com"}`, scanner.Unknown, nil},
		{"plan", 403, `{"message":"This account is not allowed to access the API."}`, scanner.Restricted, nil},
		{"not known", 403, `{"message":"Authorization failed"}`, scanner.Dead, nil},
		{"without a word", 403, ``, scanner.Unknown, nil},
		{"somebody in between", 403, `blocked by policy`, scanner.Unknown, nil},
	},
	"sonar-token": {
		{"valid", 200, `{"valid":true}`, scanner.Live, nil},
		{"not valid", 200, `{"valid":false}`, scanner.Dead, nil},
	},
}

func TestProvidersAnswerAsDocumented(t *testing.T) { answersAsDocumented(t, documentedReplies, nil) }

func TestProvidersAreAskedAsDocumented(t *testing.T) {
	askedAsDocumented(t, []question{
		{"telegram-bot-token", "GET", "/bot" + made + "/getMe", "", nil},
		{"cloudflare-turnstile-secret", "POST", "/turnstile/v0/siteverify", "secret=" + made + "&response=none", nil},
		{"cloudflare-global-key-legacy", "GET", "/client/v4/user", "", http.Header{"X-Auth-Email": {"Part_of_7qZ"}, "X-Auth-Key": {made}}},
		{"slack-bot-token", "POST", "/api/auth.test", "pretty=0", http.Header{"Authorization": {"Bearer " + made}}},
		{"twilio-account-token", "GET", "/2010-04-01/Accounts.json?PageSize=1", "", http.Header{"Authorization": {basicOf(made, "Part_of_7qZ")}}},
		{"mailgun-api-key", "GET", "/v3/domains?limit=1", "", http.Header{"Authorization": {basicOf("api", made)}}},
		{"databricks-token", "GET", "/api/2.0/preview/scim/v2/Me", "", http.Header{"Authorization": {"Bearer " + made}}},
		{"okta-api-token", "GET", "/api/v1/users/me", "", http.Header{"Authorization": {"SSWS " + made}}},
		{"linear-api-key", "POST", "/graphql", `{"query":"{ viewer { id email } organization { urlKey } }"}`, http.Header{"Authorization": {made}}},
		{"dropbox-short-lived-token", "POST", "/2/users/get_current_account", "null", http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + made}}},
		{"mapbox-secret-token", "GET", "/tokens/v2?access_token=" + made, "", nil},
		{"algolia-admin-key", "GET", "/1/keys/" + made, "", http.Header{"X-Algolia-Api-Key": {made}, "X-Algolia-Application-Id": {"Part_of_7qZ"}}},
		{"scaleway-key", "GET", "/iam/v1alpha1/api-keys/" + made, "", http.Header{"X-Auth-Token": {"Part_of_7qZ"}}},
		{"discord-bot-token", "GET", "/api/v10/users/@me", "", http.Header{"Authorization": {"Bot " + made}}},
		{"sonar-token", "GET", "/api/authentication/validate", "", http.Header{"Authorization": {basicOf(made, "")}}},
		{"ibm-cloud-api-key", "GET", "/v1/apikeys/details", "", http.Header{"Iam-Apikey": {made}, "Authorization": {basicOf("bx", "bx")}}},
	})
}

// TestRefreshAndPostingAreNeverTried: what changes something when it is asked about is not asked about.
func TestRefreshAndPostingAreNeverTried(t *testing.T) {
	areNotAsked(t, "",
		"digitalocean-refresh-token", "slack-refresh-token", "slack-webhook", "slack-response-url", "discord-webhook", "paypal-client-secret",
		"cloudflare-wrangler-login", "cloudflare-deploy-hook", "cloudflare-tunnel-token", "dropbox-refresh-token", "pagerduty-integration-key", "auth0-client-secret",
		"hubspot-personal-access-key", "databricks-oauth-secret", "newrelic-license-key", "sentry-dsn-secret", "database-url", "shopify-cli-token",
	)
}
