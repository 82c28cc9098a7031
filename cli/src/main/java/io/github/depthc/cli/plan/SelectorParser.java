// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.select.SelectLayers;
import io.github.depthc.passes.builtin.select.SelectLayers.Rule;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Reads a layer selection: {@code all}, {@code none}, {@code 3,5,7-9}, {@code odd}, {@code deep}, {@code prd},
 * {@code arank:K}, {@code arank:50%}, {@code arank:auto}.
 */
public final class SelectorParser {
    /** The selection that leaves the choice to the schedule. */
    public static final String BY_SCHEDULE = "prd";

    /** The selection of no layer: a dense bundle. */
    public static final String NONE = "none";

    private static final String ARANK = "arank:";
    private static final String EXPECTED = "expected all, none, layer numbers such as 3,5,7-9, odd, deep, prd, arank:K, arank:50% or arank:auto";

    private final String text;
    private final int layers;

    private SelectorParser(String text, int layers) {
        this.text = text;
        this.layers = layers;
    }

    /**
     * What a selection means for a model of {@code layers} layers.
     *
     * @return empty for {@code prd}: the schedule selects
     * @throws InputException that names the part in error
     */
    public static Optional<SelectLayers.Options> parse(String text, int layers) {
        return new SelectorParser(text.strip(), layers).selection();
    }

    /** Whether this selection measures ARank, and so needs the weights and calibration text. */
    public static boolean measures(String text) {
        return text.strip().startsWith(ARANK);
    }

    private Optional<SelectLayers.Options> selection() {
        return switch (text) {
            case BY_SCHEDULE -> Optional.empty();
            case "all" -> Optional.of(SelectLayers.Options.of(Rule.ALL));
            case NONE -> Optional.of(SelectLayers.Options.of(Rule.NONE));
            case "odd" -> Optional.of(rule(Rule.ODD, 2));
            case "deep" -> Optional.of(rule(Rule.DEEP, 4));
            default -> Optional.of(text.startsWith(ARANK) ? arank(text.substring(ARANK.length()))
                    : SelectLayers.Options.given(List.copyOf(numbers())));
        };
    }

    /** A rule, if the model has enough layers for it to choose one. */
    private SelectLayers.Options rule(Rule rule, int least) {
        if (layers < least) {
            throw new InputException("--layers " + text + ": is none of the model's layers, which are 0 to " + (layers - 1) + "; " + EXPECTED);
        }
        return SelectLayers.Options.of(rule);
    }

    private SelectLayers.Options arank(String how) {
        if (how.equals("auto")) {
            return SelectLayers.Options.of(Rule.ARANK_AUTO);
        }
        if (how.endsWith("%")) {
            double percent = percent(how.substring(0, how.length() - 1));
            return SelectLayers.Options.arank((int) Math.max(1, Math.round(layers * percent / 100)));
        }
        if (!isNumber(how)) {
            throw wrong(how, "a number of layers, a percentage such as 50%, or auto");
        }
        int count = number(how);
        if (count < 1 || count > layers) {
            throw wrong(how, "1 to " + layers + " layers, as many as the model has");
        }
        return SelectLayers.Options.arank(count);
    }

    private double percent(String digits) {
        try {
            double percent = Double.parseDouble(digits);
            if (percent > 0 && percent <= 100) {
                return percent;
            }
        } catch (NumberFormatException e) {
            throw wrong(digits + "%", "a percentage of the layers such as 50%");
        }
        throw wrong(digits + "%", "more than 0 and at most 100 %");
    }

    private TreeSet<Integer> numbers() {
        var chosen = new TreeSet<Integer>();
        for (String part : text.split(",", -1)) {
            String p = part.strip();
            int dash = p.indexOf('-');
            String from = dash < 0 ? p : p.substring(0, dash).strip();
            String to = dash < 0 ? p : p.substring(dash + 1).strip();
            if (!isNumber(from) || !isNumber(to)) {
                throw new InputException("--layers " + text + ": \"" + p + "\" is not a layer number or a range of them; " + EXPECTED);
            }
            int first = layer(from);
            int last = layer(to);
            if (first > last) {
                throw wrong(p, "the smaller number first");
            }
            for (int l = first; l <= last; l++) {
                chosen.add(l);
            }
        }
        return chosen;
    }

    private int layer(String digits) {
        int l = number(digits);
        if (l >= layers) {
            throw wrong(digits, "a layer of the model, 0 to " + (layers - 1));
        }
        return l;
    }

    private static boolean isNumber(String s) {
        return !s.isEmpty() && s.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static int number(String digits) {
        return digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits);
    }

    private InputException wrong(String part, String expected) {
        return new InputException("--layers " + text + ": has \"" + part + "\", expected " + expected);
    }
}
