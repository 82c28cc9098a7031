// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.AttributeDefault;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Writes records as text and reads them back, by their components alone: {@code {heads=8, scale=0.25}}.
 *
 * <table><caption>Component types</caption>
 * <tr><th>component</th><th>text</th></tr>
 * <tr><td>int, long, boolean</td><td>{@code 3}, {@code true}</td></tr>
 * <tr><td>double</td><td>the shortest decimal that reads back equal, {@code 1.0E-5}; never infinite or not a number</td></tr>
 * <tr><td>String</td><td>{@code "a \"b\""}</td></tr>
 * <tr><td>enum</td><td>the constant in lower case, {@code mlp}</td></tr>
 * <tr><td>List</td><td>{@code [1, 2]}</td></tr>
 * <tr><td>record</td><td>{@code {dim=8, theta=10000.0}}</td></tr>
 * <tr><td>sealed interface of records</td><td>the record's name in snake case and its components, if it has any:
 * {@code none}, {@code top_k(ratio=0.5)}</td></tr>
 * <tr><td>{@link WeightExpr}, {@link io.github.depthc.ir.Type}, {@link TensorType}</td><td>as elsewhere in the text form</td></tr>
 * </table>
 *
 * <p>Components are written in order and read in any order; one whose value is its {@link AttributeDefault} is not written, and neither are the parentheses of a choice without any to write. Where there are defaults, a record within a record takes the components that
 * are left out from its own default, and so does one of the choices of a sealed interface if its default is of the same name. A name that is unknown, missing or given twice, and a value that
 * the record's constructor refuses, is a {@link TextException}. A component of any other type is a mistake of the record's
 * author: an {@link IllegalArgumentException}, which the verifier reports.
 */
public final class RecordCodec {
    private static final Set<Class<?>> SIMPLE = Set.of(int.class, Integer.class, long.class, Long.class, double.class, Double.class, boolean.class,
            Boolean.class, String.class, WeightExpr.class, io.github.depthc.ir.Type.class, TensorType.class);

    private RecordCodec() {
    }

    /** The way to a value that is being read, and who is told where it stands. */
    private record Place(String path, BiConsumer<String, Location> told) {
        static final Place UNTOLD = new Place("", (path, at) -> { });

        Place of(String component) {
            return new Place(path.isEmpty() ? component : path + "." + component, told);
        }

        Place of(int element) {
            return new Place(path + "[" + element + "]", told);
        }

        void is(Location at) {
            told.accept(path, at);
        }
    }

    /** A record as {@code {a=1, b=two}}. */
    public static String print(Record record) {
        var out = new StringBuilder("{");
        printFields(out, record, Set.of());
        return out.append('}').toString();
    }

    /** A record as {@code {b=two}}, without the components that are as in another; nothing, not even braces, when all are. */
    public static <R extends Record> String print(R record, R defaults) {
        List<String> values = printValues(record);
        List<String> others = printValues(defaults);
        RecordComponent[] components = record.getClass().getRecordComponents();
        var fields = new ArrayList<String>();
        for (int i = 0; i < components.length; i++) {
            if (!values.get(i).equals(others.get(i))) {
                fields.add(components[i].getName() + "=" + values.get(i));
            }
        }
        return fields.isEmpty() ? "" : "{" + String.join(", ", fields) + "}";
    }

    /**
     * Reads {@code {a=1, b=two}} where the cursor stands. Components that the text leaves out come from the defaults (null for
     * none); the braces may be left out when nothing has to be between them.
     */
    public static <R extends Record> R parse(Class<R> type, Cursor cursor, R defaults) {
        return parse(type, cursor, defaults, (path, at) -> { });
    }

    /**
     * The same.
     *
     * @param places told where each value stands that the text has: {@code layers}, its elements {@code layers[0]}, {@code layers[1]}, and
     *               components of components {@code plan.ratio}
     */
    public static <R extends Record> R parse(Class<R> type, Cursor cursor, R defaults, BiConsumer<String, Location> places) {
        if (cursor.at('{')) {
            return parseBraces(type, cursor, defaults, new Place("", places));
        }
        if (defaults == null && type.getRecordComponents().length > 0) {
            throw cursor.expected("'{' and " + String.join(", ", names(type, Set.of())));
        }
        return defaults != null ? defaults : cursor.make(cursor.here(), () -> construct(type, new Object[0]));
    }

    /** Reads a text that is a record and nothing else. */
    public static <R extends Record> R parse(Class<R> type, SourceText text, R defaults) {
        var cursor = new Cursor(text);
        R record = parse(type, cursor, defaults);
        cursor.end();
        return record;
    }

    /** Refuses a kind of record that has a component of a type that is not in the table above: {@link IllegalArgumentException}. */
    public static void requireText(Class<? extends Record> type) {
        requireText(type, new HashSet<>());
    }

