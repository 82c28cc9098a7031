// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** What a layer's box says. */
final class LayerText {
    private final OptionalLong prompt;

    /**
     * Text about layers.
     *
     * @param prompt tokens of the prompt of which kept ones are counted; empty where nothing is known about the model
     */
    LayerText(OptionalLong prompt) {
        this.prompt = prompt;
    }

    /** A node with regions. */
    Chart.Head head(Node node) {
        String tooltip = OpText.tooltip(node);
        return switch (node.kind()) {
            case Layer l -> new Chart.Head("layer " + l.index(), l.selected() ? Chart.Kind.PLANNED : Chart.Kind.DENSE,
                    l.selected() ? OptionalDouble.of(l.ratio()) : OptionalDouble.empty(), "", tooltip);
            case DecoderLayer l when l.routed().isPresent() -> routed("layer " + l.index(), l.routed().get().selection(), kept(l.routed().get()), tooltip);
            default -> new Chart.Head(node.kind().mnemonic(), Chart.Kind.OTHER, OptionalDouble.empty(), "", tooltip);
        };
    }

    /** The nodes of a flat graph that one layer was lowered to. */
    Chart.Head lowered(int layer, List<Node> nodes) {
        String title = "layer " + layer;
        String tooltip = title + ", lowered to " + nodes.size() + " ops";
        return nodes.stream().map(Node::kind).filter(ModSelect.class::isInstance).map(k -> ((ModSelect) k).selection()).findFirst()
                .map(s -> routed(title, s, "", tooltip)).orElse(new Chart.Head(title, Chart.Kind.DENSE, OptionalDouble.empty(), "", tooltip));
    }

    /** Lines below the heading: how the layer routes, and with which weights. */
    List<String> details(Node node) {
        var lines = new ArrayList<String>();
        routing(node).ifPresent(r -> lines.add(words(r)));
        lines.addAll(OpText.weights(node));
        return lines;
    }

    /** What becomes of the tokens that go round the body. */
    Optional<String> skipped(Node node) {
        return routing(node).map(LayerText::skipped);
    }

    private static Optional<Routing> routing(Node node) {
        return node.kind() instanceof DecoderLayer l ? l.routed() : Optional.empty();
    }

    private static String skipped(Routing routing) {
        String kv = routing.kv() == Routing.SkippedKv.KEEP ? ", KV cached" : "";
        String tokens = switch (routing.part()) {
            case LAYER -> "skipped tokens: ";
            case ATTENTION -> "tokens that skip attention: ";
            case MLP -> "tokens that skip the MLP: ";
        };
        return switch (routing.skip()) {
            case Routing.SkipPath.Identity s -> tokens + "unchanged" + kv;
            case Routing.SkipPath.Gated s -> tokens + "gate · x" + kv;
            case Routing.SkipPath.Linear(int rank) -> tokens + "x + a correction of rank " + rank + kv;
        };
    }

    private static Chart.Head routed(String title, Routing.Selection selection, String kept, String tooltip) {
        boolean fixed = !(selection instanceof Routing.Selection.Threshold);
        return new Chart.Head(title, Chart.Kind.MOD, fixed ? OptionalDouble.of(selection.ratio()) : OptionalDouble.empty(), kept, tooltip);
    }

    /** How many tokens of the prompt, or what is known of that. */
    private String kept(Routing routing) {
        if (routing.selection() instanceof Routing.Selection.Threshold) {
            return "by score";
        }
        return switch (routing.candidates()) {
            case VISION -> "that share of the image tokens";
            case GIVEN -> "that share of the tokens given";
            case PROMPT -> kept(routing.selection(), 2);
            case ALL -> kept(routing.selection(), 0);
        };
    }

    private String kept(Routing.Selection selection, long always) {
        if (prompt.isEmpty()) {
            return "";
        }
        long candidates = Math.max(0, prompt.getAsLong() - always);
        return prompt.getAsLong() - candidates + Routing.Selection.kept(candidates, selection.ratio()) + " of " + prompt.getAsLong();
    }

    private static String words(Routing r) {
        return score(r.score()) + " → " + gate(r.gate()) + " → " + selection(r.selection());
    }

    static String score(Routing.Score score) {
        return switch (score) {
            case Routing.Score.None s -> "no score";
            case Routing.Score.Linear s -> "linear score";
            case Routing.Score.SharedLinear s -> "shared linear score";
            case Routing.Score.AttentionReceived s -> "attention received as score";
            case Routing.Score.Given s -> s.earlier() == 0 ? "score given" : "attention received " + s.earlier() + (s.earlier() == 1 ? " layer" : " layers") + " before as score";
        };
    }

    static String gate(Routing.Gate gate) {
        return switch (gate) {
            case Routing.Gate.One g -> "gate one";
            case Routing.Gate.Tanh g -> "tanh gate";
            case Routing.Gate.Sigmoid g -> "sigmoid gate";
            case Routing.Gate.Softmax g -> "softmax gate";
            case Routing.Gate.Probability g -> "probability gate";
        };
    }

    static String selection(Routing.Selection selection) {
        return switch (selection) {
            case Routing.Selection.TopK s -> "top-k";
            case Routing.Selection.Threshold s -> "threshold";
            case Routing.Selection.EvenlySpaced s -> "evenly spaced";
            case Routing.Selection.MostRecent s -> "most recent";
            case Routing.Selection.RecentTopK s -> "recent, top-k";
            case Routing.Selection.Random s -> "random";
        };
    }
}
