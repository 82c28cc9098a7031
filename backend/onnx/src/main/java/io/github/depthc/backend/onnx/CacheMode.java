// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

/** Who writes the new entries of a layer's KV cache. */
public enum CacheMode {
    /** The graph: {@code present.N.key/value} are the past inputs' own buffers, which the caller pins as outputs. */
    IN_PLACE,
    /** The caller: {@code new.N.key/value} (and {@code new.N.index}) are the new entries alone, packed row by row. */
    APPEND
}
