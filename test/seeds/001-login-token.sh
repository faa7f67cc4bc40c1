#!/bin/sh
# Seed 001, "Session Credentials" (Illumio PCE): user name and password are exchanged for a token of 30 seconds, that for
# temporary credentials, which serve as user name and password of Basic until the user logs out.
#
# Takes from the environment: URL, ALICE_PASSWORD.
set -eu
. "$(dirname "$0")/answers.sh"

# exchange EXPECTED-STATUS WHAT LOGIN-TOKEN
exchange() {
  call "$1" "$2" "$URL/auth/sessions" -H 'Content-Type: application/json' -d "{\"loginToken\":\"$3\",\"token\":true}"
}

# "Call login_users/authenticate using the e-mail address and password ... to obtain an authentication token."
call 401 'a wrong password' -X POST "$URL/auth/login" -u "alice:not-$ALICE_PASSWORD"
refusal=$(printf '%s\n' "$ANSWER" | sed -n '$p')
call 401 'an unknown user' -X POST "$URL/auth/login" -u "nobody:$ALICE_PASSWORD"
holds "$refusal"
call 200 'obtain a login token' -X POST "$URL/auth/login" -u "alice:$ALICE_PASSWORD"
login_token=$(field loginToken)

# "Call users/login with the authentication token to obtain temporary session credentials."
exchange 201 'exchange it for session credentials' "$login_token"
auth_username=$(field authUsername)
session_token=$(field sessionToken)
holds '"idleSeconds":600' # "expires after 10 minutes of inactivity"
lacks 'Set-Cookie'
exchange 401 'exchange it a second time' "$login_token"

# "curl -i -X GET .../labels -H "Accept: application/json" -u user4:'xxxxxxxx628f5773c47b72dbcd437b4a10d85'"
call 200 'use the credentials' "$URL/orders" -H 'Accept: application/json' -u "$auth_username:$session_token"
call 401 'its token without its user name' "$URL/orders" -u "session_other:$session_token"
call 200 'look at the session' "$URL/auth/sessions/current" -u "$auth_username:$session_token"
holds '"kind":"token"'
holds '"unsuccessfulSignInAttempts":1'
lacks "$session_token"

# "once the script has run, the session token immediately expires when the user logs out"
call 204 'log out' -X DELETE "$URL/auth/sessions/current" -u "$auth_username:$session_token"
call 401 'use the credentials after that' "$URL/orders" -u "$auth_username:$session_token"
