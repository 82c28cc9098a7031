// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a bundle has for GPUs.
 *
 * @param cut     the model, cut into segments
 * @param rowType element type of matrices and hidden states: F32, BF16 or F16
 * @param kernels the kernels between segments, compiled for each architecture, such as 90
 */
public record EngineParts(Model cut, DType rowType, SortedMap<Integer, byte[]> kernels) {
    public EngineParts {
        kernels = Collections.unmodifiableSortedMap(new TreeMap<>(kernels));
    }
}
