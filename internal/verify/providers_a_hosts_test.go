package verify

import "strings"

func documentedServers() []documented {
	k8s := func(reason, message string) string {
		return `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"` + message + `","reason":"` + reason + `"}`
	}
	k8s401 := docReply{401, k8s("Unauthorized", "Unauthorized"), nil}
	vault403 := docReply{403, `{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}`, nil}
	vaultSelf := func(policies string) string {
		return `{"request_id":"5e0a","data":{"accessor":"8609694a","display_name":"token","policies":[` + policies + `],"type":"service","path":"auth/token/create","expire_time":null,"num_uses":0}}`
	}
	tfc401 := docReply{401, `{"errors":[{"status":"401","title":"unauthorized"}]}`, nil}
	tfcAnswers := []docRow{
		on(isLive, 200, `{"data":{"id":"user-V3R563","type":"users","attributes":{"username":"acme","is-service-account":false}}}`),
		{tfc401, isDead},
		on(isUnknown, 404, `{"errors":[{"status":"404","title":"not found"}]}`),
	}
	doppler401 := docReply{401, `{"messages":["Invalid Auth token"],"success":false}`, nil}
	return []documented{
		{rule: "kubernetes-service-account-token-legacy", method: "POST", path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", header: asBearer, also: []string{"Content-Type: application/json"}, body: `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`, made: k8s401, rows: []docRow{
			on(isLive, 201, `{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","status":{"userInfo":{"username":"system:serviceaccount:ns:ci","groups":["system:authenticated"]}}}`),
			{k8s401, isDead},
			on(isRestricted, 403, k8s("Forbidden", `selfsubjectreviews is forbidden: User \"ci\" cannot create resource`)),
			on(isUnknown, 403, k8s("Forbidden", `selfsubjectreviews is forbidden: User \"system:anonymous\" cannot create resource`)),
			on(isUnknown, 404, "404 page not found", "Content-Type: text/plain"),
		}},
		{rule: "kubernetes-bootstrap-token", method: "POST", path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", header: asBearer, also: []string{"Content-Type: application/json"}, body: `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`, made: k8s401, rows: []docRow{
			on(isLive, 201, `{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","status":{"userInfo":{"username":"system:serviceaccount:ns:ci","groups":["system:authenticated"]}}}`),
			{k8s401, isUnknown},
			on(isRestricted, 403, k8s("Forbidden", `selfsubjectreviews is forbidden: User \"ci\" cannot create resource`)),
			on(isUnknown, 403, k8s("Forbidden", `selfsubjectreviews is forbidden: User \"system:anonymous\" cannot create resource`)),
			on(isUnknown, 404, "404 page not found", "Content-Type: text/plain"),
		}},
		{rule: "kubernetes-openshift-token", path: "/apis/user.openshift.io/v1/users/~", header: asBearer, made: k8s401, rows: []docRow{
			on(isLive, 200, `{"kind":"User","apiVersion":"user.openshift.io/v1","metadata":{"name":"acme"}}`),
			{k8s401, isDead},
			on(isRestricted, 403, k8s("Forbidden", `users is forbidden: User \"ci\" cannot get resource`)),
			on(isUnknown, 403, k8s("Forbidden", `users is forbidden: User \"system:anonymous\" cannot get resource`)),
		}},
		{rule: "vault-service-token", path: "/v1/auth/token/lookup-self", header: "X-Vault-Token: S", made: vault403, rows: []docRow{
			on(isLive, 200, vaultSelf(`"root"`)),
			on(isLive, 200, vaultSelf(`"default","root-of-nothing"`)),
			{vault403, isDead},
			on(isLive, 200, strings.Replace(vaultSelf(`"default"`), `"num_uses":0`, `"num_uses":-1`, 1)),
			on(isLive, 200, strings.Replace(vaultSelf(`"root"`), `"num_uses":0`, `"num_uses":2`, 1)),
			on(isDead, 403, `{"errors":["bad token"]}`),
			on(isRestricted, 403, `{"errors":["1 error occurred:\n\t* permission denied\n\n"]}`),
			on(isUnknown, 403, `{"errors":["invalid token"]}`),
			on(isUnknown, 403, `{"errors":["1 error occurred:\n\t* permission denied by the gateway\n\n"]}`),
			on(isUnknown, 403, `{"errors":["permission denied"]}`),
			on(isUnknown, 503, `{"errors":["Vault is sealed"]}`),
			on(isUnknown, 429, `{"errors":["request path is rate limited"]}`),
		}},
		{rule: "vault-terraform-cloud-token", path: "/api/v2/account/details", header: asBearer, made: tfc401, rows: tfcAnswers},
		{rule: "terraform-enterprise-token", path: "/api/v2/account/details", header: asBearer, made: tfc401, rows: tfcAnswers},
		{rule: "doppler-personal-token", path: "/v3/me", header: asBearer, made: doppler401, rows: []docRow{
			on(isLive, 200, `{"slug":"5e0a","name":"ci","type":"service_token","created_at":"2026-01-01T00:00:00.000Z","last_seen_at":"2026-01-02T00:00:00.000Z","token_preview":"dp.st.prd.x","workplace":{"name":"Acme","slug":"5e0b"}}`),
			{doppler401, isDead},
			on(isDead, 401, `{"messages":["Invalid Service token"],"success":false}`),
			on(isExpired, 401, `{"messages":["This token has expired."],"success":false}`),
			on(isRestricted, 403, `{"messages":["Your IP address is not trusted"],"success":false}`),
		}},
	}
}

