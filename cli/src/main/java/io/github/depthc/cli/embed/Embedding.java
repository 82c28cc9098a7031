// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.embed;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.calibration.SampleTexts;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Units;
import io.github.depthc.frontend.sentence.SentencePooling;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Gives the vectors of texts and prints them: each on a line of standard output, what they took on standard error. */
public final class Embedding {
    /** Texts that are run together. */
    private static final int BATCH = 16;

    private final Path bundle;
    private final OrtOptions options;

    public Embedding(Path bundle, OrtOptions options) {
        this.bundle = bundle;
        this.options = options;
    }

    /** The texts of a file: plain, one to a paragraph, or JSON lines with a {@code text} each. */
    public static List<String> texts(Path file) throws IOException {
        var texts = new ArrayList<String>();
        try (SampleTexts found = SampleTexts.open(Optional.of(file))) {
            for (Optional<String> text = found.next(); text.isPresent(); text = found.next()) {
                texts.add(text.get());
            }
        }
        if (texts.isEmpty()) {
            throw new InputException(file + ": has no text, expected plain text, or .jsonl with a \"text\" in each line");
        }
        return texts;
    }

    /** Runs the texts and prints. */
    public void print(List<String> texts, boolean json, Console console) throws IOException {
        OrtEngine.prepare();
        try (Interrupts _ = Interrupts.endAtOnce(); Embedder embedder = Embedder.open(bundle, options)) {
            List<int[]> ids = texts.stream().map(embedder::encode).toList();
            var all = new ArrayList<Embedded>();
            long start = System.nanoTime();
            for (int i = 0; i < ids.size(); i += BATCH) {
                List<Embedded> some = embedder.embed(ids.subList(i, Math.min(ids.size(), i + BATCH)));
                if (!json) {
                    some.forEach(e -> print(e, console));
                }
                all.addAll(some);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            if (json) {
                JsonOutput.print(console, json(embedder.pooling(), all, seconds));
            } else {
                note(embedder.pooling(), all, seconds, console);
            }
        }
    }

    private static void print(Embedded e, Console console) {
        console.text(IntStream.range(0, e.vector().length).mapToObj(i -> Float.toString(e.vector()[i])).collect(Collectors.joining(" ")) + "\n");
        console.note(e.tokens() + (e.tokens() == 1 ? " token" : " tokens") + ", kept per layer: "
                + Arrays.stream(e.kept()).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
    }

    private static void note(SentencePooling pooling, List<Embedded> all, double seconds, Console console) {
        double flops = all.stream().mapToDouble(Embedded::flops).sum();
        double dense = all.stream().mapToDouble(Embedded::denseFlops).sum();
        console.note("pooling  " + words(pooling));
        console.note("texts    " + all.size() + " in " + Units.duration(seconds) + ", " + Units.percent(flops / dense) + " of the dense FLOPs");
    }

    private static String words(SentencePooling pooling) {
        String mode = switch (pooling.mode()) {
            case MEAN -> "mean of all tokens";
            case CLS -> "the first token";
        };
        return mode + (pooling.normalise() ? ", normalised" : "") + (pooling.stated() ? "" : " (the bundle has no modules.json, so that this is only the usual way)");
    }

    private static ObjectNode json(SentencePooling pooling, List<Embedded> all, double seconds) {
        ObjectNode o = JsonOutput.object();
        o.putObject("pooling").put("mode", pooling.mode().name().toLowerCase(Locale.ROOT)).put("normalised", pooling.normalise()).put("stated", pooling.stated());
        o.put("seconds", seconds);
        o.put("flops", all.stream().mapToDouble(Embedded::flops).sum()).put("flops_dense", all.stream().mapToDouble(Embedded::denseFlops).sum());
        ArrayNode texts = o.putArray("texts");
        for (Embedded e : all) {
            ObjectNode text = texts.addObject().put("tokens", e.tokens());
            text.set("kept_per_layer", JsonOutput.array(e.kept()));
            text.put("flops", e.flops()).put("flops_dense", e.denseFlops());
            ArrayNode vector = text.putArray("vector");
            for (float v : e.vector()) {
                vector.add(v);
            }
        }
        return o;
    }
}
