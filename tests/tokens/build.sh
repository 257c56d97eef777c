#!/usr/bin/env bash
# Builds the verifiers of tokens, as registries have them, once, into target/tokens/<key>, and points target/tokens/current
# there. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
go_program tokens "the program with the verifiers"
