// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

/** How much of a bundle is read to verify it when it is opened. */
public enum Verify {
    /** Every file's size; the SHA-256 of small files, up to 64 MiB in all; sampled blocks of the others. */
    QUICK,
    /** The SHA-256 of every file. */
    FULL
}
