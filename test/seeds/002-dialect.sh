#!/bin/sh
# Seed 002, "Create an API key using a username and password" (Trend Workload Security): the commands as the guide prints
# them, but for host, scheme and the request id, which are the answer's.
#
# Takes from the environment: URL. There is an administrator myUserName. Leaves cookie.txt in the working directory.
set -eu
. "$(dirname "$0")/answers.sh"

# "Send a POST request to the /api/sessions resource. The response includes a cookie that contains the session ID."
call 200 'sign in' -i -X POST \
  "$URL/api/sessions" \
  -H 'Cache-Control: no-cache' \
  -H 'Content-Type: application/json' \
  -H 'api-version: v1' \
  -c cookie.txt \
  -d '{
"userName": "myUserName",
"password": "myPassword"
}'
holds 'X-Frame-Options: SAMEORIGIN'
holds 'X-XSS-Protection: 1;mode=block'
holds 'Cache-Control: no-cache,no-store'
holds 'Pragma: no-cache'
holds 'Set-Cookie: sID='
holds 'Content-Length: 141'
holds '"accessType":"webService"'
rid=$(field RID)

# "Body", with the missing quote of the guide.
call 400 'the body as the guide prints it' -X POST \
  "$URL/api/apikeys" \
  -H 'Content-Type: application/json' \
  -H 'api-version: v1' \
  -H "rID: $rid" \
  -b cookie.txt \
  -d '{
      "keyName": "First Key",
      "description": "Created using a request ID",
      "roleID: 1
    }'
holds 'must be valid JSON, near position 99'

# "Use the session cookie and the response ID to authenticate the call."
call 200 'create the first key' -X POST \
  "$URL/api/apikeys" \
  -H 'Content-Type: application/json' \
  -H 'Postman-Token: 6f81da09-e5e2-421b-a38a-d5679f50608d' \
  -H 'api-version: v1' \
  -H "rID: $rid" \
  -b cookie.txt \
  -d '{
  "keyName": "First Key",
  "description": "Created using a request ID",
  "roleID": 1
}'
holds '{"keyName":"First Key","description":"Created using a request ID","locale":"en-US","roleID":1,"timeZone":"America/New_York","active":true,"created":'
holds '"unsuccessfulSignInAttempts":0,'
holds '"serviceAccount":false,"ID":'
key=$(field secretKey)

# keyed EXPECTED-STATUS WHAT CURL-ARGUMENTS...: "use the API key to make subsequent calls".
keyed() {
  expected_status=$1 what_for=$2
  shift 2
  call "$expected_status" "$what_for" -H "api-secret-key: $key" -H 'api-version: v1' -H 'Content-Type: application/json' "$@"
}

# "The following example searches for a role by name."
keyed 200 'search for the role' "$URL/api/roles/search" \
  -d '{"searchCriteria":[{"fieldName":"name","stringValue":"Auditor","stringTest":"equal"}]}'
holds '"ID":2}]}'

# "The following example creates an API key for auditing purposes. The key expires two weeks after creation."
expiry=$(($(date +%s) * 1000 + 14 * 24 * 60 * 60 * 1000))
keyed 200 'create the audit key' "$URL/api/apikeys" \
  -d "{\"keyName\":\"Audit key\",\"description\":\"Read-only access\",\"roleID\":\"2\",\"locale\":\"en-US\",\"timeZone\":\"Asia/Tokyo\",\"expiryDate\":$expiry}"
holds '"roleID":2,"timeZone":"Asia/Tokyo"'
holds "\"expiryDate\":$expiry"
audit_key=$(field secretKey)

keyed 200 'list the keys' "$URL/api/apikeys"
holds '"keyName":"First Key"'
holds '"keyName":"Audit key"'
lacks secretKey

key=$audit_key
keyed 200 'the audit key itself' "$URL/api/apikeys/current"
holds '"roleURN":"urn:tmds:identity:local:1:role/Auditor"'
keyed 403 'what the audit key may not do' "$URL/api/apikeys"
