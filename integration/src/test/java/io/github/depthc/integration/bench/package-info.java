// SPDX-License-Identifier: Apache-2.0
/** Benchmarks: programs, not tests. The scripts in {@code tools/bench} run them; {@code docs/results} has what they found. */
package io.github.depthc.integration.bench;
