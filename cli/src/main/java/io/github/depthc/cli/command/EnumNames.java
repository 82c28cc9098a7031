// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/** The values of an option as they are written, in lower case: for help texts and shell completion. */
abstract class EnumNames implements Iterable<String> {
    private final List<String> names;

    EnumNames(Class<? extends Enum<?>> type) {
        names = Arrays.stream(type.getEnumConstants()).map(c -> c.name().toLowerCase(Locale.ROOT)).toList();
    }

    @Override
    public Iterator<String> iterator() {
        return names.iterator();
    }
}
