// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import java.util.Arrays;
import java.util.List;

/** A parameter of a kernel. */
public record Parameter(String name, Type type) {
    /** What is passed. */
    public enum Type {
        /** A device address, or 0. */
        POINTER(8),
        /** {@code int}. */
        INT(4),
        /** {@code long long}. */
        LONG(8),
        /** {@code float}. */
        FLOAT(4);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /** Size of the argument. */
        public int bytes() {
            return bytes;
        }
    }

    /** Those of a declaration as it stands in the CUDA source: {@code "const Row* x, int n"}. */
    static List<Parameter> parse(String declaration) {
        return Arrays.stream(declaration.split(", ")).map(Parameter::one).toList();
    }

    private static Parameter one(String text) {
        int space = text.lastIndexOf(' ');
        String type = text.substring(0, space);
        return new Parameter(text.substring(space + 1), switch (type) {
            case "int" -> Type.INT;
            case "long long" -> Type.LONG;
            case "float" -> Type.FLOAT;
            default -> {
                if (!type.endsWith("*")) {
                    throw new IllegalArgumentException("parameter '" + text + "' has no known type");
                }
                yield Type.POINTER;
            }
        });
    }
}
