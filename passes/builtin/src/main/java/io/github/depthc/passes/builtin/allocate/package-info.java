// SPDX-License-Identifier: Apache-2.0
/** Choosing which layers skip how much, by what it does to the model's answers. */
package io.github.depthc.passes.builtin.allocate;
