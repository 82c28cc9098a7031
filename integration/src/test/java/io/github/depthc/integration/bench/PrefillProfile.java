// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Where the time of a prefill goes, by ONNX Runtime's profile: the time of each node of the graph, the least of the rounds,
 * since other work on the machine only ever adds. A Mixture-of-Depths bundle, the dense bundle of the same checkpoint and
 * {@link HandBuilt} on the same weights run in turns in one process. Arguments: MoD bundle, dense bundle, folder above
 * both to write graphs and profiles to, prompt tokens, rounds.
 *
 * <p>Routing is everything in the MoD graph that is not a matrix product, attention, a norm, a rotary embedding, an
 * activation or a product or sum of hidden states: selection, gathering, scattering, index arithmetic, and what an
 * {@code If} takes beside its branch. The dense graph's nodes of that kind (it too has padding for batches) are not taken
 * off.
 */
public final class PrefillProfile {
    private static final Time NONE = new Time(0, 0);
    private static final String SUFFIX = "_kernel_time";
    private static final String ROUTING = "routing: ";
    /** A float matrix this wide is hidden states or wider; index arithmetic is narrower. */
    private static final int WIDE = 512;
    private static final Set<String> COMPUTATION = Set.of("Gemm", "MatMul", "GroupQueryAttention", "RMSNormalization", "SimplifiedLayerNormalization",
            "SkipSimplifiedLayerNormalization", "RotaryEmbedding", "Sigmoid", "QuickGelu", "FusedGemm");

    private PrefillProfile() {
    }

