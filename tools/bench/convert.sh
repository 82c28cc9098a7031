#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Converting a 13.5 GB BF16 checkpoint of the Llama-2-7B shape against Files.copy of the same files: time and peak heap.
#   tools/bench/convert.sh [ROUNDS=3] [HEAP=512m]
# Needs 28 GB of free disk in TMPDIR; takes some minutes a round.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
"$depthc" synth llama --dtype bf16 --hidden 4096 --layers 32 --heads 32 --kv-heads 32 --intermediate 11008 --vocab 32000 \
  --context 4096 -o "$work/checkpoint" >&2
bench ConvertAgainstCopy "$depthc" "$work/checkpoint" "$work" "${1:-3}" "${2:-512m}"
