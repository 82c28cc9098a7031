// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.util.List;
import java.util.Locale;

/** A text for a message. */
final class Numbered {
    private Numbered() {
    }

    /** The lines with their numbers, under a headline. */
    static String lines(List<String> output) {
        var text = new StringBuilder("output:");
        for (int i = 0; i < output.size(); i++) {
            text.append(String.format(Locale.ROOT, "%n%5d  %s", i + 1, output.get(i)));
        }
        return text.toString();
    }
}
