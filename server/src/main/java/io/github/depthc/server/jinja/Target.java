// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;

/** Where a value goes to. */
sealed interface Target {
    record Name(String name) implements Target {
    }

    /** {@code namespace.attribute}. */
    record Attribute(String namespace, String attribute) implements Target {
    }

    /** A value in parts. */
    record Parts(List<Target> parts) implements Target {
    }
}
