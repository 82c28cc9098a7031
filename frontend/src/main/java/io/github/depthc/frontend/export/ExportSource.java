// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.export;

import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.common.RotaryConfig;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/**
 * What is to be exported.
 *
 * @param place   what the user named, for messages
 * @param config  the {@code config.json} that the model was imported with
 * @param info    the architecture
 * @param layers  how each layer routes, empty where it is dense
 * @param weights every weight of the graph, by the name of the checkpoint's tensor that it is
 * @param others  tensors of the checkpoint that no graph uses and that go along, by name
 */
public record ExportSource(String place, JsonObject config, ModelInfo info, List<Optional<Routing>> layers,
        SequencedMap<String, WeightExpr.Stored> weights, SequencedMap<String, WeightExpr.Stored> others) {
    private static final double DEFAULT_THETA = 10_000;

    public ExportSource {
        layers = List.copyOf(layers);
        weights = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(weights));
        others = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(others));
    }

    /** The routed layers, ascending. */
    public List<Integer> routed() {
        return IntStream.range(0, layers.size()).filter(l -> layers.get(l).isPresent()).boxed().toList();
    }

    /** The rotary embedding, of a Llama. */
    public RotarySpec rotary() {
        return RotaryConfig.of(new DecoderConfig("", config)).spec(info.headDim(), DEFAULT_THETA);
    }

    /** The error for something that the format lacks. */
    public InputException refused(String format, String what, String advice) {
        return new InputException(place + ": " + what + ", which " + format + " checkpoints cannot express; " + advice);
    }

    /** Refuses a layer of which tokens skip a part. */
    public void requireWhole(Routing routing, String format, int layer) {
        require(routing.part() == Routing.Part.LAYER, format, layer, "lets tokens skip its " + (routing.part() == Routing.Part.MLP ? "MLP" : "attention") + " alone",
                "convert again with part=layer");
    }

    /** Throws {@link #refused} of a layer unless the condition holds. */
    public void require(boolean holds, String format, int layer, String what, String advice) {
        if (!holds) {
            throw refused(format, "layer " + layer + " " + what, advice);
        }
    }

    /** A selection in words, for messages. */
    public static String words(Routing.Selection selection) {
        return switch (selection) {
            case Routing.Selection.TopK k -> "the largest scores";
            case Routing.Selection.Threshold(double prompt, double single) -> "the thresholds " + prompt + " and " + single;
            case Routing.Selection.EvenlySpaced e -> "even spacing";
            case Routing.Selection.MostRecent m -> "place, the last ones";
            case Routing.Selection.RecentTopK(double ratio, int recent) -> "the largest scores and place, the last " + recent;
            case Routing.Selection.Random r -> "chance";
        };
    }
}
