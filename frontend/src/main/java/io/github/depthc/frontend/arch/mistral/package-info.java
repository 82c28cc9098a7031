// SPDX-License-Identifier: Apache-2.0
/** Mistral 7B and its successors of the same structure. */
package io.github.depthc.frontend.arch.mistral;
