// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What values are: none (null), booleans, whole numbers ({@code Long}) and others ({@code Double}), strings, lists, mappings with strings, whole numbers and none
 * as keys, {@link Sequence}, {@link Namespace}, {@link Function}, {@link LoopState}, {@link Undefined}.
 */
final class Values {
    private Values() {
    }

    static boolean isTrue(Object value) {
        return switch (value) {
            case null -> false;
            case Undefined u -> false;
            case Boolean b -> b;
            case Long n -> n != 0;
            case Double d -> d != 0;
            case String s -> !s.isEmpty();
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            case Sequence s when s.kind() != Sequence.Kind.GENERATOR -> !s.items().isEmpty();
            default -> true;
        };
    }

    /** What a loop goes through. */
    static List<?> items(Work work, Object value) {
        return switch (value) {
            case List<?> l -> l;
            case Sequence s -> s.items();
            case Map<?, ?> m -> {
                work.list(m.size());
                yield new ArrayList<>(m.keySet());
            }
            case String s -> {
                work.make((long) s.length() * (Work.OBJECT + Work.ELEMENT));
                yield s.codePoints().mapToObj(Character::toString).toList();
            }
            case Undefined u -> List.of();
            case null, default -> throw new TemplateException(kind(value) + " has no items to go through");
        };
    }

    static long length(Work work, Object value) {
        return switch (value) {
            case String s -> {
                work.touch(s.length());
                yield Strings.length(s);
            }
            case List<?> l -> l.size();
            case Map<?, ?> m -> m.size();
            case Sequence s when s.kind() != Sequence.Kind.GENERATOR -> s.items().size();
            case Undefined u -> 0;
            case null, default -> throw new TemplateException(kind(value) + " has no length");
        };
    }

    /** A whole number, which booleans are too. */
    static long whole(Object value) {
        return switch (value) {
            case Long n -> n;
            case Boolean b -> b ? 1 : 0;
            case Undefined u -> throw u.error();
            case null, default -> throw new TemplateException("found " + kind(value) + ", expected a whole number");
        };
    }

    /** A whole number that counts things in memory. */
    static int count(Object value) {
        return Math.clamp(whole(value), Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /** A number, which booleans are too; null for what is none. */
    static Number number(Object value) {
        return switch (value) {
            case Boolean b -> b ? 1L : 0L;
            case Number n -> n;
            case null, default -> null;
        };
    }

    static String string(Object value) {
        return switch (value) {
            case String s -> s;
            case Undefined u -> throw u.error();
            case null, default -> throw new TemplateException("found " + kind(value) + ", expected a string");
        };
    }

    /** A key of a mapping. */
    static Object key(Work work, Object value) {
        return switch (value) {
            case null -> null;
            case String s -> {
                work.touch(s.length());
                yield s;
            }
            case Long n -> n;
            case Undefined u -> throw u.error();
            default -> throw new TemplateException(kind(value) + " as a key; keys are strings, whole numbers and none here");
        };
    }

    static String kind(Object value) {
        return switch (value) {
            case null -> "none";
            case Undefined u -> "something undefined";
            case String s -> "a string";
            case Long n -> "a whole number";
            case Number n -> "a number";
            case Boolean b -> "a boolean";
            case List<?> l -> "a list";
            case Map<?, ?> m -> "a mapping";
            case Sequence s -> s.kind() == Sequence.Kind.RANGE ? "a range" : "a " + s.name();
            case Namespace n -> "a namespace";
            case LoopState l -> "a loop";
            default -> "a function";
        };
    }
}
