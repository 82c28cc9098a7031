// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.server.api.ApiError;
import java.util.concurrent.atomic.AtomicLong;

/** Bytes of bodies that are there at a time, of all connections. */
final class BodyMemory {
    private final AtomicLong left;

    /** @param most bytes */
    BodyMemory(long most) {
        left = new AtomicLong(most);
    }

    /** What one body holds; closing gives it back. */
    Share share() {
        return new Share();
    }

    final class Share implements AutoCloseable {
        private long held;

        /** Takes so many bytes more; {@link ApiError} where others hold them. */
        void take(long bytes) {
            if (left.addAndGet(-bytes) < 0) {
                left.addAndGet(bytes);
                throw ApiError.busy("too many bytes of other requests are being read; try again");
            }
            held += bytes;
        }

        @Override
        public void close() {
            left.addAndGet(held);
            held = 0;
        }
    }
}
