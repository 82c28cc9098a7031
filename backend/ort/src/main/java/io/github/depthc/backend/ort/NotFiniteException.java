// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import java.io.IOException;
import java.io.UncheckedIOException;

/** A model's output has a NaN or an infinity. */
final class NotFiniteException extends UncheckedIOException {
    private static final long serialVersionUID = 1;

    NotFiniteException(String message) {
        super(new IOException(message));
    }
}
