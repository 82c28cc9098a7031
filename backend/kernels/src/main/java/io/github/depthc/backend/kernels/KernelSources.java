// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The CUDA sources as one program: a file that includes all of them, so that a message names the file and line that it is about. */
final class KernelSources {
    /** Name of the file that includes the others. */
    static final String PROGRAM = "kernels.cu";
    private static final String[] HEADERS = {"rows.cuh", "block.cuh", "heads.cuh"};

    private KernelSources() {
    }

    /** The text of {@link #PROGRAM}. */
    static String program() {
        return Arrays.stream(Kernel.values()).map(Kernel::source).distinct().map(file -> "#include \"" + file + "\"\n").collect(Collectors.joining())
                + "extern \"C\" __global__ void " + Kernel.version() + "() {\n}\n";
    }

    /** Every other file's text by name. */
    static Map<String, String> files() {
        var files = new LinkedHashMap<String, String>();
        for (String header : HEADERS) {
            files.put(header, read(header));
        }
        for (Kernel kernel : Kernel.values()) {
            files.computeIfAbsent(kernel.source(), KernelSources::read);
        }
        return files;
    }

    private static String read(String file) {
        try (InputStream in = KernelSources.class.getResourceAsStream("cuda/" + file)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks cuda/" + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
