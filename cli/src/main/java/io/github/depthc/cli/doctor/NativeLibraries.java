// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.doctor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Looks for libraries of this machine by the names the system's loader knows. */
final class NativeLibraries {
    private NativeLibraries() {
    }

    /** The first of these names that loads. It stays loaded: drivers do not like to be unloaded. */
    @SuppressWarnings("restricted") // loads libraries of the system
    static Optional<Loaded> find(List<String> names) {
        for (String name : names) {
            try {
                return Optional.of(new Loaded(name, SymbolLookup.libraryLookup(name, Arena.global())));
            } catch (IllegalArgumentException e) {
                continue; // not there under this name
            }
        }
        return Optional.empty();
    }

    /** A library that has been loaded. */
    record Loaded(String name, SymbolLookup symbols) {
        /** Calls {@code int f(void)}. */
        OptionalInt call(String function) {
            return invoke(function, MemorySegment.NULL, false);
        }

        /** Calls {@code int f(int *result)} and gives the result; empty if {@code f} is not 0 or not there. */
        OptionalInt read(String function) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment result = arena.allocate(ValueLayout.JAVA_INT);
                OptionalInt status = invoke(function, result, true);
                return status.isPresent() && status.getAsInt() == 0 ? OptionalInt.of(result.get(ValueLayout.JAVA_INT, 0)) : OptionalInt.empty();
            }
        }

        @SuppressWarnings("restricted") // calls functions of the system's libraries
        private OptionalInt invoke(String function, MemorySegment argument, boolean takesIt) {
            Optional<MemorySegment> address = symbols.find(function);
            if (address.isEmpty()) {
                return OptionalInt.empty();
            }
            FunctionDescriptor signature = takesIt ? FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)
                    : FunctionDescriptor.of(ValueLayout.JAVA_INT);
            var handle = Linker.nativeLinker().downcallHandle(address.get(), signature);
            try {
                return OptionalInt.of(takesIt ? (int) handle.invokeExact(argument) : (int) handle.invokeExact());
            } catch (Throwable e) {
                throw new IllegalStateException(name + ": " + function + " failed", e);
            }
        }
    }
}