func documentedPlatforms() []documented {
	vercel403 := docReply{403, `{"error":{"code":"forbidden","message":"Not authorized","invalidToken":true}}`, nil}
	npm401 := docReply{401, `{}`, []string{"Npm-Notice: Access token expired or revoked. Please try logging in again."}}
	const plain = "Content-Type: text/plain; charset=utf-8"
	gem401 := docReply{401, "Access Denied. Please sign up for an account at https://rubygems.org", []string{plain}}
	heroku401 := docReply{401, `{"id":"unauthorized","message":"Invalid credentials provided."}`, nil}
	netlify401 := docReply{401, `{"code":401,"message":"Access Denied"}`, nil}
	const viewer = `{"query":"{viewer{__typename ... on User{id email} ... on Macaroon{email}}}"}`
	fly401 := docReply{200, `{"data":null,"errors":[{"message":"You must be authenticated to view this.","path":["viewer"],"extensions":{"code":"UNAUTHORIZED"}}]}`, nil}
	railway401 := docReply{200, `{"errors":[{"message":"Not Authorized","path":["me"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null}`, nil}
	render401 := docReply{401, `{"id":"5e0a","message":"Unauthorized"}`, nil}
	return []documented{
		{rule: "vercel-personal-token", path: "/v2/user", header: asBearer, made: vercel403, rows: []docRow{
			on(isLive, 200, `{"user":{"id":"5e0a","email":"ci@acme.example","username":"acme","defaultTeamId":"team_1"}}`),
			{vercel403, isDead},
			on(isRestricted, 403, `{"error":{"code":"forbidden","message":"Not authorized"}}`),
			on(isRestricted, 403, `{"error":{"code":"forbidden","message":"Not authorized","saml":true,"invalidToken":false}}`),
		}},
		{rule: "vercel-app-token", method: "POST", path: "/login/oauth/userinfo", header: asBearer, made: docReply{401, `{"error":"invalid_token"}`, nil}, rows: []docRow{
			on(isLive, 200, `{"sub":"5e0a","preferred_username":"acme"}`),
			on(isDead, 401, `{"error":"invalid_token","error_description":"expired"}`),
			on(isDead, 401, ``, `Www-Authenticate: Bearer error="invalid_token"`),
			on(isRestricted, 403, `{"error":"insufficient_scope"}`),
		}},
		{rule: "vercel-ai-gateway-key", path: "/v1/credits", header: asBearer, made: docReply{401, `{"error":{"message":"Invalid API key","type":"authentication_error"}}`, nil}, rows: []docRow{
			on(isLive, 200, `{"balance":"95.50","total_used":"4.50"}`),
			on(isDead, 401, `{"error":{"message":"Invalid API key","type":"authentication_error"}}`),
			on(isUnknown, 401, `{"error":{"message":"The key was revoked","type":"authentication_error"}}`),
			on(isUnknown, 401, `{"error":{"message":"Unauthenticated request","type":"authentication_error"}}`),
		}},
		{rule: "npm-access-token", path: "/-/whoami", header: asBearer, made: npm401, rows: []docRow{
			on(isLive, 200, `{"username":"acme"}`),
			{npm401, isUnknown}, // the notice also comes for requests without a token
			on(isUnknown, 401, `{"error":"token revoked"}`),
			on(isUnknown, 403, `{"error":"forbidden"}`),
		}},
		{rule: "rubygems-api-key", path: "/api/v1/gems.json", header: "Authorization: S", made: gem401, rows: []docRow{
			on(isLive, 200, `[{"name":"acme"}]`),
			on(isLive, 200, `[]`),
			on(isDead, 401, "Access Denied. Please sign up for an account at https://rubygems.org", plain),
			on(isDead, 403, "An invalid API key cannot be used. Please delete it and create a new one.", plain),
			on(isRestricted, 403, "The API key doesn't have access", plain),
			on(isRestricted, 401, "You have enabled multifactor authentication but no OTP code provided. Please fill it and retry.", plain),
			on(isUnknown, 401, "HTTP Basic: Access denied.\n"),
		}},
		{rule: "heroku-api-key", path: "/account", header: asBearer, made: heroku401, rows: []docRow{
			on(isLive, 200, `{"id":"5e0a","email":"ci@acme.example"}`),
			{heroku401, isDead},
			on(isRestricted, 403, `{"id":"forbidden","message":"The scope of this OAuth authorization does not allow access to this resource."}`),
			on(isRestricted, 403, `{"id":"suspended","message":"Your account is suspended."}`),
		}},
		{rule: "netlify-token", path: "/api/v1/user", header: asBearer, made: netlify401, rows: []docRow{
			on(isLive, 200, `{"id":"5e0a","email":"ci@acme.example"}`),
			{netlify401, isDead},
			on(isUnknown, 403, `{"code":403,"message":"Forbidden"}`),
		}},
		{rule: "fly-token", method: "POST", path: "/graphql", header: "Authorization: FlyV1 S", body: viewer, made: fly401, rows: []docRow{
			on(isLive, 200, `{"data":{"viewer":{"__typename":"Macaroon","email":"x@tokens.fly.io"}}}`),
			{fly401, isUnknown},
			on(isUnknown, 200, `{"data":{"viewer":null}}`),
			on(isUnknown, 401, `{"errors":[{"message":"token was revoked"}]}`),
		}},
		{rule: "fly-oauth-token", method: "POST", path: "/graphql", header: asBearer, body: viewer, made: fly401, rows: []docRow{
			on(isLive, 200, `{"data":{"viewer":{"__typename":"User","id":"1","email":"ci@acme.example"}}}`),
			{fly401, isDead},
			on(isUnknown, 200, `{"data":{"viewer":null}}`),
		}},
		{rule: "railway-token", method: "POST", path: "/graphql/v2", header: asBearer, also: []string{"Content-Type: application/json"}, body: `{"query":"query{me{id email}}"}`, made: railway401, rows: []docRow{
			on(isLive, 200, `{"data":{"me":{"id":"5e0a","email":"ci@acme.example"}}}`),
			{railway401, isUnknown},
			on(isUnknown, 200, `{"errors":[{"message":"The token was deleted"}],"data":null}`),
		}},
		{rule: "render-api-key", path: "/v1/owners?limit=1", header: asBearer, made: render401, rows: []docRow{
			on(isLive, 200, `[{"owner":{"id":"tea-1","name":"Acme","email":"ci@acme.example"}}]`),
			{render401, isDead},
			on(isUnknown, 403, `{"message":"forbidden"}`),
		}},
	}
}
