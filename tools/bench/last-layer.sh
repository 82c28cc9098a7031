#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the pass hoist-gather spares: prefill and decode of dense bundles converted with and without it, at hidden 1024, with 4
# and with 16 layers.
#   tools/bench/last-layer.sh [TOKENS=2048] [ROUNDS=7] [STEPS=100]
# Needs 4 GB of free disk in TMPDIR and 8 GiB of memory; takes about half a minute a round on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for layers in 4 16; do
  "$depthc" synth llama --hidden 1024 --layers "$layers" --heads 16 --kv-heads 4 --intermediate 2816 --vocab 32000 --context 4096 \
    -o "$work/checkpoint" >&2
  "$depthc" convert "$work/checkpoint" -o "$work/with" --layers none > /dev/null 2>&1
  "$depthc" convert "$work/checkpoint" -o "$work/without" \
    --pipeline 'select-layers{rule=none},lower-mod,fold-constants,cse,dce,fuse-add-norm' > /dev/null 2>&1
  bench LastLayerBench "$work/with" "$work/without" "${1:-2048}" "${2:-7}" "${3:-100}"
  rm -rf "$work/checkpoint" "$work/with" "$work/without"
done
