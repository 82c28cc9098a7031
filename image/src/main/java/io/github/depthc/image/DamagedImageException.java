// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** The bytes are no picture that can be shown; the message goes on after the file's name. */
final class DamagedImageException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedImageException(String message) {
        super(message);
    }

    DamagedImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
