#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LLaVA: converting a 14.1 GB F16 checkpoint of LLaVA-1.5-7B's shape (time and peak heap), and the times of vision tower, projector and decoder's prefill,
# Mixture-of-Depths against dense, with the towers of LLaVA-1.5 and LLaVA-NeXT and a decoder of hidden 1024.
#   tools/bench/llava.sh [all|convert|run] [ROUNDS=5] [HEAP=512m]
# convert needs 30 GB of free disk in TMPDIR, run 8 GB and 8 GiB of memory; they take some minutes each on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/tools/bench/shape.sh"
part=${1:-all} rounds=${2:-5} heap=${3:-512m}
if [ "$part" != run ]; then
  "$depthc" synth llava --dtype f16 -o "$work/checkpoint" >&2
  bench ConvertAgainstCopy "$depthc" "$work/checkpoint" "$work" "$(((rounds + 1) / 2))" "$heap"
  rm -r "$work/checkpoint"
fi
if [ "$part" != convert ]; then
  for model in llava llava_next; do
    "$depthc" synth "$model" "${small_shape[@]}" -o "$work/$model" >&2
    # p-MoD's ratios; the tokens evenly spaced, as routers have none to learn from here.
    "$depthc" convert "$work/$model" -o "$work/$model-mod" --schedule 'prd(average=0.5,max=0.85,min=0.15)' > /dev/null 2>&1
    "$depthc" convert "$work/$model" -o "$work/$model-dense" --layers none > /dev/null 2>&1
    rm -r "$work/$model"
    bench LlavaBench "$work/$model-mod" "$work/$model-dense" "$work" "$rounds"
    rm -r "$work/$model-mod" "$work/$model-dense"
  done
fi
