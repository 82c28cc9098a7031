// SPDX-License-Identifier: Apache-2.0
/**
 * The artifact: one folder with the graph, the weights, the tokenizer and {@code bundle.json}. Self-contained, movable,
 * verified when it is opened, written whole or not at all. The schema is described in {@code docs/bundle.md}.
 */
package io.github.depthc.backend.bundle;
