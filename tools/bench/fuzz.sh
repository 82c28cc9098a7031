#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random models through every pass that must keep what a model computes, and damaged texts through the parser.
#   tools/bench/fuzz.sh [MODELS=10000] [TEXTS=100000] [FIRST_SEED=0]
# Takes about 15 minutes on two cores. Stops at the first failure, which names its seed.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
bench Fuzz "$root" "${1:-10000}" "${2:-100000}" "${3:-0}"
