// SPDX-License-Identifier: Apache-2.0
/** LLaVA's text decoders, in HuggingFace's format and in the original one; its images are in {@link io.github.depthc.frontend.vision}. */
package io.github.depthc.frontend.arch.llava;
