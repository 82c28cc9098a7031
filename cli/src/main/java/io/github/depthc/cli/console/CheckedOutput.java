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
            String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
            // the words of Linux and macOS, then those of Windows
            boolean closed = message.contains("broken pipe") || message.contains("pipe is being closed")
                    || message.contains("pipe has been ended");
            throw new OutputException(closed, failure);
        }
    }

    private IOException remember(IOException e) {
        failure = failure == null ? e : failure;
        return e;
    }
}
