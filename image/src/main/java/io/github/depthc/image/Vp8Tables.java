// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The long tables of VP8, as {@code vp8-tables.txt} has them. */
final class Vp8Tables {
    private static final String FILE = "vp8-tables.txt";

    private final Map<String, int[]> tables = new HashMap<>();

    private Vp8Tables(List<String> lines) {
        String name = null;
        int filled = 0;
        for (String line : lines) {
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String[] words = line.split(" ");
            if (Character.isLetter(line.charAt(0))) {
                name = words[0];
                filled = 0;
                tables.put(name, new int[Integer.parseInt(words[1])]);
                continue;
            }
            for (String number : words) {
                tables.get(name)[filled++] = Integer.parseInt(number);
            }
        }
    }

    static Vp8Tables read() {
        try (var in = new BufferedReader(new InputStreamReader(Vp8Tables.class.getResourceAsStream(FILE), StandardCharsets.US_ASCII))) {
            return new Vp8Tables(new ArrayList<>(in.readAllLines()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A table, the caller's own copy. */
    int[] table(String name) {
        return tables.get(name).clone();
    }
}
