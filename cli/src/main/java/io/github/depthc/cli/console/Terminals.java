// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/** Which streams a person looks at. */
public interface Terminals {
    /** Neither. */
    Terminals NONE = new Terminals() {
        @Override
        public boolean out() {
            return false;
        }

        @Override
        public boolean err() {
            return false;
        }
    };

    /** Standard output is a terminal. */
    boolean out();

    /** Standard error is a terminal. */
    boolean err();

    /** Those of this process, asked of the C library only when somebody wants to know. */
    static Terminals system() {
        return new Terminals() {
            @Override
            public boolean out() {
                return isTerminal(1);
            }

            @Override
            public boolean err() {
                return isTerminal(2);
            }
        };
    }

    @SuppressWarnings("restricted") // calls a function of the C library
    private static boolean isTerminal(int descriptor) {
        Linker linker = Linker.nativeLinker();
        var function = linker.defaultLookup().find("isatty").or(() -> linker.defaultLookup().find("_isatty"));
        if (function.isEmpty()) {
            return false;
        }
        try {
            return (int) linker.downcallHandle(function.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                    .invokeExact(descriptor) != 0;
        } catch (Throwable e) {
            throw new IllegalStateException("isatty failed", e);
        }
    }
}
