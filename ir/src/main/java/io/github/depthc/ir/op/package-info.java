// SPDX-License-Identifier: Apache-2.0
/** Tensor-level op kinds: what a decoder layer's body is made of. */
package io.github.depthc.ir.op;
