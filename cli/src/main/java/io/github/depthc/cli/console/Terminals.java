// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Which streams a person looks at. */
public interface Terminals {
    /** Width of a terminal that does not tell. */
    int USUAL_COLUMNS = 80;

    /** Neither. */
    Terminals NONE = new Terminals() {
        @Override
        public boolean out() {
            return false;
        }

        @Override
        public int errColumns() {
            return 0;
        }
    };

    /** Standard output is a terminal. */
    boolean out();

    /** Width of the terminal that standard error is; 0 if it is none. */
    int errColumns();

    /** Those of this process, asked of the C library only when somebody wants to know. */
    static Terminals system() {
        return new Terminals() {
            @Override
            public boolean out() {
                return isTerminal(1);
            }

            @Override
            public int errColumns() {
                return isTerminal(2) ? columns(2) : 0;
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

    @SuppressWarnings("restricted") // calls a function of the C library
    private static int columns(int descriptor) {
        // TIOCGWINSZ fills a struct winsize of four shorts, of which the second is the width
        long request = System.getProperty("os.name").startsWith("Mac") ? 0x40087468L : 0x5413L;
        Linker linker = Linker.nativeLinker();
        var function = linker.defaultLookup().find("ioctl");
        if (function.isEmpty()) {
            return USUAL_COLUMNS;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(4L * Short.BYTES);
            int status = (int) linker.downcallHandle(function.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG, ValueLayout.ADDRESS), Linker.Option.firstVariadicArg(2)).invokeExact(descriptor, request, size);
            int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, Short.BYTES));
            return status == 0 && columns > 0 ? columns : USUAL_COLUMNS;
        } catch (Throwable e) {
            throw new IllegalStateException("ioctl failed", e);
        }
    }
}
