// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

import io.github.depthc.ir.DType;
import java.util.Arrays;
import java.util.Optional;

/** All names that a pickle may use; they stand for what is done here, and never for Python's or Java's things of that name. */
enum Global {
    ORDERED_DICT("collections", "OrderedDict", null),
    REBUILD_TENSOR("torch._utils", "_rebuild_tensor_v2", null),
    REBUILD_PARAMETER("torch._utils", "_rebuild_parameter", null),
    DOUBLE("torch", "DoubleStorage", DType.F64),
    FLOAT("torch", "FloatStorage", DType.F32),
    HALF("torch", "HalfStorage", DType.F16),
    BFLOAT16("torch", "BFloat16Storage", DType.BF16),
    LONG("torch", "LongStorage", DType.I64),
    INT("torch", "IntStorage", DType.I32),
    SHORT("torch", "ShortStorage", DType.I16),
    CHAR("torch", "CharStorage", DType.I8),
    BYTE("torch", "ByteStorage", DType.U8),
    BOOL("torch", "BoolStorage", DType.BOOL);

    private final String module;
    private final String member;
    private final DType storage;

    Global(String module, String member, DType storage) {
        this.module = module;
        this.member = member;
        this.storage = storage;
    }

    static Optional<Global> of(String module, String member) {
        return Arrays.stream(values()).filter(g -> g.module.equals(module) && g.member.equals(member)).findFirst();
    }

    String fullName() {
        return module + "." + member;
    }

    /** The type of the elements, of a name that is a storage's. */
    Optional<DType> storage() {
        return Optional.ofNullable(storage);
    }
}
