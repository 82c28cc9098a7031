// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

/**
 * A file of a bundle as {@code bundle.json} lists it.
 *
 * @param path   relative to the bundle, with {@code /}
 * @param size   bytes
 * @param sha256 of the whole file, in hexadecimal
 * @param sample SHA-256 of 64 blocks of 64 KiB spread over the file, which a quick verification reads
 *               instead of a large file; null for a small one
 */
public record FileEntry(String path, long size, String sha256, String sample) {
}
