// SPDX-License-Identifier: Apache-2.0
/** The text decoder of p-MoD checkpoints. */
package io.github.depthc.frontend.arch.pmod;
