// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.Set;

/** Style sheets of drawings. Plain class rules, no custom properties: viewers other than browsers know these too. */
final class GraphStyles {
    private static final String LIGHT = """

            .depthc-graph text { font-family: "Helvetica Neue", Arial, "Liberation Sans", Helvetica, sans-serif; fill: #1f2328 }
            .depthc-graph .h { font-size: 21px; font-weight: 600 }
            .depthc-graph .sub { font-size: 13px; fill: #59636e }
            .depthc-graph .title { font-size: 13px; font-weight: 600 }
            .depthc-graph .head { font-size: 14px; font-weight: 600 }
            .depthc-graph .head.other { font-weight: 400 }
            .depthc-graph .text { font-size: 11px }
            .depthc-graph .note { font-size: 11px; fill: #59636e }
            .depthc-graph .end { text-anchor: end }
            .depthc-graph .mid { text-anchor: middle }
            .depthc-graph .pass { pointer-events: none }
            .depthc-graph .page { fill: #ffffff }
            .depthc-graph .port { fill: #ffffff; stroke: #8c959f; stroke-dasharray: 3 2 }
            .depthc-graph .card { fill: #f6f8fa; stroke: #c4ccd4 }
            .depthc-graph .card.mod { fill: #eff6ff; stroke: #0969da; stroke-width: 1.5 }
            .depthc-graph .card.planned { fill: #f6f8fa; stroke: #0969da; stroke-width: 1.5; stroke-dasharray: 6 4 }
            .depthc-graph .rule { stroke: #dfe4e9; fill: none }
            .depthc-graph .badge.dense { fill: #e1e6eb }
            .depthc-graph .badge.mod { fill: #0969da }
            .depthc-graph .badge.planned { fill: #ffffff; stroke: #0969da }
            .depthc-graph .badge-text { font-size: 10.5px; font-weight: 600; text-anchor: middle }
            .depthc-graph .badge-text.mod { fill: #ffffff }
            .depthc-graph .badge-text.planned { fill: #0a4fa8 }
            .depthc-graph .track { fill: #d9e2ec }
            .depthc-graph .bar { fill: #0969da }
            .depthc-graph .link { fill: none; stroke: #8c959f; stroke-width: 1.3 }
            .depthc-graph .tip { fill: #8c959f }
            .depthc-graph .lane { fill: none; stroke: #0969da; stroke-width: 1.5; stroke-dasharray: 5 4 }
            .depthc-graph .lane-tip { fill: #0969da }
            .depthc-graph .lane-text { font-size: 11px; fill: #0a4fa8; text-anchor: middle }
            """;
    private static final String DARK = """
            .depthc-graph text { fill: #e6edf3 }
            .depthc-graph .sub, .depthc-graph .note { fill: #9198a1 }
            .depthc-graph .page { fill: #0d1117 }
            .depthc-graph .port { fill: #0d1117; stroke: #656c76 }
            .depthc-graph .card { fill: #151b23; stroke: #3d444d }
            .depthc-graph .card.mod { fill: #0f1d30; stroke: #4493f8 }
            .depthc-graph .card.planned { fill: #151b23; stroke: #4493f8 }
            .depthc-graph .rule { stroke: #2a313a }
            .depthc-graph .badge.dense { fill: #3d444d }
            .depthc-graph .badge.mod { fill: #1f6feb }
            .depthc-graph .badge.planned { fill: #0d1117; stroke: #4493f8 }
            .depthc-graph .badge-text.planned { fill: #79b8ff }
            .depthc-graph .track { fill: #2a313a }
            .depthc-graph .bar { fill: #4493f8 }
            .depthc-graph .link { stroke: #6e7681 }
            .depthc-graph .tip { fill: #6e7681 }
            .depthc-graph .lane { stroke: #4493f8 }
            .depthc-graph .lane-tip { fill: #4493f8 }
            .depthc-graph .lane-text { fill: #79b8ff }
            """;

    private GraphStyles() {
    }

    /** The style sheet for a picture with ops of these categories. */
    static String of(Set<Category> used) {
        var css = new StringBuilder(LIGHT);
        used.forEach(c -> rule(css, c, c.fill(), c.stroke()));
        css.append("@media screen and (prefers-color-scheme: dark) {\n").append(DARK);
        used.forEach(c -> rule(css, c, c.darkFill(), c.darkStroke()));
        return css.append("}\n").toString();
    }

    private static void rule(StringBuilder css, Category c, String fill, String stroke) {
        css.append(".depthc-graph .").append(c.style()).append(" { fill: ").append(fill).append("; stroke: ").append(stroke).append(" }\n");
    }
}
