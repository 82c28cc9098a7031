// SPDX-License-Identifier: Apache-2.0
/** Phi-3 and Phi-4-mini, which store queries, keys and values in one matrix and gate and up in another. */
package io.github.depthc.frontend.arch.phi3;
