// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** Numbers of things in messages: {@code 1 node}, {@code 2 nodes}. */
public final class Counted {
    private Counted() {
    }

    /**
     * A number and a noun, which gets an s where there is not exactly one.
     *
     * @param noun in the singular
     */
    public static String of(long number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    /**
     * A number and words whose first is a noun in the plural, {@code branches left out}; of one it is put into the singular.
     */
    public static String words(long number, String words) {
        if (number != 1) {
            return number + " " + words;
        }
        int end = words.indexOf(' ') < 0 ? words.length() : words.indexOf(' ');
        return "1 " + singular(words.substring(0, end)) + words.substring(end);
    }

    private static String singular(String noun) {
        if (noun.matches(".*(ss|x|z|ch|sh)es")) {
            return noun.substring(0, noun.length() - 2);
        }
        if (noun.endsWith("ies")) {
            return noun.substring(0, noun.length() - 3) + "y";
        }
        return noun.endsWith("s") ? noun.substring(0, noun.length() - 1) : noun;
    }
}
