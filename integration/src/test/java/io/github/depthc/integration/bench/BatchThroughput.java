// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One request at a time against several together, in turns: prompts prefilled, then decode steps, each with tokens of its own. Arguments: bundles, prompt
 * tokens, new tokens, requests together, rounds.
 */
public final class BatchThroughput {
    private final OrtEngine engine;
    private final int promptTokens;
    private final int newTokens;

    private BatchThroughput(OrtEngine engine, int promptTokens, int newTokens) {
        this.engine = engine;
        this.promptTokens = promptTokens;
        this.newTokens = newTokens;
    }

    /** Seconds of one run of some requests: for the prompts, and for the steps. */
    private record Run(double prefill, double decode) {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        int promptTokens = Integer.parseInt(args[args.length - 4]);
        int newTokens = Integer.parseInt(args[args.length - 3]);
        int together = Integer.parseInt(args[args.length - 2]);
        int rounds = Integer.parseInt(args[args.length - 1]);
        var table = new Results().row("bundle", "new tokens/s of 1 request", "of " + together, "ratio", "decode alone: of 1", "of " + together, "ratio");
        ModelInfo model = null;
        for (String folder : List.of(args).subList(0, args.length - 4)) {
            Bundle bundle = Bundle.open(Path.of(folder));
            model = bundle.info().model();
            try (OrtEngine engine = OrtEngine.open(bundle, OrtOptions.DEFAULT)) {
                var bench = new BatchThroughput(engine, promptTokens, newTokens);
                bench.run(together, 0);
                Map<Integer, List<Run>> runs = new LinkedHashMap<>(Map.of(1, new ArrayList<>(), together, new ArrayList<>()));
                for (int round = 0; round < rounds; round++) {
                    for (int requests : round % 2 == 0 ? new int[] {1, together} : new int[] {together, 1}) {
                        runs.get(requests).add(bench.run(requests, round));
                    }
                }
                List<Double> one = speeds(runs.get(1), newTokens);
                List<Double> all = speeds(runs.get(together), newTokens * together);
                List<Double> oneStep = runs.get(1).stream().map(r -> (newTokens - 1) / r.decode).toList();
                List<Double> allSteps = runs.get(together).stream().map(r -> together * (newTokens - 1) / r.decode).toList();
                table.row(Path.of(folder).getFileName().toString(), Measured.of(one).text(1, 1), Measured.of(all).text(1, 1), Measured.ratio(all, one).text(1, 2),
                        Measured.of(oneStep).text(1, 1), Measured.of(allSteps).text(1, 1), Measured.ratio(allSteps, oneStep).text(1, 2));
            }
        }
        Results.header("Requests together: hidden %d, %d layers, vocabulary %d; prompts of %d tokens, %d new tokens".formatted(model.hidden(), model.layers(), model.vocab(),
                promptTokens, newTokens));
        System.out.println(Results.onnxRuntime() + ", medians (quartiles) of " + rounds + " rounds in turns\n");
        table.print();
    }

    private static List<Double> speeds(List<Run> runs, int tokens) {
        return runs.stream().map(r -> tokens / (r.prefill + r.decode)).toList();
    }

    private Run run(int requests, int seed) {
        int vocab = engine.info().model().vocab();
        var random = new SplittableRandom(seed);
        List<Slot> slots = Stream.generate(engine::open).limit(requests).toList();
        try {
            List<PromptInput> prompts = IntStream.range(0, requests).mapToObj(r -> PromptInput.of(random.ints(promptTokens, 0, vocab).toArray())).toList();
            long start = System.nanoTime();
            engine.prefill(slots, prompts);
            long prefilled = System.nanoTime();
            for (int step = 1; step < newTokens; step++) {
                engine.step(slots, random.ints(requests, 0, vocab).toArray());
            }
            return new Run((prefilled - start) / 1e9, (System.nanoTime() - prefilled) / 1e9);
        } finally {
            slots.forEach(Slot::close);
        }
    }
}
