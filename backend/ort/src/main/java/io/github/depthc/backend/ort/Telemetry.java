// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Switches ONNX Runtime's telemetry off before the library starts: it would read the machine's id and the command line, keep
 * a database in the user's folder, and, given an argument of more than about a thousand characters, end the process. The
 * library takes the switch from the environment of the process alone, which Java can only read.
 */
final class Telemetry {
    private static final String SWITCH = "ORT_DISABLE_TELEMETRY";

    private Telemetry() {
    }

    /** Has an effect before the first environment of the process is made; later it has none. */
    @SuppressWarnings("restricted")
    static void switchOff() {
        if ("1".equals(System.getenv(SWITCH))) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        SymbolLookup symbols = linker.defaultLookup();
        Optional<MemorySegment> setenv = symbols.find("setenv");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(SWITCH);
            MemorySegment value = arena.allocateFrom("1");
            if (setenv.isPresent()) {
                MethodHandle set = linker.downcallHandle(setenv.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
                int status = (int) set.invokeExact(name, value, 1);
                if (status != 0) {
                    throw new IllegalStateException("setenv " + SWITCH + " gave " + status);
                }
            } else if (symbols.find("_putenv_s").isPresent()) {
                MethodHandle put = linker.downcallHandle(symbols.find("_putenv_s").get(), FunctionDescriptor.of(ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS, ValueLayout.ADDRESS));
                int status = (int) put.invokeExact(name, value);
                if (status != 0) {
                    throw new IllegalStateException("_putenv_s " + SWITCH + " gave " + status);
                }
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
