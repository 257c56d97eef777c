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
