package io.github.depthc.ir.text;

import java.util.Collection;

/** Suggestions for misspelt names. */
public final class Nearest {
    private static final int MAX_LENGTH = 64;
    private static final int MAX_KNOWN = 10_000;

    private Nearest() {
    }

    /**
     * {@code "; did you mean 'linear'?"}, to be put behind a message, or nothing when no known name is near: at most a third
     * of the letters may differ. The first of equally near names is taken.
     */
    public static String hint(String word, Collection<String> known) {
        if (word.length() > MAX_LENGTH) {
            return "";
        }
        String best = null;
        int distance = Math.max(1, word.length() / 3) + 1;
        for (String name : (Iterable<String>) known.stream().limit(MAX_KNOWN)::iterator) {
            if (name.length() <= MAX_LENGTH && Math.abs(name.length() - word.length()) < distance) {
                int d = distance(word, name);
                if (d < distance) {
                    best = name;
                    distance = d;
                }
            }
        }
        return best == null ? "" : "; did you mean '" + best + "'?";
    }

    /** Levenshtein's distance, upper and lower case being the same. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
                int replaced = diagonal + (same ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
