// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;

/** Standard output that remembers its first failure, because a print stream over it would forget it. */
final class CheckedOutput extends FilterOutputStream {
    private IOException failure;

    CheckedOutput(OutputStream out) {
        super(out);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw remember(e);
        }
    }

    @Override
    public void flush() throws IOException {
        try {
            out.flush();
        } catch (IOException e) {
            throw remember(e);
        }
    }

    /** Throws {@link OutputException} if a write has failed. */
    void check() {
        if (failure != null) {
            throw new OutputException(readerGone(), failure);
        }
    }

    /** The same, unless it has failed only because whoever read the output has stopped. */
    void checkUnlessReaderGone() {
        if (failure != null && !readerGone()) {
            throw new OutputException(false, failure);
        }
    }

    /** By the words of Linux and macOS, then those of Windows. */
    private boolean readerGone() {
        String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("broken pipe") || message.contains("pipe is being closed") || message.contains("pipe has been ended");
    }

    private IOException remember(IOException e) {
        failure = failure == null ? e : failure;
        return e;
    }
}
