#!/usr/bin/env bash
# Train here for MINUTES, and leave what another machine needs to go on in OUT.
#
#   ./start.sh MINUTES [ALL] [OUT]
#
#   ALL   minutes of all calls together: the learning rate falls to nothing at their end (default: MINUTES)
#   OUT   a folder for the results (default: $OUT, or out beside this file)
#
# To go on, put the files of OUT into the kit's folder run, here or elsewhere, and call again with the same ALL.
# Needs Python 3.10 or newer with torch, numpy, scipy and matplotlib; PYTHON=... chooses it. The time for
# starting (about a minute) is not counted. DEVICE=cpu rehearses where there is no GPU; WINDOW... stands in
# recipe.yaml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
minutes=${1:?how many minutes? ./start.sh MINUTES [ALL] [OUT]}
all=${2:-$minutes}
out=${3:-${OUT:-out}}
python=${PYTHON:-python3}
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
if compgen -G 'wheels/*.whl' > /dev/null; then
  "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$site" wheels/*.whl
fi
# What the machine has goes first: a wheel of ours must not replace what its torch was tested with.
export PYTHONPATH="$PWD/code" HUMOR_KIT_SITE="$site" PYTHONUNBUFFERED=1
"$python" code/run_with.py check
"$python" code/run_with.py humor_training fit recipe.yaml --data cases --run run --device "${DEVICE:-auto}" \
  --minutes "$minutes" --schedule-minutes "$all"
"$python" code/run_with.py humor_training carry run "$out"
