// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

/** A stage found something wrong, which its findings say in detail. */
final class StageFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StageFailure(String message) {
        super(message, null, false, false);
    }
}
