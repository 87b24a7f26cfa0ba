#!/bin/sh
# The main job on this repository's plugins.txt, in a standalone instance of its own: .demo
set -e
invplug=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
mkdir -p .demo
cp plugins.txt .demo/plugins.txt
cd .demo
[ -d env ] || "$(dirname "$invplug")/python" -m venv --without-pip env
export INVPLUG_PYTHON="$PWD/env"

show() {
    printf '\n$ invplug %s\n' "$*"
    "$invplug" "$@"
}

show install
show list
show enable kicad-library-plugin
show list
printf '\nThe instance is in .demo: try `cd .demo && %s show kicad-library-plugin --python env`\n' "$invplug"
