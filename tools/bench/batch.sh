#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Throughput of several requests together against one at a time, in one process, at hidden 1024: FP32, int8 and int4 weights.
#   tools/bench/batch.sh [PROMPT_TOKENS=64] [NEW_TOKENS=64] [REQUESTS=8] [ROUNDS=5]
# Needs 4 GB of free disk in TMPDIR and 6 GiB of memory; takes about five minutes on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/tools/bench/shape.sh"
small_bundles
for bits in 8 4; do
  "$depthc" convert "$work/h1024" -o "$work/mod-int$bits" --schedule 'prd(average=0.5)' --weights "int$bits" > /dev/null 2>&1
done
bench BatchThroughput "$work/dense" "$work/mod" "$work/mod-int8" "$work/mod-int4" "${1:-64}" "${2:-64}" "${3:-8}" "${4:-5}"
