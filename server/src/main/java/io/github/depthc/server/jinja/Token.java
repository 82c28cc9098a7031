// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/**
 * A piece of a template's source.
 *
 * @param text what it says; of strings without quotes and escapes
 * @param line where it stands, from 1
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        TEXT, BEGIN_PRINT, END_PRINT, BEGIN_TAG, END_TAG, NAME, STRING, INTEGER, DECIMAL, OPERATOR, END
    }

    boolean is(Kind other, String what) {
        return kind == other && text.equals(what);
    }
}
