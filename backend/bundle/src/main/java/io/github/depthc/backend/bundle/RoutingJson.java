// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.mod.Routing;
import java.util.List;

/** A layer's {@link Routing} as fields of its entry in {@code bundle.json}. */
final class RoutingJson {
    private static final double HUGE = 1e6;

    private RoutingJson() {
    }

    /** Adds the fields of a routing to a layer's object. */
    static void write(Routing r, ObjectNode to) {
        to.put("ratio", r.selection().ratio());
        to.set("score", switch (r.score()) {
            case Routing.Score.None s -> kind("none");
            case Routing.Score.Linear(boolean bias) -> kind("linear").put("bias", bias);
            case Routing.Score.SharedLinear s -> kind("shared_linear");
            case Routing.Score.Given(int earlier, int observers) -> earlier == 0 ? kind("given") : kind("given").put("earlier", earlier).put("observers", observers);
            case Routing.Score.AttentionReceived(int observers) -> kind("attention_received").put("observers", observers);
        });
        to.set("gate", switch (r.gate()) {
            case Routing.Gate.One g -> kind("one");
            case Routing.Gate.Tanh(double alpha, double beta) -> kind("tanh").put("alpha", alpha).put("beta", beta);
            case Routing.Gate.Sigmoid(double alpha, double beta) -> kind("sigmoid").put("alpha", alpha).put("beta", beta);
            case Routing.Gate.Softmax(double alpha, double beta) -> kind("softmax").put("alpha", alpha).put("beta", beta);
            case Routing.Gate.Probability g -> kind("probability");
        });
        to.put("placement", JsonFields.text(r.placement()));
        to.set("selection", switch (r.selection()) {
            case Routing.Selection.TopK(double ratio) -> kind("top_k").put("ratio", ratio);
            case Routing.Selection.Threshold(double prompt, double single) ->
                    kind("threshold").put("prompt", prompt).put("single", single);
            case Routing.Selection.EvenlySpaced(double ratio) -> kind("evenly_spaced").put("ratio", ratio);
            case Routing.Selection.RecentTopK(double ratio, int recent) -> kind("recent_top_k").put("ratio", ratio).put("recent", recent);
            case Routing.Selection.MostRecent(double ratio) -> kind("most_recent").put("ratio", ratio);
            case Routing.Selection.Random(double ratio, int seed) -> kind("random").put("ratio", ratio).put("seed", seed);
        });
        to.put("candidates", JsonFields.text(r.candidates()));
        to.put("skipped_kv", JsonFields.text(r.kv()));
        to.put("positions", JsonFields.text(r.positions()));
        to.set("skip_path", switch (r.skip()) {
            case Routing.SkipPath.Identity s -> kind("identity");
            case Routing.SkipPath.Gated s -> kind("gated");
            case Routing.SkipPath.Linear(int rank) -> kind("linear").put("rank", rank);
        });
        to.put("decode", JsonFields.text(r.decode()));
        to.put("part", JsonFields.text(r.part()));
    }

    /** Reads what {@link #write} wrote. */
    static Routing read(JsonFields f) {
        try {
            var routing = new Routing(score(f.object("score")), gate(f.object("gate")), f.constant("placement", Routing.Placement.class),
                    selection(f.object("selection")), f.constant("candidates", Routing.Candidates.class),
                    f.constant("skipped_kv", Routing.SkippedKv.class), f.constant("positions", Routing.Positions.class),
                    skipPath(f.object("skip_path")), f.constant("decode", Routing.DecodeRule.class),
                    f.constant("part", Routing.Part.class));
            if (f.real("ratio", 0, 1) != routing.selection().ratio()) {
                throw f.bad("has the ratio " + f.real("ratio", 0, 1) + ", expected " + routing.selection().ratio() + " as its selection has");
            }
            return routing;
        } catch (TypeException e) {
            throw f.bad("does not hold together: " + e.getMessage());
        }
    }

    private static Routing.Score score(JsonFields f) {
        return switch (f.text("kind")) {
            case "none" -> new Routing.Score.None();
            case "linear" -> new Routing.Score.Linear(f.flag("bias"));
            case "shared_linear" -> new Routing.Score.SharedLinear();
            case "given" -> f.has("earlier") ? new Routing.Score.Given(f.integer("earlier", 1, Integer.MAX_VALUE), f.integer("observers", 1, Integer.MAX_VALUE))
                    : new Routing.Score.Given();
            case "attention_received" -> new Routing.Score.AttentionReceived(f.integer("observers", 1, Integer.MAX_VALUE));
            default -> throw f.oneOf("kind", List.of("none", "linear", "shared_linear", "attention_received", "given"));
        };
    }

    private static Routing.Gate gate(JsonFields f) {
        return switch (f.text("kind")) {
            case "one" -> new Routing.Gate.One();
            case "tanh" -> new Routing.Gate.Tanh(f.real("alpha", 0, HUGE), f.real("beta", -HUGE, HUGE));
            case "sigmoid" -> new Routing.Gate.Sigmoid(f.real("alpha", 0, HUGE), f.real("beta", -HUGE, HUGE));
            case "softmax" -> new Routing.Gate.Softmax(f.real("alpha", 0, HUGE), f.real("beta", -HUGE, HUGE));
            case "probability" -> new Routing.Gate.Probability();
            default -> throw f.oneOf("kind", List.of("one", "tanh", "sigmoid", "softmax", "probability"));
        };
    }

    private static Routing.Selection selection(JsonFields f) {
        return switch (f.text("kind")) {
            case "top_k" -> new Routing.Selection.TopK(f.real("ratio", 0, 1));
            case "threshold" -> new Routing.Selection.Threshold(f.real("prompt", -HUGE, HUGE), f.real("single", -HUGE, HUGE));
            case "evenly_spaced" -> new Routing.Selection.EvenlySpaced(f.real("ratio", 0, 1));
            case "most_recent" -> new Routing.Selection.MostRecent(f.real("ratio", 0, 1));
            case "recent_top_k" -> new Routing.Selection.RecentTopK(f.real("ratio", 0, 1), f.integer("recent", 0, Integer.MAX_VALUE));
            case "random" -> new Routing.Selection.Random(f.real("ratio", 0, 1), f.integer("seed", 0, Integer.MAX_VALUE));
            default -> throw f.oneOf("kind", List.of("top_k", "threshold", "evenly_spaced", "most_recent", "recent_top_k", "random"));
        };
    }

    private static Routing.SkipPath skipPath(JsonFields f) {
        return switch (f.text("kind")) {
            case "identity" -> new Routing.SkipPath.Identity();
            case "gated" -> new Routing.SkipPath.Gated();
            case "linear" -> new Routing.SkipPath.Linear(f.integer("rank", 1, 1 << 20));
            default -> throw f.oneOf("kind", List.of("identity", "gated", "linear"));
        };
    }

    private static ObjectNode kind(String kind) {
        return JsonNodeFactory.instance.objectNode().put("kind", kind);
    }
}
