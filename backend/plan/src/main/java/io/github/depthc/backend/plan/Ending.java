// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import java.util.List;
import java.util.stream.Stream;

/**
 * Frees several things, each whatever the others do: after some of a GPU's errors every call fails, and what is freed elsewhere must be freed
 * all the same.
 */
public final class Ending {
    private Ending() {
    }

    /** Runs all, in order; throws the first failure, the others suppressed in it. */
    public static void all(Runnable... ends) {
        all(Stream.of(ends));
    }

    /** The same of so many. */
    public static void all(Stream<Runnable> ends) {
        switch (failure(null, ends.toList())) {
            case null -> { }
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    /** Runs all after a failure; what they throw is suppressed in it. */
    public static void after(Throwable failure, List<Runnable> ends) {
        failure(failure, ends);
    }

    private static Throwable failure(Throwable before, List<Runnable> ends) {
        Throwable first = before;
        for (Runnable end : ends) {
            try {
                end.run();
            } catch (RuntimeException | Error e) {
                if (first == null) {
                    first = e;
                } else if (first != e) {
                    first.addSuppressed(e);
                }
            }
        }
        return first;
    }
}
