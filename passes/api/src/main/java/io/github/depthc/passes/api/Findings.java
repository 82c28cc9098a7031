// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import java.util.ArrayList;
import java.util.List;

/** What passes found out beside what they made of the model, as data that a report may show. */
public final class Findings {
    private final List<Record> all = new ArrayList<>();

    Findings() {
    }

    /** Adds one. */
    void add(Record finding) {
        all.add(finding);
    }

    /** Those of a type, in the order in which they were found. */
    public <T extends Record> List<T> of(Class<T> type) {
        return all.stream().filter(type::isInstance).map(type::cast).toList();
    }
}
