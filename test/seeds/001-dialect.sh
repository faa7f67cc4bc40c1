#!/bin/sh
# Seed 001, "Session Credentials" (Illumio PCE): the calls of the guide, with curl.
#
# Takes from the environment: URL, USER_NAME, PASSWORD, FQDN.
set -eu
. "$(dirname "$0")/answers.sh"

# "Call login_users/authenticate using the e-mail address and password you used to create your PCE account"
call 200 'authenticate' -X POST "$URL/api/v2/login_users/authenticate?pce_fqdn=$FQDN" \
  -u "$USER_NAME:$PASSWORD" -H 'Content-Type: application/json'
auth_token=$(field auth_token)

# "Call users/login with the authentication token to obtain temporary session credentials."
call 200 'log in' "$URL/api/v2/users/login" -H "Authorization: Token token=$auth_token"
auth_username=$(field auth_username)
session_token=$(field session_token)
user="/users/${auth_username#user_}"
call 401 'log in again with the same token' "$URL/api/v2/users/login" -H "Authorization: Token token=$auth_token"

# "curl -i -X GET https://pce.my-company.com:8443/api/v2/orgs/3/labels -H "Accept: application/json" -u user4:'xxxxxxxx...'"
call 200 'use them' -i -X GET "$URL/api/v2/orgs/3/labels" -H "Accept: application/json" -u "$auth_username:$session_token"
# The guide's user name has no underscore.
call 200 'use them as printed' -i -X GET "$URL/api/v2/orgs/3/labels" -H "Accept: application/json" \
  -u "$(printf '%s' "$auth_username" | tr -d _):$session_token"
call 401 'use others' -i -X GET "$URL/api/v2/orgs/3/labels" -H "Accept: application/json" \
  -u user_3:xxxxxxxx628f5773c47b72dbcd437b4a10d85

# "API keys provide a persistent means of authenticating with the PCE"
call 201 'make an API key' -X POST "$URL/api/v2/$user/api_keys" -u "$auth_username:$session_token" \
  -H 'Content-Type: application/json' -d '{"name": "my_api_key", "description": "my_scripting_key"}'
key=$(field auth_username)
secret=$(field secret)

# "once the script has run, the session token immediately expires when the user logs out"
call 204 'log out' -X PUT "$URL/api/v2$user/logout" -u "$auth_username:$session_token" \
  -H 'Content-Type: application/json' -d '{}'
call 401 'use the session afterwards' "$URL/api/v2/orgs/3/labels" -u "$auth_username:$session_token"
call 200 'use the API key' "$URL/api/v2/orgs/3/labels" -u "$key:$secret"
