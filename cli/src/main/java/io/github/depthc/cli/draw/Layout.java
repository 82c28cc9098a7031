// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A chart with places, from its own top left corner. Layered, after Sugiyama, Tagawa and Toda (1981): ranks, order, columns.
 *
 * @param boxes  of the items
 * @param routes of the links
 * @param bodies of the cards, by the card's index
 */
record Layout(Chart chart, double width, double height, List<Box> boxes, List<Route> routes, Map<Integer, Layout> bodies) {
    private static final double RANK_GAP = 30;
    /** Of how far sideways the widest step between two ranks goes: flat curves are hard to follow. */
    private static final double GAP_BY_WIDTH = 0.06;
    private static final double WIDEST_GAP = 64;
    /** A box stands in the middle of its rank, but not far down beside one that is much taller. */
    private static final double MOST_LOWERED = 40;

    /** A rectangle; x and y of its top left corner. */
    record Box(double x, double y, double width, double height) {
        double middle() {
            return x + width / 2;
        }

        double bottom() {
            return y + height;
        }
    }

    /** Points from top to bottom: from the first to the second the way falls straight, from there to the third it may bend, and so on in turn. */
    record Route(List<Point> points) {
    }

    /** A place in the picture. */
    record Point(double x, double y) {
    }

    /** Finds places. */
    static Layout of(Chart chart) {
        int n = chart.items().size();
        Map<Integer, Layout> bodies = new LinkedHashMap<>();
        var width = new double[n];
        var height = new double[n];
        for (int i = 0; i < n; i++) {
            Layout body = null;
            if (chart.items().get(i) instanceof Chart.Card card) {
                body = of(card.body());
                bodies.put(i, body);
            }
            Sizes.Size size = Sizes.of(chart.items().get(i), body);
            width[i] = size.width();
            height[i] = size.height();
        }
        var mesh = new Mesh(chart.links(), width);
        List<List<Integer>> ranks = RankOrder.of(mesh);
        double[] x = Columns.of(mesh, ranks);
        double[] top = tops(mesh, ranks, height, x);
        var boxes = new ArrayList<Box>();
        for (int i = 0; i < n; i++) {
            int r = mesh.rank(i);
            double tallest = tallest(ranks.get(r), height);
            double lower = (tallest - height[i]) / 2;
            boxes.add(new Box(x[i] - width[i] / 2, top[r] + (lower > MOST_LOWERED ? 0 : lower), width[i], height[i]));
        }
        var routes = new ArrayList<Route>();
        for (int l = 0; l < chart.links().size(); l++) {
            routes.add(route(mesh, l, boxes, ranks, top, height, x));
        }
        double right = 0;
        for (int p = 0; p < mesh.size(); p++) {
            right = Math.max(right, x[p] + mesh.width(p) / 2);
        }
        return new Layout(chart, right, boxes.stream().mapToDouble(Box::bottom).max().orElse(0), boxes, routes, bodies);
    }

    private static double[] tops(Mesh mesh, List<List<Integer>> ranks, double[] height, double[] x) {
        var sideways = new double[ranks.size()];
        for (Mesh.Step s : mesh.steps()) {
            double dx = Math.abs(x[s.from()] - x[s.to()] - Columns.landing(mesh, s));
            sideways[mesh.rank(s.to())] = Math.max(sideways[mesh.rank(s.to())], dx);
        }
        var top = new double[ranks.size()];
        for (int r = 1; r < top.length; r++) {
            top[r] = top[r - 1] + tallest(ranks.get(r - 1), height) + Math.min(WIDEST_GAP, RANK_GAP + GAP_BY_WIDTH * sideways[r]);
        }
        return top;
    }

    private static Route route(Mesh mesh, int link, List<Box> boxes, List<List<Integer>> ranks, double[] top, double[] height, double[] x) {
        List<Integer> way = mesh.way(link);
        Box from = boxes.get(way.getFirst());
        Box to = boxes.get(way.getLast());
        int first = mesh.rank(way.getFirst());
        var points = new ArrayList<Point>();
        points.add(new Point(from.middle(), from.bottom()));
        points.add(new Point(from.middle(), top[first] + tallest(ranks.get(first), height)));
        for (int bend : way.subList(1, way.size() - 1)) {
            int r = mesh.rank(bend);
            points.add(new Point(x[bend], top[r]));
            points.add(new Point(x[bend], top[r] + tallest(ranks.get(r), height)));
        }
        double landing = to.middle() + Columns.landing(mesh, mesh.arrival(link));
        points.add(new Point(landing, top[mesh.rank(way.getLast())]));
        points.add(new Point(landing, to.y()));
        return new Route(points);
    }

    private static double tallest(List<Integer> rank, double[] height) {
        return rank.stream().filter(p -> p < height.length).mapToDouble(p -> height[p]).max().orElse(0);
    }
}
