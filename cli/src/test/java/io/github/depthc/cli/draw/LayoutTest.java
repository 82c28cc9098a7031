// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LayoutTest {
    private static Chart.Item op(String title) {
        return new Chart.Op(title, "", List.of(), Category.OTHER, "");
    }

    private static Chart random(long seed, int items, int most) {
        var random = new Random(seed);
        var chart = new ArrayList<Chart.Item>();
        var links = new ArrayList<Chart.Link>();
        for (int i = 0; i < items; i++) {
            chart.add(op("x".repeat(1 + random.nextInt(12))));
            List<Integer> from = random.ints(random.nextInt(most + 1), 0, Math.max(1, i)).distinct().boxed().toList();
            for (int k = 0; k < from.size() && i > 0; k++) {
                links.add(new Chart.Link(from.get(k), i, k, from.size(), ""));
            }
        }
        return new Chart(chart, links);
    }

    @Test
    void noTwoBoxesMeetAndLinksFall() {
        for (long seed = 0; seed < 200; seed++) {
            Chart chart = random(seed, 1 + (int) seed % 40, 3);
            Layout layout = Layout.of(chart);
            String what = "seed " + seed;
            for (int i = 0; i < layout.boxes().size(); i++) {
                Layout.Box a = layout.boxes().get(i);
                assertTrue(a.x() >= -0.01 && a.y() >= 0 && a.x() + a.width() <= layout.width() + 0.01 && a.bottom() <= layout.height() + 0.01, what);
                for (Layout.Box b : layout.boxes().subList(0, i)) {
                    boolean apart = a.x() >= b.x() + b.width() || b.x() >= a.x() + a.width() || a.y() >= b.bottom() || b.y() >= a.bottom();
                    assertTrue(apart, () -> what + ": " + a + " and " + b);
                }
            }
            for (int l = 0; l < chart.links().size(); l++) {
                Chart.Link link = chart.links().get(l);
                List<Layout.Point> way = layout.routes().get(l).points();
                assertEquals(layout.boxes().get(link.from()).bottom(), way.getFirst().y(), 0.01);
                assertEquals(layout.boxes().get(link.to()).y(), way.getLast().y(), 0.01);
                for (int p = 1; p < way.size(); p++) {
                    assertTrue(way.get(p).y() >= way.get(p - 1).y(), what);
                    // a straight piece passes beside every box
                    if (p % 2 == 1 && p > 1 && p < way.size() - 1) {
                        Layout.Point top = way.get(p - 1);
                        Layout.Point bottom = way.get(p);
                        assertEquals(top.x(), bottom.x(), 0.01);
                        assertTrue(layout.boxes().stream().noneMatch(b -> b.x() < top.x() && top.x() < b.x() + b.width() && b.y() < bottom.y() && top.y() < b.bottom()),
                                what);
                    }
                }
            }
        }
    }

    @Test
    void aTreeHasNoCrossings() {
        // 0 over 1 2 3, each over two of their own, given in an order that would cross
        var links = new ArrayList<Chart.Link>();
        for (int i = 1; i <= 3; i++) {
            links.add(new Chart.Link(0, i, 0, 1, ""));
        }
        int[] parents = {3, 1, 2, 1, 3, 2};
        for (int i = 0; i < parents.length; i++) {
            links.add(new Chart.Link(parents[i], 4 + i, 0, 1, ""));
        }
        var chart = new Chart(IntStream.range(0, 10).mapToObj(i -> op("n" + i)).toList(), links);
        Layout layout = Layout.of(chart);
        for (Chart.Link a : links) {
            for (Chart.Link b : links) {
                if (a.from() != b.from() && a.from() != 0 && b.from() != 0) {
                    boolean from = layout.boxes().get(a.from()).x() < layout.boxes().get(b.from()).x();
                    boolean to = layout.boxes().get(a.to()).x() < layout.boxes().get(b.to()).x();
                    assertEquals(from, to, a + " crosses " + b);
                }
            }
        }
    }

    @Test
    void aChainStandsInALineAndALongLinkIsStraight() {
        var links = new ArrayList<Chart.Link>();
        for (int i = 1; i < 8; i++) {
            links.add(new Chart.Link(i - 1, i, 0, i == 7 ? 2 : 1, ""));
        }
        links.add(new Chart.Link(0, 7, 1, 2, ""));
        Layout layout = Layout.of(new Chart(IntStream.range(0, 8).mapToObj(i -> op("same")).toList(), links));
        double x = layout.boxes().get(1).middle();
        for (int i = 2; i < 7; i++) {
            assertEquals(x, layout.boxes().get(i).middle(), 1, "item " + i);
        }
        List<Layout.Point> way = layout.routes().getLast().points();
        assertEquals(1, way.subList(2, way.size() - 2).stream().mapToDouble(Layout.Point::x).distinct().count(), way::toString);
    }

    @Test
    void nothingIsDrawnAsNothing() {
        assertEquals(0, Layout.of(new Chart(List.of(), List.of())).height());
    }

    @Test
    void theLargestChartTakesNoTime() {
        assertTimeout(Duration.ofSeconds(20), () -> Layout.of(random(1, Pictures.MOST_OPS, 3)));
    }
}
