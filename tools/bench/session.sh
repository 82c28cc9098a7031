#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Session start, memory and speed for each way of storing weights, prepacked and not.
#   tools/bench/session.sh [TOKENS=512] [STEPS=32] [ROUNDS=5]
# Linux. Needs 5 GB of free disk in TMPDIR and 4 GiB of memory; takes about a minute a round on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/tools/bench/shape.sh"
small_bundles
rm -rf "$work/dense"
"$depthc" synth llama "${small_shape[@]}" --dtype bf16 -o "$work/h1024-bf16" >&2
"$depthc" convert "$work/h1024-bf16" -o "$work/fp32" --weights fp32 > /dev/null 2>&1
"$depthc" convert "$work/h1024-bf16" -o "$work/bf16" --weights source > /dev/null 2>&1
bench SessionStart "${1:-512}" "${2:-32}" "${3:-5}" "F32 checkpoint, source=$work/mod" "BF16 checkpoint, fp32=$work/fp32" \
  "BF16 checkpoint, source=$work/bf16"
