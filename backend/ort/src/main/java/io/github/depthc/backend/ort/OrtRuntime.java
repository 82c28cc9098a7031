// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/** The library's process-wide environment, with one thread pool for all sessions. */
final class OrtRuntime {
    private OrtRuntime() {
    }

    /**
     * The environment; the first call of a process decides the number of threads.
     *
     * @throws UncheckedIOException when the library cannot be unpacked or loaded
     */
    static OrtEnvironment environment(OrtOptions options) {
        load();
        try (var threads = new OrtEnvironment.ThreadingOptions()) {
            int count = options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
            threads.setGlobalIntraOpNumThreads(count);
            threads.setGlobalInterOpNumThreads(1);
            // Spinning gains nothing measurable on an idle machine and doubles the time of a step on a busy one.
            threads.setGlobalSpinControl(false);
            return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "depthc", threads);
        } catch (IllegalStateException e) {
            return OrtEnvironment.getEnvironment(); // it exists already
        } catch (OrtException e) {
            throw failure("cannot start", e);
        }
    }

    /**
     * Loads the library, without an environment: a process has one, and its first user sets it up.
     *
     * @throws UncheckedIOException when it cannot be unpacked or loaded
     */
    static void load() {
        Libraries.FAILURE.ifPresent(e -> {
            throw new UncheckedIOException(e.getCause());
        });
    }

    /** Loaded by the first who asks; a failure is everybody's. */
    private static final class Libraries {
        static final Optional<UncheckedIOException> FAILURE = load();

        private static Optional<UncheckedIOException> load() {
            try {
                OrtLibraries.load();
                return Optional.empty();
            } catch (UncheckedIOException e) {
                return Optional.of(e);
            }
        }
    }

    /** Options of every session. */
    static OrtSession.SessionOptions session(boolean prepacking) throws OrtException {
        var options = new OrtSession.SessionOptions();
        options.disablePerSessionThreads();
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        options.addConfigEntry("session.disable_prepacking", prepacking ? "0" : "1");
        return options;
    }

    /** A failure of the library, which is not the user's fault: an I/O failure to the caller. */
    static UncheckedIOException failure(String what, OrtException e) {
        return new UncheckedIOException(new IOException("ONNX Runtime " + what + ": " + words(e), e));
    }

    /** The library's message without its name for the kind of failure. */
    static String words(OrtException e) {
        return String.valueOf(e.getMessage()).replaceFirst("^Error code - \\w+ - message: ", "");
    }
}
