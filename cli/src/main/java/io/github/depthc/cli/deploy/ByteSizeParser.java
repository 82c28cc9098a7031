// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.deploy;

import io.github.depthc.ir.InputException;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads amounts of memory: {@code 512MiB}, {@code 1.5g}, {@code 1000000}. */
public final class ByteSizeParser {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)\\s*([kmgt]?)(i?b)?");
    private static final Map<String, Integer> SHIFT = Map.of("", 0, "k", 10, "m", 20, "g", 30, "t", 40);

    private ByteSizeParser() {
    }

    /** The bytes, from 1 to {@code most}; units are powers of 1024. */
    public static long parse(String option, String text, long most) {
        Matcher m = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!m.matches()) {
            throw new InputException(option + " is \"" + text + "\", expected an amount of memory, such as 512MiB or 4g");
        }
        BigDecimal bytes = new BigDecimal(m.group(1)).multiply(BigDecimal.valueOf(1L << SHIFT.get(m.group(2))));
        if (bytes.compareTo(BigDecimal.ONE) < 0 || bytes.compareTo(BigDecimal.valueOf(most)) > 0) {
            throw new InputException(option + " is " + text + ", expected 1 to " + most + " bytes");
        }
        return bytes.longValue();
    }
}
