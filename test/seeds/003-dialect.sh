#!/bin/sh
# Seed 003, "use API keys on your own and call the APIs manually" (Plexus Connect): the order of its requests, with curl.
#
# Takes from the environment: URL, API_KEY (copied from the dialog), SCHEMA_ID.
set -eu
. "$(dirname "$0")/answers.sh"

# cookie NAME: the value that the last answer sets, or the one that was kept.
cookie() {
  printf '%s\n' "$ANSWER" | tr -d '\r' | sed -n "s/^[Ss]et-[Cc]ookie: $1=\([^;]*\).*/\1/p"
}

# "The first request will return XSRF-TOKEN and PlexusSessionId in Cookie."
call 204 'ask for a token' "$URL/api/xsrf-token"
session=$(cookie PlexusSessionId)
token=$(cookie XSRF-TOKEN)

# "Use POST to log in and use token from the UI, don't forget to add headers and cookies from previous request."
call 200 'log in with the key' -X POST "$URL/api/login/apikey" -H 'Content-Type: application/json' \
  -H "X-XSRF-TOKEN: $token" -b "PlexusSessionId=$session; XSRF-TOKEN=$token" \
  -d "{\"apiKey\": \"$API_KEY\", \"schemaIds\": [\"$SCHEMA_ID\"]}"
lacks "$API_KEY"
session2=$(cookie PlexusSessionId)
[ "$session2" != "$session" ] || fail 'the session is the one before the login'

# "Call again the request for XSRF_TOKEN, but add there a header with new PlexusSessionId2."
call 204 'ask for the token again' "$URL/api/xsrf-token" -b "PlexusSessionId=$session2"
token2=$(cookie XSRF-TOKEN)

# "You are now logged in and have PlexusSessionId2 and XSRF_TOKEN2, which now should be part of each request."
# "Verify you are logged in, dont forget to add specified headers and cookies."
call 200 'verify' "$URL/api/login/current" -H "X-XSRF-TOKEN: $token2" -b "PlexusSessionId=$session2; XSRF-TOKEN=$token2"
holds '"authenticatedBy":"apiKey"'
holds "$SCHEMA_ID"

# Forgetting them.
call 403 'verify without the token' "$URL/api/login/current" -b "PlexusSessionId=$session2"
call 401 'verify with the session before the login' "$URL/api/login/current" \
  -H "X-XSRF-TOKEN: $token" -b "PlexusSessionId=$session; XSRF-TOKEN=$token"
call 401 'log in with a key that is none' -X POST "$URL/api/login/apikey" -H 'Content-Type: application/json' \
  -H "X-XSRF-TOKEN: $token2" -b "PlexusSessionId=$session2; XSRF-TOKEN=$token2" \
  -d "{\"apiKey\": \"6i9MYZxHxJMvHn4qyJ2vAockLzqllbNk\", \"schemaIds\": [\"$SCHEMA_ID\"]}"
