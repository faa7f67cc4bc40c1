#!/bin/sh
# Seed 000, "Create Session Key by Referencing Policies" (NI SystemLink): a whitelisted key, which is accepted only past
# the public web server, mints an expiring key for a user from policies.
#
# Takes from the environment: URL, INTERNAL_URL, ISSUER_KEY.
set -eu
. "$(dirname "$0")/answers.sh"

# The seed's request. Its ids are names here, and its policies those of the example app.
session_key='{
  "orgId": "acme",
  "userId": "alice",
  "policyIds": ["reader", "auditor"],
  "durationSeconds": 120,
  "properties": {"temp": "yes"}
}'

# mint EXPECTED-STATUS WHAT URL BODY
mint() {
  call "$1" "$2" "$3/auth/session-keys" -H "X-API-Key: $ISSUER_KEY" -H 'Content-Type: application/json' -d "$4"
}

# "must bypass SystemLink Web Server (443), which refuses whitelisted requests"
mint 401 'the whitelisted key at the public address' "$URL" "$session_key"
mint 201 'mint a session key at the internal address' "$INTERNAL_URL" "$session_key"

# What the seed's answer tells: whose it is, that it expires, its policies expanded, its properties, its secret.
holds '"sessionKey":true'
holds '"ownerId":"alice"'
holds '"name":"Auditor"'
holds '"statements":['
holds '"properties":{"temp":"yes"}'
[ -n "$(field expiresAt)" ]
key=$(field token)

# "to enable temporary SystemLink authentication": what the policies allow, and no more.
call 200 'use the session key' "$URL/orders" -H "X-API-Key: $key"
lacks "$key"
call 403 'what no policy allows' "$URL/orders" -H "X-API-Key: $key" -H 'Content-Type: application/json' \
  -d '{"item": "cocoa", "quantity": 3}'
call 403 'mint another one with it' "$URL/auth/session-keys" -H "X-API-Key: $key" \
  -H 'Content-Type: application/json' -d '{"policyIds": ["reader"]}'

# A key that names an unknown policy, or that would live longer than a day, is not made.
mint 400 'an unknown policy' "$INTERNAL_URL" '{"userId": "alice", "policyIds": ["super-user"]}'
holds 'policyIds.0'
mint 400 'longer than a day' "$INTERNAL_URL" '{"userId": "alice", "policyIds": ["reader"], "durationSeconds": 86401}'

# It always expires. (The seed's 120 seconds would be a long wait.)
mint 201 'mint one for two seconds' "$INTERNAL_URL" '{"userId": "alice", "policyIds": ["reader"], "durationSeconds": 2}'
brief=$(field token)
call 200 'use it at once' "$URL/orders" -H "X-API-Key: $brief"
sleep 2.1
call 401 'use it after two seconds' "$URL/orders" -H "X-API-Key: $brief"

# Or it ends itself.
call 204 'revoke the session key with itself' -X DELETE "$URL/auth/session-keys/self" -H "X-API-Key: $key"
call 401 'use the revoked one' "$URL/orders" -H "X-API-Key: $key"
