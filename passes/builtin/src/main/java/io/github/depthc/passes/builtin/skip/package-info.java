// SPDX-License-Identifier: Apache-2.0
/** Giving skipped tokens a cheap stand-in for what the layer would have added. */
package io.github.depthc.passes.builtin.skip;
