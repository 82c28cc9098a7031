// SPDX-License-Identifier: Apache-2.0
/** The text decoder of Gemma 3. */
package io.github.depthc.frontend.arch.gemma3;
