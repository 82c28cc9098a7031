// SPDX-License-Identifier: Apache-2.0
/** Weights in fewer bits. */
package io.github.depthc.passes.builtin.quantize;
