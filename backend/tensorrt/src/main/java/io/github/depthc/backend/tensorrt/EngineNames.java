// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import java.util.Locale;

/** What engines, and the folder that they are in, are called. */
final class EngineNames {
    /** The folder in a bundle. */
    static final String FOLDER = "engines";
    /** The file that describes a folder's engines. */
    static final String JSON = "engines.json";
    /** The same of engines that have not been compared with the CPU yet. */
    static final String UNCHECKED = "engines.unchecked.json";
    private static final int LONGEST = 60;

    private EngineNames() {
    }

    /** Folder of the engines of one kind of GPU and one version of TensorRT: {@code nvidia-h200-trt11.2.1}. */
    static String folder(String gpu, String tensorRt) {
        return sanitized(gpu) + "-trt" + tensorRt;
    }

    /** A GPU's name as part of a file name: lower case letters, digits and single hyphens. */
    static String sanitized(String gpu) {
        String name = gpu.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        return name.isEmpty() ? "gpu" : name.substring(0, Math.min(name.length(), LONGEST));
    }

    /** File of a segment's engine: {@code segment-007.engine}. */
    static String segment(int index) {
        return String.format(Locale.ROOT, "segment-%03d.engine", index);
    }

    /** File of the engine of a prompt's attention: {@code attention-000.engine}. */
    static String attention(int index) {
        return String.format(Locale.ROOT, "attention-%03d.engine", index);
    }
}
