// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tensorfile;

import io.github.depthc.ir.TensorType;

/**
 * One tensor of a data file.
 *
 * @param type   element type and fixed shape
 * @param offset its first byte, counted from the start of the file
 * @param bytes  its length, the size of its elements
 */
public record TensorEntry(TensorType type, long offset, long bytes) {
}
