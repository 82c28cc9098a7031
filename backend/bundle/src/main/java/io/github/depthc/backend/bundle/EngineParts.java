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
 * @param form    what engines are made of
 * @param cut     the model: cut into segments, or, for {@link Form#SINGLE}, flat with its routing explicit
 * @param rowType element type of matrices and hidden states: F32, BF16 or F16
 * @param kernels the kernels between segments, compiled for each architecture, such as 90; none for {@link Form#SINGLE}
 */
public record EngineParts(Form form, Model cut, DType rowType, SortedMap<Integer, byte[]> kernels) {
    /** What engines are made of. */
    public enum Form {
        /** An engine for each stretch of ops that compute each token by itself, and kernels between them, which depthc runs. */
        SEGMENTS,
        /** One graph for prompts and one for decode steps, which TensorRT's own tools take. */
        SINGLE
    }

    public EngineParts {
        kernels = Collections.unmodifiableSortedMap(new TreeMap<>(kernels));
        if (form == Form.SINGLE && !kernels.isEmpty()) {
            throw new IllegalArgumentException("kernels beside one engine graph");
        }
    }

    /** Segments of a model that is cut. */
    public EngineParts(Model cut, DType rowType, SortedMap<Integer, byte[]> kernels) {
        this(Form.SEGMENTS, cut, rowType, kernels);
    }

    /** One graph of a flat model. */
    public static EngineParts single(Model flat, DType rowType) {
        return new EngineParts(Form.SINGLE, flat, rowType, Collections.emptySortedMap());
    }
}
