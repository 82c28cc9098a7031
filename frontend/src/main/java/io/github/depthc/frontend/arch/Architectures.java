// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.text.Nearest;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The registered architectures. */
public final class Architectures {
    private final TreeMap<String, Architecture> byModelType = new TreeMap<>();
    private final TreeMap<String, Architecture> byClassName = new TreeMap<>();
    private final TreeMap<String, String> refused = new TreeMap<>();

    private Architectures(Iterable<Architecture> all) {
        for (Architecture a : all) {
            a.modelTypes().forEach(t -> add(byModelType, t, a));
            a.classNames().forEach(c -> add(byClassName, c, a));
            refused.putAll(a.refused());
        }
    }

    /** Those on the class path. */
    public static Architectures registered() {
        return new Architectures(ServiceLoader.load(Architecture.class, Architectures.class.getClassLoader()));
    }

    /** All known values of {@code model_type}, sorted. */
    public List<String> modelTypes() {
        return List.copyOf(byModelType.keySet());
    }

    /** The architecture of a {@code model_type}; {@link InputException} lists the known ones and the nearest name. */
    public Architecture ofModelType(String modelType) {
        return find(modelType, "").orElseThrow(
                () -> new InputException("architecture \"" + modelType + "\" is unknown, expected " + expected(modelType)));
    }

    /** The architecture of a configuration, by {@code model_type}, or where that is absent by {@code architectures}. */
    public Architecture of(JsonObject config) {
        String modelType = config.optString("model_type", null);
        if (modelType != null) {
            return find(modelType, config.file() + ": ").orElseThrow(() -> config.error("model_type", expected(modelType)));
        }
        List<String> classes = config.optStrings("architectures").orElse(List.of());
        return classes.stream().filter(byClassName::containsKey).findFirst().map(byClassName::get)
                .orElseThrow(() -> config.error("model_type", "one of " + String.join(", ", byModelType.keySet())));
    }

    private Optional<Architecture> find(String modelType, String where) {
        if (refused.containsKey(modelType)) {
            throw new InputException(where + "model_type " + modelType + " cannot be imported: " + refused.get(modelType));
        }
        return Optional.ofNullable(byModelType.get(modelType));
    }

    private String expected(String modelType) {
        return "one of " + String.join(", ", byModelType.keySet()) + Nearest.hint(modelType, byModelType.keySet());
    }

    private static void add(TreeMap<String, Architecture> map, String name, Architecture a) {
        Architecture other = map.putIfAbsent(name, a);
        if (other != null) {
            throw new InputException("architecture '" + name + "' is registered twice: by " + other.getClass().getName() + " and by "
                    + a.getClass().getName());
        }
    }
}
