// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import io.github.depthc.ir.InputException;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/** All kernels compiled for GPUs: one cubin for each architecture and precision. */
public final class Cubins {
    /** The architectures that are compiled for when none are asked for: Ampere, Ada, Hopper, Blackwell. */
    public static final List<Integer> ARCHITECTURES = List.of(80, 86, 89, 90, 100, 120);

    private Cubins() {
    }

    /** Hears of each architecture; from several threads. */
    @FunctionalInterface
    public interface Progress {
        /** Another one is compiled: {@code done} of {@code all}. */
        void compiled(int done, int all);
    }

    /**
     * Compiles all kernels, several architectures at a time; when it returns or fails, nothing is being compiled any more. The same NVRTC gives the
     * same bytes.
     *
     * @param architectures compute capabilities, 90 for 9.0
     * @return the bytes of a cubin for each architecture
     * @throws InputException if NVRTC does not know an architecture
     * @throws NvrtcException if a kernel does not compile
     */
    public static SortedMap<Integer, byte[]> compile(Nvrtc nvrtc, Precision precision, List<Integer> architectures, Progress progress) {
        architectures.forEach(a -> requireKnown(nvrtc, a));
        var done = new AtomicInteger();
        var cubins = new ConcurrentSkipListMap<Integer, byte[]>();
        // each is waited for, whatever becomes of the others: a process that ends while NVRTC compiles crashes
        List<Throwable> failures = architectures.parallelStream().map(a -> {
            try {
                cubins.put(a, compile(nvrtc, precision, a));
                progress.compiled(done.incrementAndGet(), architectures.size());
                return null;
            } catch (RuntimeException | Error e) {
                return e;
            }
        }).filter(Objects::nonNull).toList();
        switch (failures.isEmpty() ? null : failures.getFirst()) {
            case null -> {
                return cubins;
            }
            case RuntimeException e -> throw e;
            case Throwable e -> throw (Error) e;
        }
    }

    /**
     * Compiles all kernels for one architecture.
     *
     * @return the file's bytes
     * @throws InputException if NVRTC does not know the architecture
     * @throws NvrtcException if a kernel does not compile
     */
    public static byte[] compile(Nvrtc nvrtc, Precision precision, int architecture) {
        requireKnown(nvrtc, architecture);
        return nvrtc.compile(KernelSources.PROGRAM, KernelSources.program(), KernelSources.files(), options(precision, architecture));
    }

    private static void requireKnown(Nvrtc nvrtc, int architecture) {
        if (!nvrtc.architectures().contains(architecture)) {
            throw new InputException("GPU architecture " + architecture + " is unknown to NVRTC " + nvrtc.version() + "; expected one of " + nvrtc.architectures());
        }
    }

    /** What kernels of this precision are compiled with for this architecture. */
    static List<String> options(Precision precision, int architecture) {
        return List.of("--gpu-architecture=sm_" + architecture, "--std=c++17", "-DDEPTHC_ROW=" + precision.text());
    }
}
