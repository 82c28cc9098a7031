// SPDX-License-Identifier: Apache-2.0
/** The text decoder of γ-MoD checkpoints. */
package io.github.depthc.frontend.arch.gammamod;
