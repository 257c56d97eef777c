# Sourced by the scripts that make something for the tests once.

# once WHAT ROOT KEY COMMAND...: runs the command, which fills the folder that it gets as its last argument, unless
# ROOT/KEY is there already; points ROOT/current there, and deletes what earlier keys made. The last step is a rename, so a
# folder is always whole.
once() {
  local what=$1 root=$2 key=$3 start=$SECONDS
  shift 3
  if [ ! -d "$root/$key" ]; then
    printf '%s ' "$what" >&2
    rm -rf "$root/$key.new" && mkdir -p "$root/$key.new"
    "$@" "$root/$key.new" >"$root/$key.log" 2>&1 || { echo "failed" >&2; cat "$root/$key.log" >&2; exit 1; }
    rm -f "$root/$key.log"
    mv "$root/$key.new" "$root/$key"
    echo "$((SECONDS - start)) s" >&2
  fi
  ln -sfn "$key" "$root/current"
  find "$root" -mindepth 1 -maxdepth 1 -type d ! -name "$key" -exec rm -rf {} +
}

# go_program NAME WHAT: builds the Go program of this folder into target/NAME/KEY/NAME. The key covers all versions.
go_program() {
  local root=../../target/$1
  command -v go >/dev/null || { echo "$2 of the tests is built with Go, which is not on the PATH" >&2; exit 1; }
  mkdir -p "$root"
  once "$1: building" "$(cd "$root" && pwd)" "$(cat ./* | sha256sum | cut -c 1-16)" build_go_program "$1"
}

build_go_program() {
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$2/$1" .
}
