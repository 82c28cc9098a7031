// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a retention schedule: {@code prd(average=0.5,max=0.85,min=0.15)}, {@code linear(…)} with the same parameters,
 * {@code constant(0.5)}, {@code list(1,1,0.8,…)}. Parameters of prd and linear that are not written keep these values.
 */
public final class ScheduleParser {
    /** The schedule when none is given. */
    public static final String DEFAULT = "prd(average=0.5,max=0.85,min=0.15)";

    private final String text;

    private ScheduleParser(String text) {
        this.text = text;
    }

    /**
     * What a schedule means for a model of {@code layers} layers.
     *
     * @throws InputException that names the part in error
     */
    public static RetentionSchedule parse(String text, int layers) {
        var parser = new ScheduleParser(text.strip());
        try {
            return parser.schedule(layers);
        } catch (OptionException e) {
            throw parser.wrong(e.getMessage());
        }
    }

    /** The schedule in the spelling that is read. */
    public static String print(RetentionSchedule schedule) {
        return switch (schedule) {
            case RetentionSchedule.Prd(double average, double max, double min) -> "prd(average=" + average + ",max=" + max + ",min=" + min + ")";
            case RetentionSchedule.Linear(double average, double max, double min) ->
                "linear(average=" + average + ",max=" + max + ",min=" + min + ")";
            case RetentionSchedule.Constant(double ratio) -> "constant(" + ratio + ")";
            case RetentionSchedule.PerLayer(List<Double> ratios) -> "list(" + String.join(",", ratios.stream().map(String::valueOf).toList()) + ")";
        };
    }

    private RetentionSchedule schedule(int layers) {
        int open = text.indexOf('(');
        String name = (open < 0 ? text : text.substring(0, open)).strip();
        List<Argument> arguments = open < 0 ? List.of() : arguments(open);
        return switch (name) {
            case "prd" -> {
                Curve c = curve(arguments);
                yield new RetentionSchedule.Prd(c.average, c.max, c.min);
            }
            case "linear" -> {
                Curve c = curve(arguments);
                yield new RetentionSchedule.Linear(c.average, c.max, c.min);
            }
            case "constant" -> {
                if (arguments.size() != 1) {
                    throw wrong("constant has " + arguments.size() + " arguments, expected one ratio, as in constant(0.5)");
                }
                yield new RetentionSchedule.Constant(ratio(arguments.getFirst()));
            }
            case "list" -> {
                List<Double> ratios = arguments.stream().map(this::ratio).toList();
                if (ratios.size() != layers) {
                    throw wrong("the list has " + ratios.size() + " ratios, expected " + layers + ", one for each layer");
                }
                yield new RetentionSchedule.PerLayer(ratios);
            }
            default -> throw wrong("\"" + name + "\" is no schedule; expected prd(…), linear(…), constant(R) or list(R,R,…)");
        };
    }

    /** One argument and where it begins in the text, from 0. */
    private record Argument(String text, int at) {
    }

    private record Curve(double average, double max, double min) {
    }

    private List<Argument> arguments(int open) {
        if (!text.endsWith(")")) {
            throw wrong("the closing parenthesis is missing at character " + (text.length() + 1));
        }
        var found = new ArrayList<Argument>();
        int at = open + 1;
        int end = text.length() - 1;
        if (text.substring(at, end).isBlank()) {
            return found;
        }
        while (at <= end) {
            int comma = text.indexOf(',', at);
            int stop = comma < 0 || comma > end ? end : comma;
            String argument = text.substring(at, stop);
            int begin = at + argument.length() - argument.stripLeading().length();
            if (argument.isBlank()) {
                throw wrong("nothing stands at character " + (at + 1) + ", expected an argument");
            }
            found.add(new Argument(argument.strip(), begin));
            at = stop + 1;
        }
        return found;
    }

    private Curve curve(List<Argument> arguments) {
        Map<String, Double> values = new LinkedHashMap<>(Map.of("average", 0.5, "max", 0.85, "min", 0.15));
        var given = new ArrayList<String>();
        for (Argument a : arguments) {
            int equals = a.text.indexOf('=');
            String key = equals < 0 ? "" : a.text.substring(0, equals).strip();
            if (!values.containsKey(key)) {
                throw wrong(a, equals < 0 ? "average=…, max=… or min=…" : "one of the parameters average, max and min");
            }
            if (given.contains(key)) {
                throw wrong(a, key + " only once");
            }
            given.add(key);
            values.put(key, number(a, a.text.substring(equals + 1).strip()));
        }
        var curve = new Curve(values.get("average"), values.get("max"), values.get("min"));
        if (!(0 <= curve.min && curve.min <= curve.max && curve.max <= 1)) {
            throw wrong("min is " + curve.min + " and max is " + curve.max + ", expected 0 <= min <= max <= 1");
        }
        return curve;
    }

    private double ratio(Argument a) {
        double ratio = number(a, a.text);
        if (ratio < 0 || ratio > 1) {
            throw wrong(a, "a ratio from 0 to 1");
        }
        return ratio;
    }

    private double number(Argument a, String digits) {
        try {
            double value = Double.parseDouble(digits);
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw wrong(a, "a number");
        }
        throw wrong(a, "a finite number");
    }

    private InputException wrong(Argument a, String expected) {
        return wrong("has \"" + a.text + "\" at character " + (a.at + 1) + ", expected " + expected);
    }

    private InputException wrong(String what) {
        return new InputException("--schedule " + text + ": " + what);
    }
}
