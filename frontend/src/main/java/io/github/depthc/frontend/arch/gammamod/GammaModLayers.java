// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gammamod;

import io.github.depthc.frontend.json.JsonObject;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The converted layers: {@code mod.mod_layers_idx}, a list or the name of a set, or where that is null the set that
 * {@code mod.mod_mode} names ({@code initialize_mod_modules} in {@code llava_llama_mod.py}).
 */
final class GammaModLayers {
    static final String INDICES = "mod_layers_idx";
    private static final String MODE = "mod_mode";

    private GammaModLayers() {
    }

    /** The indices, ascending. */
    static List<Integer> of(JsonObject config, int layers) {
        JsonObject mod = config.requireObject("mod");
        if (mod.has(INDICES) && mod.node().get(INDICES).isArray()) {
            List<Integer> list = mod.optInts(INDICES, 0, layers - 1).orElseThrow();
            var sorted = new TreeSet<>(list);
            if (sorted.size() != list.size()) {
                throw mod.error(INDICES, "each layer once");
            }
            return List.copyOf(sorted);
        }
        return named(mod, mod.has(INDICES) ? INDICES : MODE, layers);
    }

    /** Layers for a model of any depth: as in the published recipe from five layers on, else all but the first and the last. */
    static List<Integer> example(int layers) {
        int first = layers >= 5 ? 3 : layers > 1 ? 1 : 0;
        return IntStream.range(first, Math.max(layers - 1, first + 1)).boxed().toList();
    }

    private static List<Integer> named(JsonObject mod, String key, int n) {
        IntPredicate routed = switch (mod.requireString(key)) {
            case "first_half" -> i -> i < n / 2;
            case "second_half" -> i -> i >= n / 2 && i < n - 1;
            case "sparse" -> i -> i % 2 == 0;
            case "dense" -> i -> true;
            case "first_last_dense" -> i -> i >= 1 && i < n - 1;
            case "last_two_thirds" -> i -> i >= n / 3 + 2 && i < n - 1;
            case "first_five_dense" -> i -> i >= 5 && i < n - 1;
            case "arank_mod" -> i -> i >= 3 && i < n - 1;
            default -> throw mod.error(key, "a list of layers, or first_half, second_half, sparse, dense, first_last_dense, "
                    + "last_two_thirds, first_five_dense or arank_mod");
        };
        return IntStream.range(0, n).filter(routed).boxed().toList();
    }
}
