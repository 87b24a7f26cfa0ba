#!/bin/sh
# The main job on this repository's plugins.txt, in a standalone instance of its own: .demo
set -e
invplug=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
mkdir -p .demo
cp plugins.txt .demo/plugins.txt
cd .demo
# No server that this machine or shell knows of may be touched.
for name in $(env | sed -n 's/^\(INVENTREE_[A-Z_]*\|INVPLUG_[A-Z_]*\)=.*/\1/p'); do
    unset "$name"
done
if ! "$invplug" config show --json | grep -q '"value": "standalone"'; then
    echo "this machine has an InvenTree server, which a demonstration must not touch" >&2
    exit 1
fi
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
printf '\nThe instance is in .demo: try `cd .demo && "%s" show kicad-library-plugin --python env`\n' "$invplug"
