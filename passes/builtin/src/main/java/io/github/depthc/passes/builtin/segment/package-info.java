// SPDX-License-Identifier: Apache-2.0
/** Cutting a flat graph into stretches that engines compute and the steps between them. */
package io.github.depthc.passes.builtin.segment;
