#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What each choice of an untrained conversion does to the answers of stories260k, at equal prefill FLOPs; half a minute for each
# conversion at each budget on two cores.
#   tools/bench/allocation.sh [PROMPTS|TEXTS=200] [CONVERSIONS=.] [BUDGET…=0.8 0.7 0.6]
# TEXTS is a file of texts to judge by, in the place of so many sampled ones.
# CONVERSIONS is a regular expression for the names of those to try.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
prompts=${1:-200}
conversions=${2:-.}
shift $(($# < 2 ? $# : 2))
budgets=("$@")
[ $# -gt 0 ] || budgets=(0.8 0.7 0.6)
bench AllocationAblation "$root/samples/checkpoints/stories260k" "$work" "$prompts" "$conversions" "${budgets[@]}"
