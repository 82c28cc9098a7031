// SPDX-License-Identifier: Apache-2.0
/** Random checkpoints of any shape, for tests and benchmarks. */
package io.github.depthc.frontend.synth;