    private static void requireText(Type type, Set<Type> seen) {
        if (!seen.add(type)) {
            return;
        }
        switch (type) {
            case ParameterizedType p when p.getRawType() == List.class -> requireText(p.getActualTypeArguments()[0], seen);
            case Class<?> c when SIMPLE.contains(c) -> { }
            case Class<?> c when c.isEnum() -> requireWords(c, Arrays.stream(c.getEnumConstants()).map(e -> text((Enum<?>) e)).toList());
            case Class<?> c when c.isRecord() -> {
                for (RecordComponent component : c.getRecordComponents()) {
                    requireWords(c, List.of(component.getName()));
                    try {
                        requireText(component.getGenericType(), seen);
                        if (component.isAnnotationPresent(AttributeDefault.class)) {
                            requireDefault(component);
                        }
                    } catch (IllegalArgumentException e) {
                        throw new IllegalArgumentException(component.getName() + " of " + c.getSimpleName() + ": " + e.getMessage(), e);
                    }
                }
            }
            case Class<?> c when c.isSealed() -> {
                var variants = new LinkedHashMap<String, Class<? extends Record>>();
                addVariants(variants, c);
                requireWords(c, List.copyOf(variants.keySet()));
                variants.values().forEach(v -> requireText(v, seen));
            }
            default -> throw new IllegalArgumentException(type.getTypeName() + " has no text form");
        }
    }

    private static void requireDefault(RecordComponent c) {
        String text = c.getAnnotation(AttributeDefault.class).value();
        var printed = new StringBuilder();
        try {
            printValue(printed, c.getName(), written(c));
        } catch (TextException e) {
            throw new IllegalArgumentException("@AttributeDefault(\"" + text + "\"): " + e.getMessage(), e);
        }
        // what is printed is compared with this text, for each attribute that is printed
        if (!printed.toString().equals(text)) {
            throw new IllegalArgumentException("@AttributeDefault(\"" + text + "\"): expected it as it is printed, " + printed);
        }
    }

    /** Words that stand in texts can be read back, and tell one thing from another. */
    private static void requireWords(Class<?> type, List<String> words) {
        var seen = new HashSet<String>();
        for (String word : words) {
            if (!Cursor.isIdentifier(word)) {
                throw new IllegalArgumentException(type.getSimpleName() + " has '" + word + "', expected a letter a to z or _ and then letters, digits and _");
            }
            if (!seen.add(word)) {
                throw new IllegalArgumentException(type.getSimpleName() + " has two that are written '" + word + "', which case does not tell apart");
            }
        }
    }

    /** Reads a value of any type in the table above, such as a choice {@code top_k(ratio=0.5)} of a sealed interface. */
    public static <T> T parseValue(Class<T> type, Cursor cursor) {
        return type.cast(readValue(cursor, type, null, Place.UNTOLD));
    }

    /** The values of a record's components, each as it would be written, in order. */
    public static List<String> printValues(Record record) {
        return Arrays.stream(record.getClass().getRecordComponents()).map(c -> {
            var out = new StringBuilder();
            printValue(out, c.getName(), get(record, c));
            return out.toString();
        }).toList();
    }

