// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.calibration;

import java.io.BufferedReader;
import java.io.IOException;

/** The mark that some editors put before UTF-8 text; it is no part of it. */
final class ByteOrderMark {
    private static final char MARK = '\uFEFF';

    private ByteOrderMark() {
    }

    /** A reader at the start of a text, behind the mark if there is one. */
    static BufferedReader skipped(BufferedReader reader) throws IOException {
        reader.mark(1);
        if (reader.read() != MARK) {
            reader.reset();
        }
        return reader;
    }
}
