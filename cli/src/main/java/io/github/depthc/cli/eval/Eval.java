// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.calibration.Calibration;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.output.TextFile;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is to be compared, on what.
 *
 * @param bundle             the model that is judged
 * @param against            the one it is measured by
 * @param data               a text; empty takes the built-in one
 * @param prompts            how many prompts at most
 * @param promptTokens       length of each
 * @param continuationTokens tokens decoded after each
 * @param threads            that compute; 0 takes all cores
 */
public record Eval(Path bundle, Path against, Optional<Path> data, int prompts, int promptTokens, int continuationTokens, int threads) {
    /** Compares and prints; the plot may be null. */
    public void print(Console console, boolean json, Path plot) throws IOException {
        if (prompts < 1 || prompts > Calibration.MOST_SAMPLES) {
            throw new InputException("--prompts is " + prompts + ", expected 1 to " + Calibration.MOST_SAMPLES);
        }
        requireAtLeastOne("--prompt-tokens", promptTokens);
        requireAtLeastOne("--continuation-tokens", continuationTokens);
        TextFile.check(plot, "--plot", TextFile.Kind.SVG);
        OrtOptions options = OrtOptions.DEFAULT.withThreads(threads);
        try (Subject subject = Subject.open(bundle, options); Subject other = Subject.open(against, options)) {
            Calibration texts = new Calibration(data, prompts, OptionalInt.of(Math.max(2, requireContext(subject, other))));
            List<int[]> ids = read(texts, subject, other);
            var evaluation = new Evaluation(promptTokens, continuationTokens);
            EvalResult result;
            OrtEngine.prepare();
            try (Interrupts _ = Interrupts.endAtOnce(); Progress progress = console.progress()) {
                result = new EvalResult(evaluation.run(subject, other, ids, progress));
            }
            var report = new EvalReport(console, evaluation, result, prompts);
            if (json) {
                report.json(subject, other, texts.source());
            } else {
                report.table(subject, other, texts.source());
            }
            if (plot != null) {
                TextFile.write(plot, EvalPlot.draw(result, evaluation, subject.info().model().name() + ": KL(against ‖ bundle)"));
            }
        }
    }

    /** The length of a text. */
    private int requireContext(Subject subject, Subject other) {
        int context = Math.min(subject.info().model().context(), other.info().model().context());
        int vocab = subject.info().model().vocab();
        int otherVocab = other.info().model().vocab();
        if (vocab != otherVocab) {
            throw new InputException(bundle + " has a vocabulary of " + vocab + " and " + against + " one of " + otherVocab
                    + ", expected two models of one vocabulary");
        }
        if ((long) promptTokens + continuationTokens > context) {
            throw new InputException("--prompt-tokens is " + promptTokens + " and --continuation-tokens " + continuationTokens
                    + ", expected together at most the model's context of " + context);
        }
        return promptTokens + continuationTokens;
    }

    private static List<int[]> read(Calibration texts, Subject subject, Subject other) throws IOException {
        Path folder = List.of(subject, other).stream().map(Subject::folder).filter(f -> Files.isRegularFile(f.resolve(Tokenizer.FILE))).findFirst()
                .orElseThrow(() -> new InputException(subject.folder() + ": has no " + Tokenizer.FILE + ", which is needed to read text, nor has "
                        + other.folder() + "; copy the model's there"));
        try (Tokenizer tokenizer = Tokenizer.open(folder, subject.info().model().vocab())) {
            return texts.samples(tokenizer, subject.info().model().context()).stream().map(t -> Arrays.stream(t).mapToInt(Math::toIntExact).toArray()).toList();
        }
    }

    private static void requireAtLeastOne(String option, int value) {
        if (value < 1) {
            throw new InputException(option + " is " + value + ", expected 1 or more");
        }
    }
}
