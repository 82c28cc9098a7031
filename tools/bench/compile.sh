#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Time of the default pipeline by number of layers: models of the Llama-3-70B shape without weights.
#   tools/bench/compile.sh [ROUNDS=9]
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for layers in 8 80 800; do
  bench CompileTime "${1:-9}" "$layers"
done
