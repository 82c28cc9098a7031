// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.ir.text.RecordCodec;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.PassSpec;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What there is to know about an option of a pass, read off the record of its options.
 *
 * @param name         as it is written
 * @param type         in words, or the choices it has, {@code a|b|c}
 * @param defaultValue as it would be written
 * @param description  from {@link Doc}; empty where there is none
 * @param parts        the components of a record, or of the records in a list, which have no defaults of their own here
 */
public record OptionInfo(String name, String type, String defaultValue, Optional<String> description, List<OptionInfo> parts) {
    public OptionInfo {
        parts = List.copyOf(parts);
    }

    /** Sealed, but written in forms of their own. */
    private static final Set<Class<?>> CODE_TYPES = Set.of(WeightExpr.class, io.github.depthc.ir.Type.class);

    /** The options of a pass, in order. */
    public static List<OptionInfo> of(PassSpec<?> spec) {
        List<String> defaults = RecordCodec.printValues(spec.defaults());
        var options = new ArrayList<OptionInfo>();
        for (RecordComponent c : spec.optionsType().getRecordComponents()) {
            options.add(of(c, defaults.get(options.size())));
        }
        return options;
    }

    private static OptionInfo of(RecordComponent c, String defaultValue) {
        return new OptionInfo(c.getName(), type(c.getGenericType()), defaultValue, Optional.ofNullable(c.getAnnotation(Doc.class)).map(Doc::value),
                parts(c.getGenericType()));
    }

    private static List<OptionInfo> parts(Type type) {
        return switch (type) {
            case ParameterizedType p when p.getRawType() == List.class -> parts(p.getActualTypeArguments()[0]);
            case Class<?> c when c.isRecord() -> Arrays.stream(c.getRecordComponents()).map(part -> of(part, "")).toList();
            default -> List.of();
        };
    }

    private static String type(Type type) {
        return switch (type) {
            case ParameterizedType p when p.getRawType() == List.class -> "list of " + plural(type(p.getActualTypeArguments()[0]));
            case Class<?> c when c == int.class || c == Integer.class || c == long.class || c == Long.class -> "integer";
            case Class<?> c when c == double.class || c == Double.class -> "number";
            case Class<?> c when c == boolean.class || c == Boolean.class -> "true|false";
            case Class<?> c when c == String.class -> "string";
            case Class<?> c when !CODE_TYPES.contains(c) && !RecordCodec.choices(c).isEmpty() -> String.join("|", RecordCodec.choices(c));
            case Class<?> c when c.isRecord() -> Arrays.stream(c.getRecordComponents()).map(RecordComponent::getName)
                    .collect(Collectors.joining("=, ", "{", "=}"));
            case Class<?> c -> c.getSimpleName().toLowerCase(Locale.ROOT);
            default -> type.getTypeName();
        };
    }

    private static String plural(String type) {
        return type.contains(" ") || type.contains("|") ? type : type + "s";
    }
}
