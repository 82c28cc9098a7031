// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import java.util.List;

/**
 * Lets text through up to the first of some texts. What may be the beginning of one is held back until that is known, so a stop
 * string that comes in several pieces is never partly shown.
 */
public final class StopStrings {
    private final List<String> stops;
    private String held = "";
    private boolean found;

    public StopStrings(List<String> stops) {
        this.stops = List.copyOf(stops);
    }

    /** What may be shown after another piece of text. */
    public String next(String piece) {
        if (found) {
            return "";
        }
        String text = held + piece;
        int first = text.length();
        for (String stop : stops) {
            int at = text.indexOf(stop);
            if (at >= 0 && at <= first) {
                first = at;
                found = true;
            }
        }
        if (found) {
            held = "";
            return text.substring(0, first);
        }
        int shown = text.length() - longestBeginning(text);
        held = text.substring(shown);
        return text.substring(0, shown);
    }

    /** What was held back, at the end of the text. */
    public String flush() {
        String rest = held;
        held = "";
        return rest;
    }

    /** Whether one of the texts has come. */
    public boolean found() {
        return found;
    }

    // How much at the end of the text is the beginning of a stop string.
    private int longestBeginning(String text) {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, text.length()); n > longest; n--) {
                if (text.regionMatches(text.length() - n, stop, 0, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
