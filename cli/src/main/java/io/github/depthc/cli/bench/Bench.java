// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.bench;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.cli.run.Engines;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.cli.run.ImageInput;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Measures a bundle against another, or against itself with no token skipped. Both run in turns in one process, so that
 * whatever else the machine does falls on both alike.
 *
 * @param promptTokens prompt lengths; empty takes some that fit the context; beside images, tokens of text
 * @param images       shown by the prompt; empty measures with text alone
 * @param newTokens    decode steps after each prompt
 * @param rounds       measured rounds; one more before them is not counted
 * @param device       what computes
 * @param runtime      how the CPU's runtime is set up
 */
public record Bench(List<Integer> promptTokens, List<Path> images, int newTokens, int rounds, DeviceKind device, OrtOptions runtime) {
    private static final List<Integer> USUAL = List.of(128, 512, 2048);
    private static final int TEXT_BESIDE_IMAGES = 64;
    private static final long SEED = 0;

    public Bench {
        promptTokens = List.copyOf(promptTokens);
        images = List.copyOf(images);
        if (newTokens < 1 || newTokens > 1 << 20) {
            throw new InputException("--new-tokens is " + newTokens + ", expected 1 or more");
        }
        if (rounds < 1 || rounds > 10_000) {
            throw new InputException("--rounds is " + rounds + ", expected 1 to 10000");
        }
    }

    /** Measures; without {@code against}, the subject runs against itself with no candidates. */
    BenchResult run(Bundle subject, Optional<Bundle> against, Console console, Progress progress) throws IOException {
        int context = Math.min(subject.info().model().context(), against.map(b -> b.info().model().context()).orElse(Integer.MAX_VALUE));
        List<BenchPrompt> prompts = prompts(subject, context, vocab(subject, against), progress);
        progress.at("loading", 0, 1);
        try (Engine one = Engines.open(subject, device, runtime, console); Engine other = against.isPresent() ? Engines.open(against.get(), device, runtime, console) : null) {
            Contender a = Contender.of(subject.folder().toString(), subject, one, true);
            Contender b = other == null ? Contender.of("dense", subject, one, false)
                    : Contender.of(against.get().folder().toString(), against.get(), other, true);
            var points = new ArrayList<BenchResult.Point>();
            for (BenchPrompt prompt : prompts) {
                points.add(point(a, b, prompt, vocab(subject, against), progress));
            }
            return new BenchResult(a.name(), b.name(), images.isEmpty() && (a.standsInForImages() || b.standsInForImages()), List.copyOf(points));
        }
    }

    private static int[] random(SplittableRandom random, int tokens, int vocab) {
        return IntStream.range(0, tokens).map(i -> random.nextInt(vocab)).toArray();
    }

    private List<BenchPrompt> prompts(Bundle subject, int context, int vocab, Progress progress) throws IOException {
        if (images.isEmpty()) {
            return lengths(context).stream().map(n -> BenchPrompt.ofText(random(new SplittableRandom(SEED), n, vocab))).toList();
        }
        if (!subject.has(Bundle.VISION)) {
            throw new InputException(subject.folder() + ": takes no images, but --image is given, expected a bundle that was made with a vision tower (docs/multimodal.md); remove it, or convert with --vision-tower DIR");
        }
        LlavaSettings settings = ImageInput.settings(subject);
        ImageInput input = ImageInput.open(subject, settings, images);
        var prompts = new ArrayList<BenchPrompt>();
        for (int words : promptTokens.isEmpty() ? List.of(TEXT_BESIDE_IMAGES) : promptTokens) {
            // one token begins the text, then come the images
            int[] text = Arrays.stream(random(new SplittableRandom(SEED), Math.max(1, words), vocab)).map(id -> id == settings.placeholder() ? 0 : id).toArray();
            int[] ids = IntStream.concat(IntStream.of(text[0]), IntStream.concat(IntStream.generate(settings::placeholder).limit(images.size()),
                    Arrays.stream(text, 1, text.length))).toArray();
            progress.at("vision tower", 0, 1);
            ImageInput.Seen seen = input.see(subject, ids, runtime, rounds + 1);
            if (seen.prompt().tokens() + newTokens > context) {
                throw new InputException("the images and " + words + " tokens of text are " + seen.prompt().tokens() + " tokens, and " + newTokens
                        + " new ones come, expected together at most the model's context of " + context);
            }
            prompts.add(BenchPrompt.ofImages(seen));
        }
        return prompts;
    }

    private BenchResult.Point point(Contender a, Contender b, BenchPrompt prompt, int vocab, Progress progress) {
        var random = new SplittableRandom(SEED);
        int tokens = prompt.tokens();
        int[] next = IntStream.range(0, newTokens).map(i -> random.nextInt(vocab)).toArray();
        var ofA = new ArrayList<Contender.Round>();
        var ofB = new ArrayList<Contender.Round>();
        for (int round = -1; round < rounds; round++) {
            progress.at(tokens + " prompt tokens", round + 1L, rounds + 1L);
            boolean aFirst = round % 2 == 0;
            Contender.Round first = (aFirst ? a : b).run(prompt, next);
            Contender.Round second = (aFirst ? b : a).run(prompt, next);
            if (round >= 0) {
                ofA.add(aFirst ? first : second);
                ofB.add(aFirst ? second : first);
            }
        }
        return new BenchResult.Point(tokens, newTokens, prompt.vision(), figures(a, prompt, ofA),
                figures(b, prompt, ofB));
    }

    private BenchResult.Figures figures(Contender of, BenchPrompt prompt, List<Contender.Round> rounds) {
        int[] kept = rounds.getFirst().kept();
        PromptFlops flops = of.flops(prompt, kept);
        return new BenchResult.Figures(Sample.of(rounds.stream().mapToDouble(Contender.Round::prefill).toArray()),
                Sample.of(rounds.stream().mapToDouble(r -> r.decode() / newTokens).toArray()), flops.linear(), flops.attention(),
                rounds.getFirst().kvBytes(), kept);
    }

    private List<Integer> lengths(int context) {
        for (int n : promptTokens) {
            if (n < 1 || (long) n + newTokens > context) {
                throw new InputException("--prompt-tokens " + n + " and " + newTokens + " new tokens, expected at least 1 prompt token and together at most "
                        + "the model's context of " + context);
            }
        }
        if (!promptTokens.isEmpty()) {
            return promptTokens;
        }
        List<Integer> fit = USUAL.stream().filter(n -> n + newTokens <= context).toList();
        if (fit.isEmpty() && newTokens >= context) {
            throw new InputException("--new-tokens is " + newTokens + ", expected less than the model's context of " + context);
        }
        return fit.isEmpty() ? List.of(context - newTokens) : fit;
    }

    private static int vocab(Bundle subject, Optional<Bundle> against) {
        ModelInfo model = subject.info().model();
        return Math.min(model.vocab(), against.map(b -> b.info().model().vocab()).orElse(Integer.MAX_VALUE));
    }
}