    /** Time of the nodes of one kind, seconds, and how many there are. */
    private record Time(double seconds, int nodes) {
        private Time plus(double more) {
            return new Time(seconds + more, nodes + 1);
        }
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[2]);
        int tokens = Integer.parseInt(args[3]);
        int rounds = Integer.parseInt(args[4]);
        Bundle mod = Bundle.open(Path.of(args[0]));
        Bundle dense = Bundle.open(Path.of(args[1]));
        ModelInfo model = mod.info().model();
        Results.header("Profile of a prefill of %d tokens: hidden %d, %d layers, vocabulary %d".formatted(tokens, model.hidden(), model.layers(),
                model.vocab()));
        Graph.start(false);
        System.out.println(Results.onnxRuntime() + ", " + rounds + " rounds in turns, least time of each node\n");
        List<Map<String, Time>> times = new ArrayList<>();
        try (Profiled a = Profiled.of("MoD", mod, folder, tokens); Profiled b = Profiled.of("dense", dense, folder, tokens);
                Profiled c = Profiled.byHand("hand-outside", dense, folder, tokens, false);
                Profiled d = Profiled.byHand("hand-inside", dense, folder, tokens, true)) {
            List<Profiled> all = List.of(a, b, c, d);
            for (int round = 0; round < rounds; round++) {
                all.forEach(Profiled::run);
            }
            for (Profiled p : all) {
                times.add(p.times());
            }
        }
        print(times);
    }

    private static void print(List<Map<String, Time>> times) {
        Map<String, Time> mod = times.getFirst();
        var table = new Results().row("nodes", "MoD ms", "share", "number", "dense ms", "number", "by hand ms", "number", "by hand, rotary in attention ms", "number");
        var kinds = new TreeSet<String>(Comparator.<String>comparingDouble(k -> -mod.getOrDefault(k, NONE).seconds()).thenComparing(k -> k));
        times.forEach(t -> kinds.addAll(t.keySet()));
        for (String kind : kinds) {
            var cells = new ArrayList<Object>(List.of(kind));
            for (Map<String, Time> t : times) {
                Time time = t.getOrDefault(kind, NONE);
                cells.add(ms(time.seconds()));
                if (t == mod) {
                    cells.add(percent(time.seconds() / total(mod)));
                }
                cells.add(time.nodes());
            }
            table.row(cells.toArray());
        }
        var sums = new ArrayList<Object>(List.of("**all**"));
        for (Map<String, Time> t : times) {
            sums.add(ms(total(t)));
            if (t == mod) {
                sums.add("100 %");
            }
            sums.add(t.values().stream().mapToInt(Time::nodes).sum());
        }
        table.row(sums.toArray()).print();
        List<Time> routing = mod.entrySet().stream().filter(e -> e.getKey().startsWith(ROUTING)).map(Map.Entry::getValue).toList();
        double seconds = routing.stream().mapToDouble(Time::seconds).sum();
        new Results().row("", "")
                .row("routing, share of the MoD prefill", percent(seconds / total(mod)) + " (" + ms(seconds) + " ms, "
                        + routing.stream().mapToInt(Time::nodes).sum() + " nodes)")
                .row("time MoD / dense", total(mod) / total(times.get(1)))
                .row("time dense / by hand", total(times.get(1)) / total(times.get(2)))
                .row("time dense / by hand, rotary in attention", total(times.get(1)) / total(times.get(3)))
                .print();
    }

    private static double total(Map<String, Time> times) {
        return times.values().stream().mapToDouble(Time::seconds).sum();
    }

    private static String ms(double seconds) {
        return String.format(Locale.ROOT, "%.2f", seconds * 1e3);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", share * 100);
    }

    /** One graph and the times of its nodes so far. */
    private static final class Profiled implements AutoCloseable {
        private final Graph graph;
        private final Set<String> branches = new HashSet<>();
        private final int[] prompt;
        private final Path copy;

        private Profiled(String name, Path file, ModelInfo model, Path folder, int tokens) throws IOException {
            copy = folder.resolve("profile-" + name + ".json");
            prompt = new SplittableRandom(0).ints(tokens, 0, model.vocab()).toArray();
            for (NodeProto node : ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getNodeList()) {
                node.getAttributeList().stream().filter(a -> a.hasG()).flatMap(a -> a.getG().getNodeList().stream()).forEach(n -> branches.add(n.getName()));
            }
            graph = new Graph(file, model, tokens + 1, Optional.of(folder.resolve(name)));
        }

        static Profiled of(String name, Bundle bundle, Path folder, int tokens) throws IOException {
            return new Profiled(name, bundle.file(bundle.component(Bundle.DECODER).file()), bundle.info().model(), folder, tokens);
        }

        static Profiled byHand(String name, Bundle weights, Path folder, int tokens, boolean rotaryInside) throws IOException {
            return new Profiled(name, HandBuilt.write(weights, folder.resolve(name + ".onnx"), rotaryInside), weights.info().model(), folder, tokens);
        }

        void run() {
            graph.prefill(prompt, 1, prompt.length - 1);
        }

        /** Ends the profile; the time of each kind of node. */
        Map<String, Time> times() throws IOException {
            Path file = graph.endProfile();
            Map<String, List<JsonNode>> runs = new LinkedHashMap<>();
            for (JsonNode event : new JsonMapper().readTree(file.toFile())) {
                String name = event.path("name").asText();
                if (event.path("cat").asText().equals("Node") && name.endsWith(SUFFIX)) {
                    runs.computeIfAbsent(name.substring(0, name.length() - SUFFIX.length()), n -> new ArrayList<>()).add(event);
                }
            }
            Files.move(file, copy, StandardCopyOption.REPLACE_EXISTING);
            Map<String, Time> times = new TreeMap<>();
            double ifs = 0;
            int count = 0;
            for (Map.Entry<String, List<JsonNode>> node : runs.entrySet()) {
                double seconds = node.getValue().stream().mapToDouble(e -> e.path("dur").asDouble() / 1e6).min().orElseThrow();
                if (operator(node.getValue().getFirst()).equals("If")) {
                    ifs += seconds;
                    count++;
                } else {
                    ifs -= branches.contains(node.getKey()) ? seconds : 0;
                    times.merge(kind(node.getValue().getFirst()), new Time(seconds, 1), (a, b) -> a.plus(b.seconds()));
                }
            }
            if (count > 0) {
                times.put(ROUTING + "If beside its branch", new Time(Math.max(0, ifs), count));
            }
            return times;
        }

        @Override
        public void close() {
            graph.close();
        }
    }

    private static String operator(JsonNode event) {
        return event.path("args").path("op_name").asText();
    }

    private static String kind(JsonNode event) {
        String operator = operator(event);
        if (COMPUTATION.contains(operator)) {
            return operator;
        }
        JsonNode shape = event.path("args").path("output_type_shape").path(0).path("float");
        boolean hidden = shape.size() == 2 && shape.path(1).asInt() >= WIDE && (operator.equals("Mul") || operator.equals("Add"));
        return hidden ? operator + " of hidden states" : ROUTING + operator;
    }
}
