// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Lets Ctrl-C end the process at once while a native library computes. The virtual machine would run its shutdown hooks beside
 * the computation, and ONNX Runtime's hook takes away what the computation uses: the process would crash instead of end.
 * For work that leaves nothing behind, and after {@link io.github.depthc.backend.ort.OrtEngine#prepare}, which does; where signals are not POSIX ones nothing changes.
 */
public final class Interrupts implements AutoCloseable {
    /** SIGHUP, SIGINT and SIGTERM, by the numbers that all POSIX systems give them. */
    private static final List<Integer> SIGNALS = List.of(1, 2, 15);
    /** What a shell adds to a signal's number for the exit code of a process that it ended. */
    private static final int SHELL = 128;
    /** More than any system's {@code struct sigaction} takes; all zero, it is the default action. */
    private static final long SIGACTION_BYTES = 512;

    /** {@code SIG_IGN}, which is the first member of the structure. */
    private static final long IGNORED = 1;

    private final Arena arena = Arena.ofConfined();
    private final MethodHandle sigaction;
    private final List<MemorySegment> before;

    private Interrupts(MethodHandle sigaction) {
        this.sigaction = sigaction;
        before = SIGNALS.stream().map(s -> arena.allocate(SIGACTION_BYTES, Long.BYTES)).toList();
    }

    /** Until this is closed, Ctrl-C ends the process at once. */
    public static Interrupts endAtOnce() {
        var interrupts = new Interrupts(sigaction());
        MemorySegment defaults = interrupts.arena.allocate(SIGACTION_BYTES, Long.BYTES);
        for (int i = 0; i < SIGNALS.size(); i++) {
            MemorySegment before = interrupts.before.get(i);
            interrupts.set(SIGNALS.get(i), defaults, before);
            // a signal that whoever started this wants ignored, such as nohup, stays so
            if (before.get(ValueLayout.JAVA_LONG, 0) == IGNORED) {
                interrupts.set(SIGNALS.get(i), before, MemorySegment.NULL);
            }
        }
        return interrupts;
    }

    /** Does something that leaves files behind unless it is cleaned up: meanwhile signals are handled as before. Nothing may compute. */
    public <E extends Exception> void suspended(Work<E> work) throws E {
        List<MemorySegment> now = SIGNALS.stream().map(s -> arena.allocate(SIGACTION_BYTES, Long.BYTES)).toList();
        for (int i = 0; i < SIGNALS.size(); i++) {
            set(SIGNALS.get(i), before.get(i), now.get(i));
        }
        try {
            work.run();
        } finally {
            for (int i = 0; i < SIGNALS.size(); i++) {
                set(SIGNALS.get(i), now.get(i), MemorySegment.NULL);
            }
        }
    }

    /** What is done. */
    @FunctionalInterface
    public interface Work<E extends Exception> {
        void run() throws E;
    }

    @Override
    public void close() {
        for (int i = 0; i < SIGNALS.size(); i++) {
            set(SIGNALS.get(i), before.get(i), MemorySegment.NULL);
        }
        arena.close();
    }

    /**
     * Ends the process by a signal, as if nobody handled it.
     *
     * @param signal its number
     */
    static void end(int signal) {
        try (Interrupts _ = endAtOnce()) {
            Linker linker = Linker.nativeLinker();
            linker.defaultLookup().find("raise").ifPresent(f -> raise(linker, f, signal));
        }
        Runtime.getRuntime().halt(SHELL + signal); // where signals are not POSIX ones
    }

    @SuppressWarnings("restricted") // calls a function of the C library
    private static void raise(Linker linker, MemorySegment function, int signal) {
        try {
            int _ = (int) linker.downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)).invokeExact(signal);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("raise failed", e);
        }
    }

    private void set(int signal, MemorySegment action, MemorySegment old) {
        if (sigaction == null) {
            return;
        }
        try {
            int status = (int) sigaction.invokeExact(signal, action, old);
            if (status != 0) {
                throw new IllegalStateException("sigaction of signal " + signal + " gave " + status);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("sigaction failed", e);
        }
    }

    @SuppressWarnings("restricted") // calls a function of the C library
    private static MethodHandle sigaction() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find("sigaction").map(f -> linker.downcallHandle(f,
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS))).orElse(null);
    }
}
