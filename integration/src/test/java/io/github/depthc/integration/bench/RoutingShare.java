// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
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

/**
 * How much of a prefill is routing, by ONNX Runtime's profile: the time of each node of the graph, the least of
 * the rounds, since other work on the machine only ever adds. Arguments: MoD bundle, dense bundle, folder to write profiles to, prompt tokens, rounds.
 *
 * <p>Routing is everything in the MoD graph that is not a matrix product, attention, a norm, a rotary embedding, an
 * activation or a residual addition: selection, gathering, scattering, index arithmetic, and what an {@code If} takes
 * beside its branch. The dense graph's nodes of that kind (it has padding for batches, too) are not taken off.
 */
public final class RoutingShare {
    private static final String SUFFIX = "_kernel_time";
    private static final String ROUTING = "routing: ";
    /** A float matrix this wide is hidden states or wider; index arithmetic is narrower. */
    private static final int WIDE = 512;
    private static final Set<String> COMPUTATION = Set.of("Gemm", "MatMul", "GroupQueryAttention", "RMSNormalization", "SimplifiedLayerNormalization",
            "SkipSimplifiedLayerNormalization", "RotaryEmbedding", "Sigmoid", "QuickGelu", "FusedGemm");

    private RoutingShare() {
    }

    /** Time of the nodes of one kind, seconds, and how many there are. */
    private record Time(double seconds, int nodes) {
        Time plus(double more) {
            return new Time(seconds + more, nodes + 1);
        }
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[2]);
        int tokens = Integer.parseInt(args[3]);
        int rounds = Integer.parseInt(args[4]);
        Results.header("Routing in a prefill of " + tokens + " tokens");
        Graph.start(false);
        System.out.println(Results.onnxRuntime() + ", " + rounds + " rounds\n");
        Map<String, Time> mod;
        Map<String, Time> dense;
        try (Profiled a = new Profiled(Bundle.open(Path.of(args[0])), folder, "mod", tokens);
                Profiled b = new Profiled(Bundle.open(Path.of(args[1])), folder, "dense", tokens)) {
            for (int round = 0; round < rounds; round++) {
                a.run();
                b.run();
            }
            mod = a.times();
            dense = b.times();
        }
        double total = total(mod);
        var table = new Results().row("nodes", "MoD ms", "share", "number", "dense ms", "number");
        var kinds = new ArrayList<>(mod.keySet());
        kinds.sort(Comparator.comparingDouble(k -> -mod.get(k).seconds()));
        double routing = 0;
        int nodes = 0;
        for (String kind : kinds) {
            Time t = mod.get(kind);
            Time d = dense.getOrDefault(kind, new Time(0, 0));
            table.row(kind, ms(t.seconds()), percent(t.seconds() / total), t.nodes(), ms(d.seconds()), d.nodes());
            if (kind.startsWith(ROUTING)) {
                routing += t.seconds();
                nodes += t.nodes();
            }
        }
        table.row("all", ms(total), "100 %", mod.values().stream().mapToInt(Time::nodes).sum(), ms(total(dense)),
                dense.values().stream().mapToInt(Time::nodes).sum()).print();
        System.out.printf(Locale.ROOT, "Routing: %s ms of %s ms, **%s**, in %d nodes.%n%n", ms(routing), ms(total), percent(routing / total), nodes);
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

        Profiled(Bundle bundle, Path folder, String name, int tokens) throws IOException {
            copy = folder.resolve("profile-" + name + ".json");
            prompt = new SplittableRandom(0).ints(tokens, 0, bundle.info().model().vocab()).toArray();
            ModelProto model = ModelProto.parseFrom(Files.readAllBytes(bundle.file(bundle.component(Bundle.DECODER).file())));
            for (NodeProto node : model.getGraph().getNodeList()) {
                node.getAttributeList().stream().filter(a -> a.hasG()).flatMap(a -> a.getG().getNodeList().stream()).forEach(n -> branches.add(n.getName()));
            }
            graph = Graph.of(bundle, tokens + 1, Optional.of(folder.resolve(name)));
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
