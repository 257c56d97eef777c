# Fetches one commit of a repository and leaves its files, without history. Run by a POSIX shell with git and, for keys, ssh.
set -eu
fail() {
  echo "$1" >&2
  exit 1
}
url=$APP_REPOSITORY_URL
case "$url" in git+ssh://*) url=${url#git+} ;; esac
export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=http:https:git:ssh GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset GIT_ASKPASS GIT_PROXY_COMMAND GIT_SSH GIT_SSH_COMMAND GIT_TEMPLATE_DIR GIT_EXEC_PATH GIT_DIR GIT_WORK_TREE
HOME=$(mktemp -d)
export HOME
# Nobody is followed elsewhere: neither with credentials, nor to what is not asked.
export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=http.followRedirects GIT_CONFIG_VALUE_0=false
export GIT_CONFIG_KEY_1=core.hooksPath GIT_CONFIG_VALUE_1=/dev/null
case "${APP_REPOSITORY_AUTH_TYPE:-}" in
basic)
  # The helper is for this server alone, and reads the environment: nothing of it stands in an argument or a file.
  scheme=${url%%://*}
  authority=${url#*://}
  authority=${authority%%/*}
  export GIT_CONFIG_COUNT=3 GIT_CONFIG_KEY_2="credential.$scheme://${authority##*@}.helper"
  export GIT_CONFIG_VALUE_2='!f() { printf "username=%s\npassword=%s\n" "$APP_REPOSITORY_USERNAME" "$APP_REPOSITORY_PASSWORD"; }; f'
  ;;
key)
  [ -r "$APP_KEY_PATH/key" ] || fail "the Secret of the repository has no key \"key\""
  # A file of our own: with a newline at its end, which ssh wants, and readable for nobody else.
  (umask 077 && { cat "$APP_KEY_PATH/key" && echo; } >"$HOME/key")
  if [ -f "$APP_KEY_PATH/known_hosts" ]; then
    cat "$APP_KEY_PATH/known_hosts" >"$HOME/known_hosts"
    APP_HOST_KEY_CHECKING=yes
  else
    echo "$APP_HOST_KEYS" >"$HOME/known_hosts"
  fi
  # It answers for the key alone: a server that asks for a password gets none.
  cat >"$HOME/askpass" <<'END'
#!/bin/sh
case "$1" in
"Enter passphrase for "*) printf '%s\n' "$APP_REPOSITORY_PASSWORD" ;;
*) exit 1 ;;
esac
END
  chmod 700 "$HOME/askpass"
  export SSH_ASKPASS="$HOME/askpass" SSH_ASKPASS_REQUIRE=force
  export GIT_SSH_COMMAND="ssh -F none -i $HOME/key -o IdentitiesOnly=yes -o UserKnownHostsFile=$HOME/known_hosts -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=$APP_HOST_KEY_CHECKING -o PreferredAuthentications=publickey -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no -o NumberOfPasswordPrompts=1 -o ConnectTimeout=30"
  ;;
esac
git init -q "$APP_MOUNT_PATH"
cd "$APP_MOUNT_PATH"
# One commit, where the server gives out commits by themselves; all branches and tags where it does not.
git fetch -q --depth 1 -- "$url" "$APP_REPOSITORY_COMMIT" 2>/dev/null ||
  git fetch -q -- "$url" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' 2>"$HOME/complaint" || {
  cat "$HOME/complaint" >&2
  case $(cat "$HOME/complaint") in *"returned error: 30"*)
    fail "The server redirects, which the build does not follow: put the final address into spec.url of the GitRepository" ;;
  esac
  exit 1
}
git checkout -q --detach "$APP_REPOSITORY_COMMIT"
rm -rf .git
[ -d "./$APP_BASE_DIR" ] || fail "commit $APP_REPOSITORY_COMMIT has no directory \"$APP_BASE_DIR\""
inside=$(cd "./$APP_BASE_DIR" && pwd -P)
top=$(pwd -P)
case "$inside/" in "$top"/*) ;; *) fail "directory \"$APP_BASE_DIR\" leads out of the repository" ;; esac
