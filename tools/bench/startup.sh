#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Start of the command, and whole conversions and runs of a very small model.
#   tools/bench/startup.sh [ROUNDS=15]
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
bench StartUp "$depthc" "$work" "${1:-15}" "$root/samples/checkpoints/stories260k"
