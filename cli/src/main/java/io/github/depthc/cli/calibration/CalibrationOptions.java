// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.calibration;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options that say which text a model is measured on. */
public final class CalibrationOptions {
    /** The option that gives a text. */
    public static final String FILE = "--calibration";

    @Option(names = FILE, paramLabel = "FILE", description = "Text to measure on: plain, one sample for each paragraph, or .jsonl with a \"text\" "
            + "in each line, and, of a model that takes images, an \"image\" (a file's name from there) and an \"answer\" (what comes behind the prompt). Default: a small public-domain text that is built in.")
    private Path file;

    @Option(names = "--samples", paramLabel = "N", description = "Samples to take at most, from the start (default: " + Calibration.SAMPLES
            + " to measure ranks, as many as the built-in text has; " + Calibration.MEASURED_SAMPLES + " to measure answers).")
    private Integer samples;

    @Option(names = "--tokens-per-sample", paramLabel = "N", description = "Samples of this length: plain text is cut, of a JSON line the beginning taken "
            + "(else a sample is cut off at " + Calibration.LONGEST + " tokens).")
    private Integer tokensPerSample;

    /** The options given, by their names. */
    public List<String> given() {
        var given = new ArrayList<String>();
        if (file != null) {
            given.add(FILE);
        }
        if (samples != null) {
            given.add("--samples");
        }
        if (tokensPerSample != null) {
            given.add("--tokens-per-sample");
        }
        return given;
    }

    /** The file, if it is of images and text: JSON lines of which the first names an image. */
    public Optional<Path> images() throws IOException {
        return file != null && ImageSamples.names(file) ? Optional.of(file) : Optional.empty();
    }

    /** Whether a number of samples was given. */
    public boolean counted() {
        return samples != null;
    }

    /** The text, to measure a model's answers on, or else ranks: that decides how much of it is taken where the user does not say. */
    public Calibration text(boolean answers) {
        int most = answers ? Calibration.MEASURED_SAMPLES : Calibration.SAMPLES;
        Calibration text = Calibration.of(file).withSamples(samples == null ? most : samples);
        return tokensPerSample == null ? text : text.withTokensPerSample(tokensPerSample);
    }
}
