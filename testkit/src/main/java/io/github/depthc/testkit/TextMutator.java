// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Damages valid texts: bytes, tokens, lines, pieces of two texts, deep nesting, huge numbers, long repetitions. */
final class TextMutator {
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_.%@-]+|\"[^\"\\n]*\"|\\S");
    private static final Pattern NUMBER = Pattern.compile("(?<![A-Za-z0-9_.%])-?\\d+(\\.\\d+(E-?\\d+)?)?");
    private static final String[] WORDS = {"(", ")", "{", "}", "[", "]", "<", ">", ",", ":", "=", "%", "@", "\"", "\\", "//", "\n", "-", "0", "-1",
        "0.5", "NaN", "Infinity", "%x", "%", "yield", "region", "graph", "model", "depthc.mir", "checkpoint \"x\"", "f32[]", "f32[tokens]", "rows[tokens]", "cache<1x4>",
        "cache<1x4, indexed>", "weight", "concat(", "dense(", "cast(", "slice(", "reshape(", "transpose(", "axis=0", "none", "true", "layer", "mod",
        "routing={", "\u0000", "é", "\ud800", "\uFEFF"};
    private static final String[] NUMBERS = {"9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999",
        "2147483647", "2147483648", "-2147483649", "1e308", "1e309", "1e999999999", "1e-999999999", "-0.0", "0x10", "1.", ".5", "00", "1e", "4294967296"};
    private static final String[] OPENERS = {"(", "[", "{", "[[", "{a=", "[{a=", "region() {", "concat(", "slice(", "cast(cast(", "weight concat(",
        "%a = layer{index=0, selected=false, ratio=1.0}() region() {", "graph() {", "f32[", "cache<", "top_k(", "routing={score=linear(bias={"};
    private static final int DEEPEST = 4000;

    private final List<String> texts;
    private final List<String> tokens = new ArrayList<>();

    TextMutator(List<String> texts) {
        this.texts = List.copyOf(texts);
        for (String text : texts) {
            TOKEN.matcher(text).results().forEach(m -> tokens.add(m.group()));
        }
    }

    /** A damaged text, UTF-8 or nearly so. */
    byte[] damaged(SplittableRandom random) {
        String text = any(random, texts);
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            text = damaged(text, random);
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > 0 && random.nextInt(8) == 0) {
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
        }
        return bytes;
    }

    private String damaged(String text, SplittableRandom random) {
        int at = random.nextInt(text.length() + 1);
        return switch (random.nextInt(16)) {
            case 0 -> inserted(text, at, any(random, WORDS));
            case 1 -> text.substring(0, at) + text.substring(Math.min(text.length(), at + 1 + random.nextInt(4)));
            case 2 -> replaced(TOKEN, text, at, any(random, WORDS));
            case 3 -> replaced(TOKEN, text, at, any(random, tokens));
            case 4 -> inserted(text, at, " " + any(random, tokens) + " ");
            case 5 -> replaced(TOKEN, text, at, "");
            case 6 -> inserted(text, at, String.valueOf((char) random.nextInt(256)));
            case 7 -> inserted(text, at, piece(text, random));
            case 8 -> lines(text, random);
            case 9 -> lines(text, random);
            case 10 -> spliced(text, any(random, texts), random);
            case 11 -> splicedLines(text, any(random, texts), random);
            case 12, 13 -> replaced(NUMBER, text, at, random.nextInt(8) == 0 ? "9".repeat(1 + random.nextInt(DEEPEST)) : any(random, NUMBERS));
            case 14 -> inserted(text, at, any(random, OPENERS).repeat(1 + random.nextInt(random.nextInt(4) == 0 ? DEEPEST : 40)));
            default -> inserted(text, at, piece(text, random).repeat(1 + random.nextInt(50)));
        };
    }

    private static String inserted(String text, int at, String what) {
        return text.substring(0, at) + what + text.substring(at);
    }

    private static String piece(String text, SplittableRandom random) {
        int from = random.nextInt(text.length() + 1);
        return text.substring(from, Math.min(text.length(), from + random.nextInt(200)));
    }

    /** The match at or after a place replaced by something else. */
    private static String replaced(Pattern pattern, String text, int at, String what) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find(at) ? text.substring(0, matcher.start()) + what + text.substring(matcher.end()) : text;
    }

    /** A line left out, written twice, or changed for another. */
    private static String lines(String text, SplittableRandom random) {
        var lines = new ArrayList<>(text.lines().toList());
        if (lines.isEmpty()) {
            return text;
        }
        int one = random.nextInt(lines.size());
        switch (random.nextInt(3)) {
            case 0 -> lines.remove(one);
            case 1 -> lines.add(random.nextInt(lines.size() + 1), lines.get(one));
            default -> Collections.swap(lines, one, random.nextInt(lines.size()));
        }
        return String.join("\n", lines) + "\n";
    }

    /** The beginning of one text and the end of another. */
    private static String spliced(String a, String b, SplittableRandom random) {
        return a.substring(0, random.nextInt(a.length() + 1)) + b.substring(random.nextInt(b.length() + 1));
    }

    /** A stretch of lines of one text put into another. */
    private static String splicedLines(String a, String b, SplittableRandom random) {
        var into = new ArrayList<>(a.lines().toList());
        List<String> from = b.lines().toList();
        int begin = random.nextInt(from.size() + 1);
        into.addAll(random.nextInt(into.size() + 1), from.subList(begin, Math.min(from.size(), begin + 1 + random.nextInt(12))));
        return String.join("\n", into) + "\n";
    }

    private static <T> T any(SplittableRandom random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static <T> T any(SplittableRandom random, T[] array) {
        return array[random.nextInt(array.length)];
    }
}
