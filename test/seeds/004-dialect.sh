#!/bin/sh
# Seed 004, "Creates an API key for access without requiring basic authentication" (Elasticsearch). The page lost its sample
# requests: what stands here is what it says in words, with curl.
#
# Takes from the environment: URL. There is a user myUser with the password myPassword.
set -eu
. "$(dirname "$0")/answers.sh"

# "POST /_security/api_key", "PUT /_security/api_key": "name", "role_descriptors" and "expiration" are its parameters.
call 200 'create a key' -X POST "$URL/_security/api_key" -u myUser:myPassword -H 'Content-Type: application/json' -d '{
  "name": "my-api-key",
  "expiration": "1d",
  "role_descriptors": {
    "role-a": { "cluster": ["monitor"], "index": [{ "names": ["index-a*"], "privileges": ["read"] }] },
    "role-b": { "cluster": ["manage_own_api_key"], "index": [{ "names": ["index-b*"], "privileges": ["all"] }] }
  }
}'
holds '"name":"my-api-key"'
holds '"expiration":1'
id=$(field id)
api_key=$(field api_key)
encoded=$(field encoded)

# "When it is not specified or is an empty array": an empty array is taken as well.
call 200 'create another one' -X PUT "$URL/_security/api_key" -u myUser:myPassword \
  -H 'Content-Type: application/json' -d '{"name": "my-api-key", "role_descriptors": []}'
other=$(field id)
[ "$other" != "$id" ] || fail 'both keys have one id'

# "The base64 encoding of id and api_key joined by a colon."
credentials=$(printf '%s' "$id:$api_key" | base64 | tr -d '\n')
[ "$credentials" = "$encoded" ] || fail 'encoded is not the base64 of id and api_key joined by a colon'

# "Sending a request with an Authorization header with a value having the prefix ApiKey followed by the credentials."
call 200 'use the key' -H "Authorization: ApiKey $credentials" "$URL/_security/_authenticate"
holds '"username":"myUser"'
holds "\"api_key\":{\"id\":\"$id\",\"name\":\"my-api-key\""
lacks "$api_key"

# "The resultant permissions would be an intersection of API keys permissions and authenticated user's permissions."
call 200 'ask what the key may do' -H "Authorization: ApiKey $credentials" -H 'Content-Type: application/json' \
  "$URL/_security/user/_has_privileges" -d '{
  "cluster": ["monitor", "manage_own_api_key"],
  "index": [{ "names": ["index-a1", "index-b1"], "privileges": ["read", "write"] }]
}'
holds '"cluster":{"monitor":true,"manage_own_api_key":true}'
holds '"index":{"index-a1":{"read":true,"write":false},"index-b1":{"read":true,"write":false}}'

# "To use this API, you must have at least the manage_api_key cluster privilege": or manage_own_api_key, in later releases.
call 403 'create a key without the privilege' -X POST "$URL/_security/api_key" -u nobody:myPassword \
  -H 'Content-Type: application/json' -d '{"name": "x"}'
holds 'is unauthorized for user [nobody]'
call 401 'use a wrong key' -H "Authorization: ApiKey $(printf '%s' "$id:wrong-wrong-wrong-wrong" | base64)" \
  "$URL/_security/_authenticate"
holds "invalid credentials for API key [$id]"
