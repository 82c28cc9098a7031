// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import java.util.Collection;
import java.util.Locale;

/** Suggestions for misspelt names. */
public final class Nearest {
    private static final int MAX_LENGTH = 64;
    private static final int MAX_KNOWN = 10_000;

    private Nearest() {
    }

    /**
     * {@code "; did you mean 'linear'?"}, to be put behind a message, or nothing when no known name is near: at most a third
     * of the letters, or one of two, may differ. The first of equally near names is taken.
     */
    public static String hint(String word, Collection<String> known) {
        if (word.length() > MAX_LENGTH) {
            return "";
        }
        String best = null;
        int least = Integer.MAX_VALUE;
        for (String name : (Iterable<String>) known.stream().limit(MAX_KNOWN)::iterator) {
            int longer = Math.max(word.length(), name.length());
            int allowed = Math.min(Math.max(1, longer / 3), longer - 1);
            if (name.length() <= MAX_LENGTH && Math.abs(name.length() - word.length()) <= allowed) {
                int d = distance(word.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
                if (d <= allowed && d < least) {
                    best = name;
                    least = d;
                }
            }
        }
        return best == null ? "" : "; did you mean '" + best + "'?";
    }

    /** How many letters must be changed, added, left out or swapped with their neighbour (optimal string alignment). */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int changed = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(changed, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
