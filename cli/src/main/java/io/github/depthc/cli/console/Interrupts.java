// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lets Ctrl-C end the process at once while a native library computes. The virtual machine would run its shutdown hooks beside
 * the computation, and ONNX Runtime's hook takes away what the computation uses: the process would crash instead of end.
 * For work that leaves nothing behind, or with {@link #endAfter}, and after {@link io.github.depthc.backend.ort.OrtEngine#prepare}, which does; where signals are not POSIX ones nothing changes.
 */
public final class Interrupts implements AutoCloseable {
    /** By the numbers that all POSIX systems give them. */
    private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);
    private static final List<Integer> SIGNALS = List.copyOf(NUMBERS.values());
    /** How long a signal takes at most to end the process. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
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

    /**
     * Until the result is closed, Ctrl-C cleans up and then ends the process by the signal that came. What the virtual machine and native libraries do at their end is left out, since
     * a library still computes.
     *
     * @param cleanUp runs beside the computation
     */
    public static TerminationSignals.Handled endAfter(Runnable cleanUp) {
        return TerminationSignals.handle(List.copyOf(NUMBERS.keySet()), name -> {
            cleanUp.run();
            try (Interrupts _ = endAtOnce()) {
                kill(NUMBERS.get(name));
                Thread.sleep(PATIENCE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
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

    /** Sends this process a signal. */
    private static void kill(int signal) {
        function("kill", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)).ifPresent(kill -> {
            try {
                int status = (int) kill.invokeExact(Math.toIntExact(ProcessHandle.current().pid()), signal);
                if (status != 0) {
                    throw new IllegalStateException("kill with signal " + signal + " gave " + status);
                }
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException("kill failed", e);
            }
        });
    }

    private static MethodHandle sigaction() {
        return function("sigaction", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS)).orElse(null);
    }

    @SuppressWarnings("restricted") // calls a function of the C library
    private static Optional<MethodHandle> function(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find(name).map(f -> linker.downcallHandle(f, type));
    }
}
