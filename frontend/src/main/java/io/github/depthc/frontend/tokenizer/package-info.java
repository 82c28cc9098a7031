// SPDX-License-Identifier: Apache-2.0
/** Text to token ids and back, by the HuggingFace tokenizers library. */
package io.github.depthc.frontend.tokenizer;
