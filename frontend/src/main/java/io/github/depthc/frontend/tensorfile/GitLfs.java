// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tensorfile;

import io.github.depthc.ir.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** The few lines of text that Git LFS leaves in the place of a file that it has not fetched. */
public final class GitLfs {
    private static final byte[] MARK = "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);
    /** Bytes that tell. */
    public static final int MARK_BYTES = MARK.length;

    private GitLfs() {
    }

    /**
     * Refuses such a file; {@link InputException}.
     *
     * @param start the file's first {@link #MARK_BYTES} bytes, or all of a shorter one
     */
    public static void refuse(Path path, byte[] start) {
        if (Arrays.equals(start, MARK)) {
            throw new InputException(path + ": is a Git LFS pointer, not the data; fetch it with `git lfs pull`");
        }
    }
}
