// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.safetensors;

import io.github.depthc.ir.TensorType;

/**
 * One tensor of a safetensors file.
 *
 * @param type   element type and fixed shape
 * @param offset its first byte, counted from the start of the file
 * @param bytes  its length, the size of its elements
 */
public record TensorEntry(TensorType type, long offset, long bytes) {
}
