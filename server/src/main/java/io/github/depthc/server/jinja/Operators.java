// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;

/** What operators do. */
final class Operators {
    private Operators() {
    }

    static Object binary(String operator, Object a, Object b) {
        return switch (operator) {
            case "==" -> Values.equal(a, b);
            case "!=" -> !Values.equal(a, b);
            case "<" -> Values.compare(a, b) < 0;
            case ">" -> Values.compare(a, b) > 0;
            case "<=" -> Values.compare(a, b) <= 0;
            case ">=" -> Values.compare(a, b) >= 0;
            case "in" -> Values.contains(b, a);
            case "~" -> Values.text(a) + Values.text(b);
            case "+" -> sum(a, b);
            default -> arithmetic(operator, a, b);
        };
    }

    private static Object sum(Object a, Object b) {
        if (a instanceof String x && b instanceof String y) {
            return x + y;
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            var both = new ArrayList<Object>(x);
            both.addAll(y);
            return both;
        }
        return arithmetic("+", a, b);
    }

    private static Object arithmetic(String operator, Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y && !operator.equals("/")) {
            if (y == 0 && (operator.equals("%") || operator.equals("//"))) {
                throw new TemplateException("a division by 0");
            }
            return switch (operator) {
                case "+" -> x + y;
                case "-" -> x - y;
                case "*" -> x * y;
                case "//" -> Math.floorDiv(x, y);
                case "%" -> Math.floorMod(x, y);
                default -> throw new TemplateException("the operator " + operator + " is not known");
            };
        }
        if (a instanceof Number x && b instanceof Number y) {
            double l = x.doubleValue();
            double r = y.doubleValue();
            return switch (operator) {
                case "+" -> l + r;
                case "-" -> l - r;
                case "*" -> l * r;
                case "/" -> l / r;
                case "//" -> Math.floor(l / r);
                case "%" -> l - r * Math.floor(l / r);
                default -> throw new TemplateException("the operator " + operator + " is not known");
            };
        }
        throw new TemplateException("'" + operator + "' of " + Values.kind(a) + " and " + Values.kind(b));
    }
}
