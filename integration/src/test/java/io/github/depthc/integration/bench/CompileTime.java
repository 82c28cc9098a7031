// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;

/** Time of the passes by number of layers, of models without weights. Arguments: rounds, layers. */
public final class CompileTime {
    private static final String PIPELINE = "schedule,convert-to-mod," + BuiltinPasses.LOWERING;

    private CompileTime() {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        int rounds = Integer.parseInt(args[0]);
        int layers = Integer.parseInt(args[1]);
        Results.header("The default pipeline on %d layers, in a fresh process and in %d more rounds".formatted(layers, rounds));
        PassRegistry registry = PassRegistry.load();
        var first = new LinkedHashMap<String, Double>();
        var last = new LinkedHashMap<String, List<Double>>();
        for (int round = 0; round <= rounds; round++) {
            Model model = Importer.fromConfig(JsonObject.parse(CONFIG.formatted(layers), "config.json"), "bench");
            var times = new LinkedHashMap<String, Double>();
            long start = System.nanoTime();
            Pipeline.parse(PIPELINE, registry).run(model, PassContext.builder().build(),
                    (step, outcome, now, time) -> times.put(step.name(), time.toNanos() / 1e6));
            times.put("all, and the verification before the first", (System.nanoTime() - start) / 1e6);
            if (round == 0) {
                first.putAll(times);
            } else {
                times.forEach((pass, ms) -> last.computeIfAbsent(pass, p -> new ArrayList<>()).add(ms));
            }
        }
        var table = new Results().row("pass, verified after it", "first round, ms", "later rounds, ms, median (quartiles)");
        first.forEach((pass, ms) -> table.row(pass, String.format(Locale.ROOT, "%.1f", ms), Measured.of(last.get(pass)).text(1, 1)));
        table.print();
    }

    private static final String CONFIG = """
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": %d,
             "num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
             "rope_theta": 500000.0, "hidden_act": "silu", "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
            """;
}
