// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** All kernels compiled for GPUs: one file for each architecture and precision. */
public final class Cubins {
    /** The architectures that are compiled for when none are asked for: Ampere, Ada, Hopper, Blackwell. */
    public static final List<Integer> ARCHITECTURES = List.of(80, 86, 89, 90, 100, 120);

    private Cubins() {
    }

    /** Hears of each file; from several threads, one at a time. */
    public interface Progress {
        /** Another file is written: {@code done} of {@code all}. */
        void compiled(Path file, int done, int all);
    }

    /** Name of a file: {@code kernels-bf16-sm_90.cubin}. */
    public static String fileName(Precision precision, int architecture) {
        return "kernels-" + precision.text() + "-sm_" + architecture + ".cubin";
    }

    /**
     * Compiles all kernels, several architectures at a time. The same NVRTC gives the same bytes.
     *
     * @param architectures compute capabilities, 90 for 9.0
     * @param folder        where to write, made where it is missing
     * @return the files, in the order of the architectures
     * @throws InputException if NVRTC does not know an architecture
     * @throws NvrtcException if a kernel does not compile
     * @throws IOException    if a file cannot be written
     */
    public static List<Path> compile(Nvrtc nvrtc, Precision precision, List<Integer> architectures, Path folder, Progress progress) throws IOException {
        for (int architecture : architectures) {
            if (!nvrtc.architectures().contains(architecture)) {
                throw new InputException("GPU architecture " + architecture + " is unknown to NVRTC " + nvrtc.version() + "; expected one of "
                        + nvrtc.architectures());
            }
        }
        Files.createDirectories(folder);
        var pending = new ArrayList<Future<Path>>();
        var done = new int[1];
        try (ExecutorService threads = Executors.newFixedThreadPool(Math.max(1, Math.min(architectures.size(), Runtime.getRuntime().availableProcessors())))) {
            try {
                for (int architecture : architectures) {
                    pending.add(threads.submit(() -> {
                        Path file = folder.resolve(fileName(precision, architecture));
                        Files.write(file, compile(nvrtc, precision, architecture));
                        synchronized (done) {
                            progress.compiled(file, ++done[0], architectures.size());
                        }
                        return file;
                    }));
                }
                var paths = new ArrayList<Path>();
                for (Future<Path> file : pending) {
                    paths.add(file.get());
                }
                return paths;
            } finally {
                pending.forEach(f -> f.cancel(false));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while kernels were compiled", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException mistake -> throw mistake;
                default -> throw new IllegalStateException(e.getCause());
            }
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
        if (!nvrtc.architectures().contains(architecture)) {
            throw new InputException("GPU architecture " + architecture + " is unknown to NVRTC " + nvrtc.version() + "; expected one of " + nvrtc.architectures());
        }
        return nvrtc.compile(KernelSources.PROGRAM, KernelSources.program(), KernelSources.files(), options(precision, architecture));
    }

    /** What kernels of this precision are compiled with for this architecture. */
    static List<String> options(Precision precision, int architecture) {
        return List.of("--gpu-architecture=sm_" + architecture, "--std=c++17", "-DDEPTHC_ROW=" + precision.text());
    }
}