    /** The words that an enumeration's constants or a sealed interface's records are written with; none for other types. */
    public static List<String> choices(Class<?> type) {
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants()).map(c -> text((Enum<?>) c)).toList();
        }
        if (!type.isSealed()) {
            return List.of();
        }
        var variants = new LinkedHashMap<String, Class<? extends Record>>();
        addVariants(variants, type);
        return List.copyOf(variants.keySet());
    }

    /** {@code SharedLinear} as {@code shared_linear}. */
    static String snake(String name) {
        return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_").toLowerCase(Locale.ROOT);
    }

    /** Components but for some, {@code a=1, b=two}. */
    static void printFields(StringBuilder out, Record record, Set<String> omitted) {
        String separator = "";
        for (RecordComponent c : record.getClass().getRecordComponents()) {
            if (!omitted.contains(c.getName()) && !isDefault(c, get(record, c))) {
                out.append(separator).append(c.getName()).append('=');
                printValue(out, c.getName(), get(record, c));
                separator = ", ";
            }
        }
    }

    private static boolean isDefault(RecordComponent c, Object value) {
        AttributeDefault written = c.getAnnotation(AttributeDefault.class);
        if (written == null) {
            return false;
        }
        var text = new StringBuilder();
        printValue(text, c.getName(), value);
        return text.toString().equals(written.value());
    }

    static void printValue(StringBuilder out, String name, Object value) {
        switch (value) {
            case Integer i -> out.append(i);
            case Long l -> out.append(l);
            case Boolean b -> out.append(b);
            case Double d -> {
                if (!Double.isFinite(d)) {
                    throw new IllegalArgumentException(name + " is " + d + ", expected a finite number");
                }
                out.append(d);
            }
            case String s -> out.append(Strings.quote(s));
            case Enum<?> e -> out.append(text(e));
            case List<?> list -> {
                out.append('[');
                for (int i = 0; i < list.size(); i++) {
                    out.append(i == 0 ? "" : ", ");
                    printValue(out, name, list.get(i));
                }
                out.append(']');
            }
            case WeightExpr w -> WeightText.print(out, w);
            case io.github.depthc.ir.Type t -> out.append(TypeText.print(t));
            case Record r -> printRecord(out, r);
            case null, default -> throw new IllegalArgumentException(name + " is " + (value == null ? "null" : "a " + value.getClass().getName())
                    + ", which has no text form");
        }
    }

    /** A record on its own is in braces; one of the choices of a sealed interface has its name before it. */
    private static void printRecord(StringBuilder out, Record r) {
        if (!isVariant(r.getClass())) {
            out.append(print(r));
            return;
        }
        out.append(snake(r.getClass().getSimpleName()));
        var fields = new StringBuilder();
        printFields(fields, r, Set.of());
        if (!fields.isEmpty()) {
            out.append('(').append(fields).append(')');
        }
    }

    /**
     * Reads {@code a=1, b=two} and the closing character.
     *
     * @param given    components that the text may not have, and their values
     * @param defaults where components that are missing come from, or null
     */
    static <R extends Record> R readFields(Cursor cursor, Class<R> type, char close, Map<String, ?> given, R defaults) {
        return readFields(cursor, type, close, given, defaults, Place.UNTOLD);
    }

    private static <R extends Record> R readFields(Cursor cursor, Class<R> type, char close, Map<String, ?> given, Record defaults, Place place) {
        Location start = cursor.here();
        RecordComponent[] components = type.getRecordComponents();
        var byName = new LinkedHashMap<String, RecordComponent>();
        for (RecordComponent c : components) {
            if (!given.containsKey(c.getName())) {
                byName.put(c.getName(), c);
            }
        }
        String expected = byName.isEmpty() ? "'" + close + "': it has no attributes" : oneOf(names(type, given.keySet()));
        var values = new HashMap<String, Object>(given);
        if (!cursor.at(close)) {
            do {
                Location at = cursor.here();
                String key = cursor.identifier(expected);
                RecordComponent component = byName.get(key);
                if (component == null) {
                    throw cursor.error(at, "found '" + Cursor.clip(key) + "', expected " + expected + Nearest.hint(key, byName.keySet()));
                }
                if (values.containsKey(key)) {
                    throw cursor.error(at, "found '" + key + "' again, expected it once");
                }
                cursor.expect('=');
                values.put(key, readValue(cursor, component.getGenericType(), defaults == null ? null : get(defaults, component),
                        place.of(key)));
            } while (cursor.take(','));
        }
        for (RecordComponent c : byName.values()) {
            if (defaults == null && !values.containsKey(c.getName()) && c.isAnnotationPresent(AttributeDefault.class)) {
                values.put(c.getName(), written(c));
            } else if (defaults == null && !values.containsKey(c.getName()) && cursor.at(close)) {
                throw cursor.expected("'" + c.getName() + "='");
            }
        }
        if (!cursor.take(close)) {
            throw cursor.expected("',' or '" + close + "'");
        }
        Object[] arguments = Arrays.stream(components)
                .map(c -> values.containsKey(c.getName()) ? values.get(c.getName()) : get(defaults, c)).toArray();
        return cursor.make(start, () -> construct(type, arguments));
    }

    /** @param otherwise the value where the text has none, or null */
    private static Object readValue(Cursor cursor, Type type, Object otherwise, Place place) {
        place.is(cursor.here());
        return cursor.nested(() -> switch (type) {
            case ParameterizedType p when p.getRawType() == List.class -> readList(cursor, p.getActualTypeArguments()[0], place);
            case Class<?> c when c == int.class || c == Integer.class -> (int) cursor.integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case Class<?> c when c == long.class || c == Long.class -> cursor.integer(Long.MIN_VALUE, Long.MAX_VALUE);
            case Class<?> c when c == double.class || c == Double.class -> cursor.number();
            case Class<?> c when c == boolean.class || c == Boolean.class -> readChoice(cursor, Map.of("true", true, "false", false));
            case Class<?> c when c == String.class -> cursor.string();
            case Class<?> c when c == WeightExpr.class -> WeightText.read(cursor);
            case Class<?> c when c == io.github.depthc.ir.Type.class -> TypeText.read(cursor);
            case Class<?> c when c == TensorType.class -> TypeText.readTensor(cursor);
            case Class<?> c when c.isEnum() -> readEnum(cursor, c);
            case Class<?> c when c.isRecord() && !isVariant(c) -> parseBraces(c.asSubclass(Record.class), cursor, (Record) otherwise, place);
            case Class<?> c when c.isRecord() || c.isSealed() -> readVariant(cursor, c, (Record) otherwise, place);
            default -> throw new IllegalArgumentException(type.getTypeName() + " has no text form");
        });
    }

    private static <R extends Record> R parseBraces(Class<R> type, Cursor cursor, Record defaults, Place place) {
        cursor.expect('{');
        return readFields(cursor, type, '}', Map.of(), defaults, place);
    }

    private static List<Object> readList(Cursor cursor, Type element, Place place) {
        var list = new ArrayList<>();
        if (!cursor.take('[')) {
            throw cursor.expected(cursor.atValue() ? "a list: write [" + cursor.found() + "]" : "'['");
        }
        if (!cursor.at(']')) {
            do {
                list.add(readValue(cursor, element, null, place.of(list.size())));
            } while (cursor.take(','));
        }
        if (!cursor.take(']')) {
            throw cursor.expected("',' or ']'");
        }
        return list;
    }

    private static Object readEnum(Cursor cursor, Class<?> type) {
        var choices = new LinkedHashMap<String, Object>();
        for (Object constant : type.getEnumConstants()) {
            choices.put(text((Enum<?>) constant), constant);
        }
        return readChoice(cursor, choices);
    }

    private static Record readVariant(Cursor cursor, Class<?> type, Record otherwise, Place place) {
        var variants = new LinkedHashMap<String, Class<? extends Record>>();
        addVariants(variants, type);
        Class<? extends Record> variant = readChoice(cursor, variants);
        Record defaults = variant.isInstance(otherwise) ? otherwise : null;
        if (cursor.take('(')) {
            return readFields(cursor, variant, ')', Map.of(), defaults, place);
        }
        if (defaults != null) {
            return defaults;
        }
        RecordComponent[] components = variant.getRecordComponents();
        if (!Arrays.stream(components).allMatch(c -> c.isAnnotationPresent(AttributeDefault.class))) {
            throw cursor.expected("'(' and " + String.join(", ", names(variant, Set.of())));
        }
        Location at = cursor.here();
        return cursor.make(at, () -> construct(variant, Arrays.stream(components).map(RecordCodec::written).toArray()));
    }

    /** The value that a component has where a text has none. */
    private static Object written(RecordComponent c) {
        var text = new SourceText("default of " + c.getName(), c.getAnnotation(AttributeDefault.class).value());
        return readValue(new Cursor(text), c.getGenericType(), null, Place.UNTOLD);
    }

    private static void addVariants(Map<String, Class<? extends Record>> variants, Class<?> type) {
        if (type.isRecord()) {
            Class<? extends Record> other = variants.putIfAbsent(snake(type.getSimpleName()), type.asSubclass(Record.class));
            if (other != null && other != type) {
                throw new IllegalArgumentException(other.getName() + " and " + type.getName() + " are both written '" + snake(type.getSimpleName()) + "'");
            }
        } else if (type.isSealed()) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                addVariants(variants, permitted);
            }
        } else {
            throw new IllegalArgumentException(type.getName() + " has no text form: it is no record");
        }
    }

    private static boolean isVariant(Class<?> record) {
        return Arrays.stream(record.getInterfaces()).anyMatch(Class::isSealed);
    }

    private static <T> T readChoice(Cursor cursor, Map<String, T> choices) {
        String expected = "one of " + String.join(", ", choices.keySet().stream().sorted().toList());
        Location at = cursor.here();
        String word = cursor.identifier(expected);
        T choice = choices.get(word);
        if (choice == null) {
            throw cursor.error(at, "found '" + Cursor.clip(word) + "', expected " + expected + Nearest.hint(word, choices.keySet()));
        }
        return choice;
    }

    private static List<String> names(Class<? extends Record> type, Set<String> omitted) {
        return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).filter(n -> !omitted.contains(n)).map(n -> n + "=").toList();
    }

    private static String oneOf(List<String> names) {
        return names.size() == 1 ? "'" + names.getFirst() + "'" : "one of " + String.join(", ", names);
    }

    private static String text(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static Object get(Record record, RecordComponent component) {
        try {
            // A record that is not public has an accessor that is not accessible otherwise.
            component.getAccessor().trySetAccessible();
            return component.getAccessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalArgumentException("cannot read " + component + " of " + record.getClass().getName(), e);
        }
    }

    private static <R extends Record> R construct(Class<R> type, Object[] arguments) {
        try {
            var constructor = type.getDeclaredConstructor(
                    Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType).toArray(Class<?>[]::new));
            constructor.trySetAccessible();
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalArgumentException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(type.getName() + " cannot be constructed", e);
        }
    }
}
