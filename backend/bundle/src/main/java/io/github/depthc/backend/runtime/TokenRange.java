// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

/** Prompt positions {@code begin} (inclusive) to {@code end} (exclusive), from 0. */
public record TokenRange(int begin, int end) {
    @Override
    public String toString() {
        return begin + ":" + end;
    }
}
