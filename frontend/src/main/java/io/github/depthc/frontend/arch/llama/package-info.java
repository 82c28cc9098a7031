// SPDX-License-Identifier: Apache-2.0
/** Llama 1, 2 and 3. */
package io.github.depthc.frontend.arch.llama;
