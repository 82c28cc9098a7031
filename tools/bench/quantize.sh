#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Weights in 8 and 4 bits against F32: what they do to stories260k's answers; session start, memory, prefill and decode; then how fast a large
# checkpoint is quantized.
#   tools/bench/quantize.sh [TOKENS=512] [STEPS=32] [ROUNDS=3] [HEAP=1g]
# Linux. Needs 25 GB of free disk in TMPDIR and 10 GiB of memory; takes about 40 minutes on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
ids() { # BUNDLE
  "$depthc" run "$1" --prompt "Once upon a time" --max-new-tokens 200 --json 2> /dev/null | tr -d ' \n' | grep -o '"output_ids":\[[^]]*' | grep -o '[0-9]\+'
}
echo "## stories260k: 200 greedy tokens, and the distance of the next-token distributions"
for kind in fp32 int8 int4; do
  "$depthc" convert "$root/samples/checkpoints/stories260k" -o "$work/$kind" --layers none --weights $kind > /dev/null 2>&1
done
for kind in int8 int4; do
  echo
  echo "$kind: the first $(paste <(ids "$work/fp32") <(ids "$work/$kind") | awk '$1 != $2 { exit } { n++ } END { print n + 0 }') of 200 greedy tokens are those of F32"
  echo '```'
  "$depthc" eval "$work/$kind" --against "$work/fp32" --data "$root/samples/data/tinystories_sample.txt" 2> /dev/null
  echo '```'
done
echo
rm -rf "$work"/fp32 "$work"/int?

shape=(--hidden 2048 --layers 16 --heads 32 --kv-heads 8 --intermediate 5632 --vocab 32000 --context 4096)
"$depthc" synth llama "${shape[@]}" -o "$work/h2048" >&2
"$depthc" convert "$work/h2048" -o "$work/f32" --layers none > /dev/null 2>&1
for kind in int8 int4; do
  for block in 32 128; do
    "$depthc" convert "$work/h2048" -o "$work/$kind-$block" --layers none --weights $kind --weights-block $block > /dev/null 2>&1
  done
done
rm -rf "$work/h2048"
bench SessionStart "${1:-512}" "${2:-32}" "${3:-3}" "F32=$work/f32" "int8, block 32=$work/int8-32" "int8, block 128=$work/int8-128" \
  "int4, block 32=$work/int4-32" "int4, block 128=$work/int4-128"
rm -rf "$work"/f32 "$work"/int?-*

"$depthc" synth llama --dtype bf16 --hidden 4096 --layers 32 --heads 32 --kv-heads 32 --intermediate 11008 --vocab 32000 --context 4096 \
  -o "$work/checkpoint" >&2
seconds() { # COMMAND…
  local begin
  begin=$(date +%s.%N)
  "$@" > /dev/null 2>&1
  awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { print b - a }'
}
bytes=$(du -sb "$work/checkpoint" | cut -f1)
row() { # WHAT SECONDS
  awk -v what="$1" -v s="$2" -v bytes="$bytes" 'BEGIN { printf "| %s | %.1f | %.2f |\n", what, s, bytes / s / 1e9 }'
}
echo
echo "## Quantizing a BF16 checkpoint of the Llama-2-7B shape, heap of at most ${4:-1g}"
echo
echo "| what | s | GB of checkpoint/s |"
echo "|---|---|---|"
row "cp -r" "$(seconds cp -r "$work/checkpoint" "$work/copy")"
rm -rf "$work/copy"
export JDK_JAVA_OPTIONS=-Xmx${4:-1g}
for kind in int8 int4; do
  row "convert --weights $kind" "$(seconds "$depthc" convert "$work/checkpoint" -o "$work/bundle" --weights $kind)"
  [ -f "$work/bundle/bundle.json" ] || { echo "bench: the conversion failed" >&2; exit 1; }
  rm -rf "$work/bundle"
done
