// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** Many rows made fewer. */
final class Rows {
    /** More rows than this are not read one by one. */
    static final int MOST = 200;

    private static final String PREFIX = "layer ";

    private Rows() {
    }

    /** Rows that follow each other and differ only in their number become one; of too many, those in the middle are left out. */
    static List<Chart.Row> shorten(List<Chart.Row> rows) {
        var kept = new ArrayList<Chart.Row>();
        for (int i = 0; i < rows.size(); ) {
            int end = i + 1;
            while (end < rows.size() && equal(rows.get(i), rows.get(end))) {
                end++;
            }
            kept.add(end - i < 3 ? rows.get(i) : run(rows.get(i), rows.get(end - 1)));
            i = end - i < 3 ? i + 1 : end;
        }
        if (kept.size() <= MOST) {
            return kept;
        }
        int half = MOST / 2;
        int left = kept.size() - 2 * half;
        var cut = new ArrayList<>(kept.subList(0, half));
        cut.add(new Chart.Row(new Chart.Head("… " + left + " more rows", Chart.Kind.OTHER, OptionalDouble.empty(), "", ""), ""));
        cut.addAll(kept.subList(kept.size() - half, kept.size()));
        return cut;
    }

    private static boolean equal(Chart.Row a, Chart.Row b) {
        return a.head().title().startsWith(PREFIX) && b.head().title().startsWith(PREFIX) && a.head().kind() == b.head().kind()
                && a.head().ratio().equals(b.head().ratio()) && a.head().kept().equals(b.head().kept()) && a.body().equals(b.body());
    }

    private static Chart.Row run(Chart.Row first, Chart.Row last) {
        String title = "layers " + first.head().title().substring(PREFIX.length()) + "–" + last.head().title().substring(PREFIX.length());
        return new Chart.Row(new Chart.Head(title, first.head().kind(), first.head().ratio(), first.head().kept(), title), first.body());
    }
}
