# Read by the scripts beside it. Plain sh and curl.

# call EXPECTED-STATUS WHAT CURL-ARGUMENTS...: sends a request and keeps the answer for `field` and `holds`; ends the
# script with one clear line and the answer when the status is another one.
call() {
  expected=$1 what=$2
  shift 2
  ANSWER=$(curl --silent --show-error --include --max-time 10 "$@") || fail "$what: no answer"
  code=$(printf '%s\n' "$ANSWER" | sed -n '1s/^HTTP\/[0-9.]* \([0-9]*\).*/\1/p')
  [ "$code" = "$expected" ] || fail "$what: expected $expected, got $code"
  echo "$code $what"
}

# field NAME: the text in a field of the last answer's JSON.
field() {
  value=$(printf '%s' "$ANSWER" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p")
  [ -n "$value" ] || fail "the answer has no field $1"
  printf '%s' "$value"
}

# holds TEXT: the last answer has TEXT in its headers or its body.
holds() {
  case $ANSWER in *"$1"*) ;; *) fail "the answer does not hold $1" ;; esac
}

# lacks TEXT
lacks() {
  case $ANSWER in *"$1"*) fail "the answer holds $1" ;; esac
}

fail() {
  printf '%s: %s\n%s\n' "$0" "$1" "$ANSWER" >&2
  exit 1
}
