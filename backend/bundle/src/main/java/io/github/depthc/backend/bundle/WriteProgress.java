// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

/** Told how far the writing of a bundle is; called from several threads. */
@FunctionalInterface
public interface WriteProgress {
    /** Tells nobody. */
    WriteProgress NONE = (file, done, total) -> { };

    /**
     * @param file  name in the bundle of the file being written
     * @param done  bytes of weights written so far, of all files
     * @param total bytes of weights to write
     */
    void at(String file, long done, long total);
}
