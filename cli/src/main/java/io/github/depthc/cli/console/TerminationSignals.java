// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.List;
import java.util.function.Consumer;

/**
 * Hands SIGINT and SIGTERM to the program, which then ends in its own time. A shutdown hook would not do: the virtual machine runs all
 * hooks at once, and ONNX Runtime's takes away what the program still computes with.
 */
public final class TerminationSignals {
    private static final List<String> SIGNALS = List.of("INT", "TERM");

    private TerminationSignals() {
    }

    /** Signals that are handled. */
    @FunctionalInterface
    public interface Handled extends AutoCloseable {
        /** Hands them back to who had them before. */
        @Override
        void close();
    }

    /**
     * From now on, calls {@code action} with a signal's name when it comes, on a thread of its own. Where signals cannot be had they
     * end the process as before.
     */
    public static void handle(Consumer<String> action) {
        handle(SIGNALS, action);
    }

    /** The same of these signals, until the result is closed. */
    static Handled handle(List<String> signals, Consumer<String> action) {
        try {
            // By name: javac warns of every mention of these classes, and the warning cannot be switched off.
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            MethodHandle create = lookup.findConstructor(signal, MethodType.methodType(void.class, String.class));
            MethodHandle register = lookup.findStatic(signal, "handle", MethodType.methodType(handler, signal, handler));
            MethodHandle name = lookup.findVirtual(signal, "getName", MethodType.methodType(String.class));
            MethodHandle accept = lookup.findVirtual(Consumer.class, "accept",
                    MethodType.methodType(void.class, Object.class)).bindTo(action);
            MethodHandle handle = MethodHandles.filterArguments(accept.asType(MethodType.methodType(void.class, String.class)), 0, name);
            Object proxy = MethodHandleProxies.asInterfaceInstance(handler, handle);
            var before = new HashMap<Object, Object>();
            for (String s : signals) {
                Object one = create.invoke(s);
                before.put(one, register.invoke(one, proxy));
            }
            return () -> before.forEach((s, old) -> register(register, s, old));
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            // This virtual machine has no such classes, or keeps the signals for itself.
            return () -> { };
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw unhandled(e);
        }
    }

    private static void register(MethodHandle register, Object signal, Object handler) {
        try {
            register.invoke(signal, handler);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw unhandled(e);
        }
    }

    private static IllegalStateException unhandled(Throwable e) {
        return new IllegalStateException("signals cannot be handled", e);
    }
}
