// SPDX-License-Identifier: Apache-2.0
/** Qwen3, dense. */
package io.github.depthc.frontend.arch.qwen3;
