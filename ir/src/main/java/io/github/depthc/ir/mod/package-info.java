// SPDX-License-Identifier: Apache-2.0
/** Mixture-of-Depths: the routed layer as composable attributes, and the ops it is lowered to. */
package io.github.depthc.ir.mod;
