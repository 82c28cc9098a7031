#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Decode steps: depthc's engine against its graph alone and against a graph built by hand; at hidden 1024, and at hidden 64,
# where everything is overhead.
#   tools/bench/decode.sh [TOKENS=512] [STEPS=100] [spin|nospin]
# Needs 3 GB of free disk in TMPDIR and 8 GiB of memory; takes about a minute on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/tools/bench/shape.sh"
small_bundles
bench DecodeBench "$work/mod" "$work/dense" "$work" "${1:-512}" "${2:-100}" "${3:-nospin}"
"$depthc" convert "$root/samples/checkpoints/stories260k" -o "$work/stories-mod" > /dev/null 2>&1
"$depthc" convert "$root/samples/checkpoints/stories260k" -o "$work/stories-dense" --layers none > /dev/null 2>&1
bench DecodeBench "$work/stories-mod" "$work/stories-dense" "$work" 50 "${2:-100}" "${3:-nospin}"
