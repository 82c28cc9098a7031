// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tokenizer;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Messages of the tokenizers library, which are those of its reader (Rust's serde), in words about the file. */
final class LibraryWords {
    private static final Pattern NO_VARIANT = Pattern.compile("data did not match any variant of untagged enum (\\w+)( at line .*)?");

    private LibraryWords() {
    }

    /** The message without the library's own names. */
    static String plain(String message) {
        Matcher m = NO_VARIANT.matcher(message);
        if (m.matches()) {
            String part = m.group(1).replaceAll("(Wrapper|Untagged|Helper|Type|Kind)$", "").replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
            return "its \"" + part + "\" is of no kind that the HuggingFace tokenizers library knows";
        }
        return message.replace('`', '"');
    }
}
