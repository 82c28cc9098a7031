// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;

/** What {@code loop} is in a loop. */
final class LoopState {
    private static final Object NOTHING = new Object();

    private final Work work;
    private final List<?> items;
    private int at = -1;
    private Object last = NOTHING;

    LoopState(Work work, List<?> items) {
        this.work = work;
        this.items = items;
    }

    void next() {
        at++;
    }

    Object attribute(String name) {
        int n = items.size();
        return switch (name) {
            case "index" -> at + 1L;
            case "index0" -> (long) at;
            case "revindex" -> (long) n - at;
            case "revindex0" -> n - at - 1L;
            case "first" -> at == 0;
            case "last" -> at == n - 1;
            case "length" -> (long) n;
            // It counts recursive loops, which are not there here.
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "previtem" -> at == 0 ? new Undefined("the item before the first") : items.get(at - 1);
            case "nextitem" -> at == n - 1 ? new Undefined("the item after the last") : items.get(at + 1);
            case "cycle" -> (Function) (arguments, named) -> cycled(arguments);
            case "changed" -> (Function) (arguments, named) -> changed(Sequence.tuple(arguments));
            default -> new Undefined("'" + name + "' of a loop");
        };
    }

    private Object cycled(List<Object> values) {
        if (values.isEmpty()) {
            throw new TemplateException("loop.cycle without values");
        }
        return values.get(at % values.size());
    }

    private boolean changed(Sequence values) {
        boolean changed = last == NOTHING || !new Comparison(work).equal(last, values);
        last = values;
        return changed;
    }
}
