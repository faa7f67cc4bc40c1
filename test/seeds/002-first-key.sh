#!/bin/sh
# Seed 002, "Create an API key using a username and password" (Trend Workload Security): log in for a session cookie and a
# request id, create the first key with both, and use the key from then on.
#
# Takes from the environment: URL, ALICE_PASSWORD. Leaves cookie.txt in the working directory.
set -eu
. "$(dirname "$0")/answers.sh"

# "Use the /api/sessions resource to obtain a valid session cookie and request ID."
call 201 'log in' -X POST "$URL/auth/sessions" \
  -H 'Cache-Control: no-cache' \
  -H 'Content-Type: application/json' \
  -c cookie.txt \
  -d "{
\"userName\": \"alice\",
\"password\": \"$ALICE_PASSWORD\"
}"
holds 'Set-Cookie: sID='
holds '; HttpOnly'
request_id=$(field requestId)

# create EXPECTED-STATUS WHAT CURL-ARGUMENTS...: the seed's key. Its role is left out: the key may do what alice may.
create() {
  status=$1 what=$2
  shift 2
  call "$status" "$what" -X POST "$URL/auth/api-keys" -H 'Content-Type: application/json' "$@" -d '{
  "name": "First Key",
  "description": "Created using a request ID"
}'
}

# "Use the session cookie and request ID in a request to the /api/apikeys resource to create the API key."
create 401 'the request id alone' -H "rID: $request_id"
create 401 'the cookie alone' -b cookie.txt
holds 'invalid_request_id'
create 401 'the cookie with another request id' -b cookie.txt -H 'rID: 77DFF81036170DBF92CB71E4559512B9'
create 201 'create the first key' -b cookie.txt -H "rID: $request_id"
holds '"name":"First Key"'
holds '"description":"Created using a request ID"'
holds '"failureCount":0'
key=$(field token)
id=$(field id)
secret=$(field secret)

# Any right that alice has herself can be given to a key, another one cannot.
call 403 'a key that may do more than its maker' "$URL/auth/api-keys" -b cookie.txt -H "rID: $request_id" \
  -H 'Content-Type: application/json' -d '{"name": "Too much", "statements": [{"actions": ["orders:write"]}]}'

# "Once created, use the API key to make subsequent calls."
call 200 'use the key' "$URL/orders" -H "X-API-Key: $key"
call 200 'use it as Basic' "$URL/orders" -u "$id:$secret"
call 200 'list the keys' "$URL/auth/api-keys" -H "X-API-Key: $key"
holds '"name":"First Key"'
lacks "$secret"

# The key outlives the session.
call 204 'log out' -X DELETE "$URL/auth/sessions/current" -b cookie.txt -H "rID: $request_id"
create 401 'cookie and request id after that' -b cookie.txt -H "rID: $request_id"
call 200 'use the key after that' "$URL/orders" -H "X-API-Key: $key"
