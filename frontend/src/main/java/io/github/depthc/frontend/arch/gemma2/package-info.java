// SPDX-License-Identifier: Apache-2.0
/** Gemma 2. */
package io.github.depthc.frontend.arch.gemma2;
