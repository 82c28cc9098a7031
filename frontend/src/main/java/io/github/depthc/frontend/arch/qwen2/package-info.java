// SPDX-License-Identifier: Apache-2.0
/** Qwen2 and Qwen2.5. */
package io.github.depthc.frontend.arch.qwen2;
