package verify

import (
	"net/http"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// repliesLToZ are answers as providers whose names begin with l to z document or give them, by rule.
var repliesLToZ = map[string][]reply{
	"lambda-cloud-api-key": {
		{"keys", 200, `{"data":[]}`, scanner.Live, nil},
		{"not known", 401, `{"error":{"code":"global/invalid-api-key","message":"API key was invalid, expired, or deleted.","suggestion":"Check your API key or create a new one, then try again."}}`, scanner.Dead, nil},
		{"inactive", 403, `{"error":{"code":"global/account-inactive","message":"Your account is inactive."}}`, scanner.Restricted, nil},
	},
	"line-channel-access-token": {
		{"bot", 200, `{"userId":"U1","basicId":"@mine","displayName":"Mine","chatMode":"bot","markAsReadMode":"auto"}`, scanner.Live, map[string]string{"bot": "Mine", "bot_id": "@mine"}},
		{"not valid", 401, `{"message":"Authentication failed. Confirm that the access token in the authorization header is valid."}`, scanner.Dead, nil},
		{"no header came", 401, `{"message":"Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'"}`, scanner.Unknown, nil},
	},
	"linkedin-access-token": {
		{"member", 200, `{"sub":"782bbtaQ","name":"Me","locale":"en-US"}`, scanner.Live, map[string]string{"user": "Me", "user_id": "782bbtaQ"}},
		{"expired", 401, `{"status":401,"serviceErrorCode":65602,"code":"EXPIRED_ACCESS_TOKEN","message":"The token used in the request has expired"}`, scanner.Expired, nil},
		{"perhaps a refresh token", 401, `{"status":401,"serviceErrorCode":65600,"code":"INVALID_ACCESS_TOKEN","message":"Invalid access token"}`, scanner.Unknown, nil},
		{"scope", 403, `{"status":403,"serviceErrorCode":100,"code":"ACCESS_DENIED","message":"Not enough permissions to access: GET /userinfo"}`, scanner.Restricted, nil},
	},
	"litellm-proxy-key": {
		{"models", 200, `{"data":[{"id":"gpt","object":"model"}],"object":"list"}`, scanner.Live, nil},
		{"not known", 401, `{"error":{"message":"Authentication Error, Invalid proxy server token passed.","type":"token_not_found_in_db","param":"key","code":"401"}}`, scanner.Dead, nil},
		{"expired", 400, `{"error":{"message":"Authentication Error - Expired Key.","type":"expired_key","param":null,"code":"400"}}`, scanner.Expired, nil},
		{"budget", 400, `{"error":{"message":"Budget has been exceeded!","type":"budget_exceeded","param":null,"code":"400"}}`, scanner.Unknown, nil},
	},
	"langfuse-secret-key": {
		{"project", 200, `{"data":[{"id":"p1","name":"Mine","metadata":{}}]}`, scanner.Live, map[string]string{"project": "Mine", "project_id": "p1"}},
		{"perhaps of another host", 401, `{"message":"Invalid credentials. Confirm that you've configured the correct host."}`, scanner.Unknown, nil},
	},
	"lob-api-key": {
		{"addresses", 200, `{"data":[],"object":"list","count":0}`, scanner.Live, nil},
		{"not valid", 401, `{"error":{"message":"Your API key is not valid. Please sign up on lob.com to get a valid api key.","status_code":401,"code":"invalid_api_key"}}`, scanner.Dead, nil},
	},
	"lemonsqueezy-api-key": {
		{"user", 200, `{"meta":{"test_mode":true},"jsonapi":{"version":"1.0"},"data":{"type":"users","id":"1","attributes":{"name":"Me","email":"a@example.com"}}}`, scanner.Live, map[string]string{"user": "a@example.com", "user_id": "1", "test_mode": "true"}},
		{"not known", 401, `{"jsonapi":{"version":"1.0"},"errors":[{"detail":"Unauthenticated.","status":"401","title":"Unauthorized"}]}`, scanner.Dead, nil},
	},
	"mailtrap-api-token": {
		{"accounts", 200, `[{"id":26730,"name":"Mine","access_levels":[1000]}]`, scanner.Live, map[string]string{"account": "Mine", "account_id": "26730"}},
		{"not known", 401, `{"error":"Incorrect API token"}`, scanner.Dead, nil},
	},
	"maxmind-license-key": {
		{"known", 204, ``, scanner.Live, nil},
		{"not known", 401, `{"code":"AUTHORIZATION_INVALID","error":"Your account ID or license key could not be authenticated."}`, scanner.Dead, nil},
		{"known, without this service", 403, `{"code":"PERMISSION_REQUIRED","error":"You do not have permission to use this service interface."}`, scanner.Restricted, nil},
		{"no form of a key", 400, `{"code":"LICENSE_KEY_INVALID","error":"not a valid license_key"}`, scanner.Unknown, nil},
	},
	"mattermost-access-token": {
		{"user", 200, `{"id":"u1","username":"me","email":"a@example.com","roles":"system_user"}`, scanner.Live, map[string]string{"user": "me", "email": "a@example.com", "roles": "system_user"}},
		{"not known", 401, `{"id":"api.context.session_expired.app_error","message":"Invalid or expired session, please login again.","detailed_error":"","request_id":"r","status_code":401}`, scanner.Dead, nil},
	},
	"medium-integration-token": {
		{"user", 200, `{"data":{"id":"5303d","username":"me","name":"Me"}}`, scanner.Live, map[string]string{"user": "me", "user_id": "5303d"}},
		{"not known", 401, `{"errors":[{"message":"Token was invalid.","code":6003}]}`, scanner.Dead, nil},
		{"no token came", 401, `{"errors":[{"message":"An access token is required.","code":6000}]}`, scanner.Unknown, nil},
	},
	"messagebird-access-key": {
		{"balance", 200, `{"payment":"prepaid","type":"credits","amount":9.2}`, scanner.Live, map[string]string{"payment": "prepaid", "balance": "9.2"}},
		{"not known", 401, `{"errors":[{"code":2,"description":"Request not allowed (incorrect access_key)","parameter":"access_key"}]}`, scanner.Dead, nil},
	},
	"n8n-api-key": {
		{"workflows", 200, `{"data":[],"nextCursor":null}`, scanner.Live, nil},
		{"not known", 401, `{"message":"unauthorized"}`, scanner.Dead, nil},
		{"scope", 403, `{"message":"Forbidden"}`, scanner.Restricted, nil},
		{"no header came", 401, `{"message":"'X-N8N-API-KEY' header required"}`, scanner.Unknown, nil},
	},
	"nomad-acl-token": {
		{"client", 200, `{"AccessorID":"a1","Name":"ci","Type":"client","Policies":["read"],"Global":false,"ExpirationTime":null}`, scanner.Live, map[string]string{"name": "ci", "type": "client", "policies": "read"}},
		{"not known", 403, `ACL token not found`, scanner.Dead, nil},
		{"expired", 403, `ACL token expired`, scanner.Expired, nil},
		{"policy", 403, `Permission denied`, scanner.Unknown, nil},
	},
	"octopus-api-key": {
		{"user", 200, `{"Id":"Users-1","Username":"me","EmailAddress":"a@example.com","IsService":false}`, scanner.Live, map[string]string{"user": "me", "email": "a@example.com"}},
		{"not known", 401, `{"ErrorMessage":"The API key you provided was not valid. Please double-check your API key and try again."}`, scanner.Dead, nil},
	},
	"paddle-api-key": {
		{"types", 200, `{"data":[{"name":"address.created"}],"meta":{"request_id":"r1"}}`, scanner.Live, nil},
		{"revoked", 403, `{"error":{"type":"request_error","code":"invalid_token","detail":"Invalid or revoked API key."},"meta":{"request_id":"r1"}}`, scanner.Dead, nil},
		{"permission", 403, `{"error":{"type":"request_error","code":"forbidden","detail":"You aren't permitted to perform this request."},"meta":{"request_id":"r1"}}`, scanner.Restricted, nil},
		{"no key came", 403, `{"error":{"type":"request_error","code":"authentication_missing"},"meta":{"request_id":"r1"}}`, scanner.Unknown, nil},
	},
	"particle-access-token": {
		{"token", 200, `{"expires_at":"2030-01-01T00:00:00.000Z","client":"__PASSWORD_ONLY__","scopes":[]}`, scanner.Live, map[string]string{"expires": "2030-01-01T00:00:00.000Z", "client": "__PASSWORD_ONLY__"}},
		{"for ever", 200, `{"expires_at":null,"client":"mine","scopes":["sims:usage.get"]}`, scanner.Live, map[string]string{"client": "mine", "scopes": "sims:usage.get"}},
		{"not known", 401, `{"error":"invalid_token","error_description":"The access token provided is invalid."}`, scanner.Dead, nil},
		{"expired", 401, `{"error":"invalid_token","error_description":"The access token provided has expired."}`, scanner.Expired, nil},
	},
	"pinecone-api-key": {
		{"indexes", 200, `{"indexes":[{"name":"mine","dimension":3}]}`, scanner.Live, map[string]string{"index": "mine"}},
		{"not known", 401, `Invalid API Key`, scanner.Dead, nil},
		{"not known, as JSON", 401, `{"status":401,"error":{"code":"UNAUTHENTICATED","message":"Invalid API key"}}`, scanner.Dead, nil},
		{"role", 403, `{"status":403,"error":{"code":"FORBIDDEN","message":"Forbidden"}}`, scanner.Restricted, nil},
	},
	"retell-api-key": {
		{"concurrency", 200, `{"current_concurrency":0,"concurrency_limit":20}`, scanner.Live, map[string]string{"concurrency_limit": "20"}},
		{"not known", 401, `{"status":"error","message":"Invalid API Key."}`, scanner.Dead, nil},
	},
	"razorpay-key-secret": {
		{"payments", 200, `{"entity":"collection","count":0,"items":[]}`, scanner.Live, nil},
		{"pair refused", 401, `{"error":{"code":"BAD_REQUEST_ERROR","description":"Authentication failed","source":"NA"}}`, scanner.Dead, nil},
		{"another error", 400, `{"error":{"code":"BAD_REQUEST_ERROR","description":"The count may not be greater than 100."}}`, scanner.Unknown, nil},
	},
	"qdrant-api-key": {
		{"collections", 200, `{"result":{"collections":[]},"status":"ok","time":0.00001}`, scanner.Live, nil},
		{"perhaps of another cluster", 401, `Invalid API key or JWT`, scanner.Unknown, nil},
		{"no key came", 401, `Must provide an API key or an Authorization bearer token`, scanner.Unknown, nil},
	},
	"serpapi-api-key": {
		{"account", 200, `{"account_id":"5ac54d6a","account_email":"a@example.com","plan_id":"free","plan_name":"Free Plan","total_searches_left":99}`, scanner.Live, map[string]string{"account": "a@example.com", "plan": "Free Plan", "searches_left": "99"}},
		{"not known", 401, `{"error":"Invalid API key. Your API key should be here: https://serpapi.com/manage-api-key"}`, scanner.Dead, nil},
	},
	"shippo-api-token": {
		{"addresses", 200, `{"next":null,"previous":null,"results":[]}`, scanner.Live, nil},
		{"not known", 401, `{"detail":"Token does not exist"}`, scanner.Dead, nil},
		{"no token came", 401, `{"detail":"Authentication credentials were not provided."}`, scanner.Unknown, nil},
	},
	"salesforce-access-token": {
		{"limits", 200, `{"DailyApiRequests":{"Max":15000,"Remaining":14998}}`, scanner.Live, map[string]string{"api_requests": "15000", "remaining": "14998"}},
		{"perhaps of another organization", 401, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`, scanner.Unknown, nil},
		{"API switched off", 403, `[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]`, scanner.Restricted, nil},
	},
	"smartsheet-api-token": {
		{"user", 200, `{"id":48569348,"email":"a@example.com","account":{"name":"Mine","id":1}}`, scanner.Live, map[string]string{"user": "a@example.com", "account": "Mine", "user_id": "48569348"}},
		{"perhaps of another region", 401, `{"errorCode":1002,"message":"Your Access Token is invalid.","refId":"r"}`, scanner.Unknown, nil},
		{"expired", 401, `{"errorCode":1003,"message":"Your Access Token has expired.","refId":"r"}`, scanner.Expired, nil},
	},
	"sumup-api-key": {
		{"merchant", 200, `{"account":{"username":"a@example.com"},"merchant_profile":{"merchant_code":"MC1","country":"DE"}}`, scanner.Live, map[string]string{"merchant": "MC1", "account": "a@example.com", "country": "DE"}},
		{"not valid", 401, `{"error_message":"invalid access token","error_code":"NOT_AUTHORIZED"}`, scanner.Dead, nil},
		{"no token came", 401, `{"message":"access token required","error_code":"NOT_AUTHORIZED"}`, scanner.Unknown, nil},
	},
	"tailscale-key": {
		{"keys", 200, `{"keys":[{"id":"k1"}]}`, scanner.Live, nil},
		{"not known", 401, `{"message":"API token invalid"}`, scanner.Dead, nil},
		{"permission", 403, `{"message":"calling actor does not have enough permissions to perform this function"}`, scanner.Restricted, nil},
	},
	"tavily-api-key": {
		{"usage", 200, `{"key":{"usage":150,"limit":1000},"account":{"current_plan":"Bootstrap","plan_usage":500,"plan_limit":15000}}`, scanner.Live, map[string]string{"plan": "Bootstrap", "used": "150", "limit": "1000"}},
		{"not known", 401, `{"detail":{"error":"Unauthorized: missing or invalid API key."}}`, scanner.Dead, nil},
	},
	"together-api-key": {
		{"files", 200, `{"data":[]}`, scanner.Live, nil},
		{"not known", 401, `{"id":"r","error":{"message":"Invalid API key provided. You can find your API key at https://api.together.xyz/settings/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, scanner.Dead, nil},
	},
	"toggl-api-token": {
		{"user", 200, `{"id":1,"email":"a@example.com","fullname":"Me","default_workspace_id":2}`, scanner.Live, map[string]string{"user": "a@example.com", "name": "Me", "user_id": "1"}},
		{"not known", 403, `Incorrect username and/or password`, scanner.Dead, nil},
	},
	"twelve-data-api-key": {
		{"usage", 200, `{"timestamp":"2030-01-01 00:00:00","current_usage":1,"plan_limit":8,"plan_category":"basic"}`, scanner.Live, map[string]string{"plan": "basic", "limit": "8"}},
		{"perhaps used up", 200, `{"code":401,"message":"**apikey** parameter is incorrect or not specified.","status":"error"}`, scanner.Unknown, nil},
	},
	"twelvelabs-api-key": {
		{"indexes", 200, `{"data":[],"page_info":{"page":1,"total_results":0}}`, scanner.Live, map[string]string{"indexes": "0"}},
		{"not known", 401, `{"code":"api_key_invalid","message":"API Key is either invalid or expired."}`, scanner.Dead, nil},
	},
	"twitter-bearer-token": {
		{"limits", 200, `{"rate_limit_context":{"application":"app1"},"resources":{"help":{}}}`, scanner.Live, map[string]string{"application": "app1"}},
		{"not known", 401, `{"errors":[{"code":89,"message":"Invalid or expired token."}]}`, scanner.Dead, nil},
		{"plan", 403, `{"errors":[{"message":"You currently have access to a subset of X API V2 endpoints","code":453}]}`, scanner.Restricted, nil},
	},
	"uptimerobot-api-key": {
		{"monitors", 200, `{"stat":"ok","pagination":{"offset":0,"limit":1,"total":1},"monitors":[{"friendly_name":"Mine"}]}`, scanner.Live, map[string]string{"monitors": "1", "monitor": "Mine"}},
		{"not known", 200, `{"stat":"fail","error":{"type":"invalid_parameter","parameter_name":"api_key","passed_value":"x","message":"api_key is invalid."}}`, scanner.Dead, nil},
		{"another parameter", 200, `{"stat":"fail","error":{"type":"invalid_parameter","parameter_name":"limit","message":"limit is invalid."}}`, scanner.Unknown, nil},
	},
	"voyage-api-key": {
		{"files", 200, `{"object":"list","data":[],"has_more":false}`, scanner.Live, nil},
		{"not known", 401, `{"detail":"Provided API key is invalid."}`, scanner.Dead, nil},
	},
	"vonage-api-secret": {
		{"secrets", 200, `{"_embedded":{"secrets":[{"id":"s1","created_at":"2020-01-01T00:00:00Z"}]}}`, scanner.Live, map[string]string{"secret_id": "s1", "created": "2020-01-01T00:00:00Z"}},
		{"pair refused", 401, `{"type":"https://developer.nexmo.com/api-errors#unauthorized","title":"Invalid credentials supplied","detail":"You did not provide correct credentials.","instance":"i"}`, scanner.Dead, nil},
	},
	"vk-access-token": {
		{"user", 200, `{"response":[{"id":1,"first_name":"P"}]}`, scanner.Live, map[string]string{"user_id": "1"}},
		{"not known", 200, `{"error":{"error_code":5,"error_msg":"User authorization failed: invalid access_token (4)."}}`, scanner.Dead, nil},
		{"another address", 200, `{"error":{"error_code":5,"error_msg":"User authorization failed: access_token was given to another ip address."}}`, scanner.Restricted, nil},
		{"expired", 200, `{"error":{"error_code":5,"error_msg":"User authorization failed: access_token has expired."}}`, scanner.Expired, nil},
	},
	"weaviate-api-key": {
		{"meta", 200, `{"hostname":"http://[::]:8080","modules":{},"version":"1.30.0"}`, scanner.Live, map[string]string{"version": "1.30.0"}},
		{"perhaps of another cluster", 401, `{"code":401,"message":"unauthorized: invalid api key"}`, scanner.Unknown, nil},
	},
	"woocommerce-consumer-secret": {
		{"currency", 200, `{"code":"EUR","name":"Euro","symbol":"&euro;"}`, scanner.Live, map[string]string{"currency": "EUR"}},
		{"pair refused", 401, `{"code":"woocommerce_rest_authentication_error","message":"Consumer secret is invalid.","data":{"status":401}}`, scanner.Dead, nil},
		{"rights", 401, `{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot view this resource.","data":{"status":401}}`, scanner.Unknown, nil},
	},
	"xendit-secret-key": {
		{"balance", 200, `{"balance":1241231}`, scanner.Live, map[string]string{"balance": "1241231"}},
		{"not known", 401, `{"error_code":"INVALID_API_KEY","message":"API key format is invalid"}`, scanner.Dead, nil},
		{"permission", 403, `{"error_code":"REQUEST_FORBIDDEN_ERROR","message":"The API key is forbidden to perform this request"}`, scanner.Restricted, nil},
	},
	"zitadel-access-token": {
		{"user", 200, `{"user":{"id":"1","state":"USER_STATE_ACTIVE","userName":"ci"}}`, scanner.Live, map[string]string{"user": "ci", "user_id": "1"}},
		{"not known", 401, `{"code":16,"message":"Errors.Token.Invalid (AUTH-7fs1e)","details":[]}`, scanner.Dead, nil},
	},
}

// beginningsLToZ are how secrets begin by whose form a rule chooses its check.
var beginningsLToZ = map[string]string{"paddle-api-key": "pdl_" + "live_", "tailscale-key": "tskey-" + "api-", "tiktok-access-token": "act" + "."}

func TestProvidersLToZAnswerAsDocumented(t *testing.T) {
	answersAsDocumented(t, repliesLToZ, beginningsLToZ)
}

func TestProvidersLToZAreAskedAsDocumented(t *testing.T) {
	askedAsDocumented(t, []question{
		{"line-channel-access-token", "GET", "/v2/bot/info", "", http.Header{"Authorization": {"Bearer " + made}}},
		{"langfuse-secret-key", "GET", "/api/public/projects", "", http.Header{"Authorization": {basicOf("Part_of_7qZ", made)}}},
		{"langsmith-api-key", "GET", "/api/v1/sessions?limit=1", "", http.Header{"X-Api-Key": {made}}},
		{"lob-api-key", "GET", "/v1/addresses?limit=1", "", http.Header{"Authorization": {basicOf(made, "")}}},
		{"mandrill-api-key", "POST", "/api/1.0/users/info.json", `{"key":"` + made + `"}`, nil},
		{"matomo-token", "POST", "/index.php", "module=API&method=API.getMatomoVersion&format=json&token_auth=" + made, nil},
		{"maxmind-license-key", "POST", "/secrets/validate-license-key", "license_key=" + made, nil},
		{"messagebird-access-key", "GET", "/balance", "", http.Header{"Authorization": {"AccessKey " + made}}},
		{"ngrok-token", "GET", "/reserved_domains?limit=1", "", http.Header{"Authorization": {"Bearer " + made}, "Ngrok-Version": {"2"}}},
		{"plivo-auth-token", "GET", "/v1/Account/Part_of_7qZ/", "", http.Header{"Authorization": {basicOf("Part_of_7qZ", made)}}},
		{"plaid-secret", "POST", "/institutions/get", `{"client_id":"Part_of_7qZ","secret":"` + made + `","count":1,"offset":0,"country_codes":["US"]}`, nil},
		{"razorpay-key-secret", "GET", "/v1/payments?count=1", "", http.Header{"Authorization": {basicOf("Part_of_7qZ", made)}}},
		{"serpapi-api-key", "GET", "/account.json?api_key=" + made, "", nil},
		{"serper-api-key", "GET", "/account", "", http.Header{"X-Api-Key": {made}}},
		{"toggl-api-token", "GET", "/api/v9/me", "", http.Header{"Authorization": {basicOf(made, "api_token")}}},
		{"uptimerobot-api-key", "POST", "/v2/getMonitors", "api_key=" + made + "&format=json&limit=1", nil},
		{"vonage-api-secret", "GET", "/accounts/Part_of_7qZ/secrets", "", http.Header{"Authorization": {basicOf("Part_of_7qZ", made)}}},
		{"vtex-app-token", "GET", "/api/catalog_system/pvt/saleschannel/list", "", http.Header{"X-Vtex-Api-Appkey": {"Part_of_7qZ"}, "X-Vtex-Api-Apptoken": {made}}},
		{"wandb-api-key", "POST", "/graphql", `{"query":"query { viewer { id username entity } }"}`, http.Header{"Authorization": {basicOf("api", made)}}},
	})
	areNotAsked(t, "", "mapquest-api-key")
}

// TestKindsOfSecretsAreNotMixedUp has credentials of other kinds that the same rules find: nobody is asked about them.
func TestKindsOfSecretsAreNotMixedUp(t *testing.T) {
	areNotAsked(t, "tskey-"+"auth-", "tailscale-key")
	areNotAsked(t, "tskey-", "tailscale-key")
	areNotAsked(t, "pdl_"+"test_", "paddle-api-key")
	areNotAsked(t, "rft"+".", "tiktok-access-token")
}
