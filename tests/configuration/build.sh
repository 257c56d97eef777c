#!/usr/bin/env bash
# Builds the parser of configurations, as the registry has it, once, into target/configuration/<key>, and points
# target/configuration/current there. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
go_program configuration "the parser"
