#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prefill at hidden 1024, 16 layers: Mixture-of-Depths against dense, dense against a graph built by hand, share of routing.
#   tools/bench/prefill.sh [TOKENS=2048] [ROUNDS=7] [spin|nospin]
# Idle threads do not spin in depthc; with spin the figures are those of a library left to its default.
# Needs 3 GB of free disk in TMPDIR and 8 GiB of memory; takes about a minute a round on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/tools/bench/shape.sh"
small_bundles
bench PrefillBench "$work/mod" "$work/dense" "$work" "${1:-2048}" "${2:-7}" "${3:-nospin}"
bench PrefillProfile "$work/mod" "$work/dense" "$work" "${1:-2048}" "${2:-7}"
