// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tokenizer;

import java.util.Arrays;
import java.util.function.Function;

/**
 * Text as tokens come. What a token adds depends on its neighbours (a leading space, a character of several tokens), so a
 * window of the last tokens is decoded with and without the new one and the difference is the new text; it is held back
 * while it ends within a character. All deltas together are the text of all tokens together.
 */
public final class StreamDecoder {
    /** What decoders put for bytes that are not (yet) a character. */
    private static final char REPLACEMENT = '\uFFFD';

    /** How far back the prompt is searched for text. */
    private static final int LONGEST_WINDOW = 32;

    private final Function<long[], String> decode;
    private long[] ids;
    private int count;
    /** Where the window begins. */
    private int from;
    /** Tokens before this have given their text. */
    private int done;

    StreamDecoder(Function<long[], String> decode, long[] before) {
        this.decode = decode;
        ids = before;
        count = before.length;
        done = count;
        from = lastTextual(before);
    }

    /** The text that this token completes, possibly none. */
    public String next(long id) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, Math.max(16, 2 * count));
        }
        ids[count++] = id;
        String text = decode.apply(window(count));
        if (text.isEmpty() || text.charAt(text.length() - 1) == REPLACEMENT) {
            return "";
        }
        return take(text);
    }

    /** What was held back, at the end. */
    public String flush() {
        return count == done ? "" : take(decode.apply(window(count)));
    }

    private String take(String text) {
        String before = decode.apply(window(done));
        if (!text.startsWith(before)) {
            // A prompt of bare ids may end within a character, which the new token has completed.
            before = before.substring(0, lengthWithout(before, REPLACEMENT));
        }
        if (text.length() <= before.length()) {
            return "";
        }
        from = done;
        done = count;
        return text.substring(before.length());
    }

    private static int lengthWithout(String text, char trailing) {
        int n = text.length();
        while (n > 0 && text.charAt(n - 1) == trailing) {
            n--;
        }
        return n;
    }

    private long[] window(int end) {
        return Arrays.copyOfRange(ids, from, end);
    }

    /** The start of a window that has some text, so that the first new token is not taken for the first of a text. */
    private int lastTextual(long[] before) {
        int earliest = Math.max(0, before.length - LONGEST_WINDOW);
        for (int start = before.length - 1; start >= earliest; start--) {
            String text = decode.apply(Arrays.copyOfRange(before, start, before.length));
            if (!text.isEmpty() && text.charAt(0) != REPLACEMENT) {
                return start;
            }
        }
        return earliest;
    }
}
