// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class StopStringsTest {
    private static String shown(List<String> stops, String... pieces) {
        var filter = new StopStrings(stops);
        var text = new StringBuilder();
        for (String piece : pieces) {
            text.append(filter.next(piece));
        }
        return text.append(filter.flush()).toString();
    }

    @Test
    void textEndsBeforeTheFirstStopString() {
        assertEquals("one ", shown(List.of("two", "three"), "one three two"));
        assertEquals("one ", shown(List.of("two", "three"), "one t", "h", "ree", " four"));
        assertEquals("", shown(List.of("a"), "abc"));
    }

    @Test
    void whatOnlyBeginsLikeOneIsShownLater() {
        var filter = new StopStrings(List.of("END"));
        assertEquals("x", filter.next("xEN"));
        assertEquals("ENd", filter.next("d"));
        assertEquals("", filter.next("E"));
        assertEquals("E", filter.flush());
        assertFalse(filter.found());
    }

    @Test
    void piecesGiveWhatTheWholeTextGives() {
        var random = new Random(7);
        for (int round = 0; round < 2000; round++) {
            String text = random.ints(random.nextInt(12), 'a', 'd').collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
            List<String> stops = List.of("ab", "abc", "cc").subList(random.nextInt(3), 3);
            int first = stops.stream().mapToInt(text::indexOf).filter(i -> i >= 0).min().orElse(text.length());
            assertEquals(text.substring(0, first), shown(stops, text.split("")), text + " " + stops);
        }
    }
}
