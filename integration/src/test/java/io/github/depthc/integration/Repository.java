// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Places in this repository. */
final class Repository {
    static final Path ROOT = Path.of(System.getProperty("depthc.root")).toAbsolutePath().normalize();
    static final Path ENCODER_GOLDENS = ROOT.resolve("frontend/src/test/resources/goldens-encoders");
    static final Path HF_GOLDENS = ROOT.resolve("frontend/src/test/resources/goldens");
    static final Path MOD_GOLDENS = ROOT.resolve("integration/src/test/resources/goldens-mod");
    static final Path LLAVA_GOLDENS = ROOT.resolve("integration/src/test/resources/goldens-llava");
    static final Path ATTRIBUTE_GOLDENS = ROOT.resolve("integration/src/test/resources/goldens-attributes");
    static final Path STORIES = ROOT.resolve("samples/checkpoints/stories260k");

    private Repository() {
    }

    /** The text of a file of the repository. */
    static String text(String path) {
        try {
            return Files.readString(ROOT.resolve(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
