// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * A registered op kind.
 *
 * @param mnemonic its name in the text form, an identifier {@code [A-Za-z_][A-Za-z0-9_.-]*}; what {@link OpKind#mnemonic} gives
 * @param kind     the record that holds its attributes
 * @param summary  one line about it
 */
public record OpDef(String mnemonic, Class<? extends OpKind> kind, String summary) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*");
    /** Words that end a node in the text form. */
    private static final Set<String> TAKEN = Set.of("yield", "region");

    public OpDef {
        if (mnemonic == null || kind == null) {
            throw new IllegalArgumentException("the " + (kind == null ? "class of op '" + mnemonic + "'" : "name of the op of " + kind.getName()) + " is null");
        }
        if (!NAME.matcher(mnemonic).matches() || TAKEN.contains(mnemonic)) {
            throw new IllegalArgumentException("op name '" + mnemonic + "' of " + kind.getName() + ", expected a letter or _ and then letters, digits, _, . "
                    + "and -, such as my.op" + (TAKEN.contains(mnemonic) ? "; yield and region mean something else in the text form" : ""));
        }
        if (summary == null || summary.isBlank() || summary.lines().count() > 1) {
            throw new IllegalArgumentException("the summary of op '" + mnemonic + "' is " + (summary == null || summary.isBlank() ? "empty"
                    : summary.lines().count() + " lines") + ", expected one line");
        }
        if (!kind.isRecord()) {
            throw new IllegalArgumentException(kind.getName() + " of op '" + mnemonic + "' must be a record");
        }
    }
}
