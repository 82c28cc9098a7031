// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.ir.InputException;

/** Reads token ids: {@code 1,403,407}. */
public final class TokenIdsParser {
    private TokenIdsParser() {
    }

    /** The ids, at least one. Whether they are in the vocabulary shows later. */
    public static int[] parse(String text) {
        if (text.isBlank()) {
            throw new InputException("--input-ids is empty; expected numbers joined by commas, such as 1,403,407");
        }
        String[] parts = text.split(",", -1);
        var ids = new int[parts.length];
        for (int i = 0; i < ids.length; i++) {
            String p = parts[i].strip();
            if (!p.matches("[0-9]{1,9}|-200")) {
                throw new InputException("--input-ids " + shorten(text) + ": \"" + shorten(p) + "\" is not a token id; expected numbers joined by commas, "
                        + "such as 1,403,407");
            }
            ids[i] = Integer.parseInt(p);
        }
        return ids;
    }

    private static String shorten(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
