// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.ir.TensorType;
import java.nio.file.Path;

/**
 * Where one tensor of a checkpoint is.
 *
 * @param type   element type and fixed shape
 * @param file   the data file
 * @param offset its first byte in the file
 */
public record StoredTensor(TensorType type, Path file, long offset) {
}
