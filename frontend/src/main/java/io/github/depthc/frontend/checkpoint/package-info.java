// SPDX-License-Identifier: Apache-2.0
/** A checkpoint folder: its data files as one weight store, its configuration, and where its tokenizer files are. */
package io.github.depthc.frontend.checkpoint;
