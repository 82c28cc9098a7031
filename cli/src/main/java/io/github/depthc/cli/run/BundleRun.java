// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedLayout;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Runs a bundle on one prompt and prints. */
public final class BundleRun {
    private final Console console;
    private final RunOptions options;
    private final boolean json;

    /**
     * A run.
     *
     * @param json one object at the end instead of text as it is made
     */
    public BundleRun(Console console, RunOptions options, boolean json) {
        this.console = console;
        this.options = options;
        this.json = json;
    }

    /** Opens the bundle and runs it. */
    public void of(Path folder) throws IOException {
        Bundle bundle = Bundles.openDecoder(folder);
        if (bundle.has(Bundle.VISION)) {
            withImages(bundle);
            return;
        }
        options.images().given().ifPresent(o -> {
            throw new InputException(folder + ": takes no images, but " + o + " is given, expected a bundle that was made with a vision tower (docs/multimodal.md); remove it, or convert with --vision-tower DIR");
        });
        boolean texts = options.text() != null || Files.isRegularFile(bundle.file(Tokenizer.FILE));
        try (Tokenizer tokenizer = texts ? Tokenizer.open(folder, bundle.info().model().vocab()) : null) {
            int[] ids = options.ids() != null ? options.ids() : encode(tokenizer);
            check(ids, ids, ids.length, bundle.info());
            var input = new PromptInput(ids, null, options.candidates(), options.saveLogits().isPresent());
            long start = System.nanoTime();
            OrtEngine.prepare();
            try (Interrupts interrupts = Interrupts.endAtOnce(); Engine engine = Engines.open(bundle, options.device(), options.runtime(), console)) {
                double load = (System.nanoTime() - start) / 1e9;
                var text = new TextOutput(tokenizer == null ? null : tokenizer.stream(longs(ids)), json ? t -> { } : console::text);
                var generation = new Generation(engine, input, options.sampling(), options.newTokens(), options.logprobs());
                GenerationResult result = generation.run(logits -> {
                    if (options.saveLogits().isPresent()) {
                        interrupts.suspended(() -> LogitsFile.write(options.saveLogits().get(), logits));
                    }
                }, text);
                report(new RunReport(ids, load, tokenizer == null ? null : id -> tokenizer.stream(longs(ids)).next(id), result), tokenizer != null);
            }
        }
    }

    private void withImages(Bundle bundle) throws IOException {
        Engines.requireCpu(bundle, options.device());
        LlavaSettings settings = ImageInput.settings(bundle);
        BundleInfo info = bundle.info();
        boolean texts = options.text() != null || Files.isRegularFile(bundle.file(Tokenizer.FILE));
        if (options.images().system().isPresent() && options.text() == null) {
            throw new InputException("--system has no effect: --input-ids says the whole prompt; remove it");
        }
        try (Tokenizer tokenizer = texts ? Tokenizer.open(bundle.folder(), info.model().vocab()) : null) {
            Optional<ImageText> template = options.text() == null ? Optional.empty() : Optional.of(ImageText.of(bundle.folder()));
            int[] ids = template.map(t -> t.ids(tokenizer, settings, options.images().system(), options.text(), options.images().files().size(), info.tokens().bos()))
                    .orElse(options.ids());
            MergedLayout.check(settings, ids, options.images().files().size());
            ImageInput images = ImageInput.open(bundle, settings, options.images().files());
            int[] words = Arrays.stream(ids).filter(id -> id != settings.placeholder()).toArray();
            check(ids, words, images.layout(ids).tokens(), info);
            OrtEngine.prepare();
            try (Interrupts interrupts = Interrupts.endAtOnce()) {
                ImageInput.Seen seen = images.see(bundle, ids, options.runtime(), 1);
                PromptInput input = seen.input(info.candidates(), options.candidates(), options.saveLogits().isPresent());
                long start = System.nanoTime();
                try (OrtEngine engine = OrtEngine.open(bundle, options.runtime())) {
                    double load = (System.nanoTime() - start) / 1e9;
                    var text = new TextOutput(tokenizer == null ? null : tokenizer.stream(longs(words)), json ? t -> { } : console::text);
                    GenerationResult result = new Generation(engine, input, options.sampling(), options.newTokens(), options.logprobs()).run(logits -> {
                        if (options.saveLogits().isPresent()) {
                            interrupts.suspended(() -> LogitsFile.write(options.saveLogits().get(), logits));
                        }
                    }, text);
                    if (options.images().showRouting().isPresent()) {
                        byte[] png = RoutingPicture.of(images, seen.prompt(), result.routed(), info.model().layers());
                        interrupts.suspended(() -> Files.write(options.images().showRouting().get(), png));
                    }
                    report(new RunReport(ids, seen.prompt().tokens(), Optional.of(new ImageReport(images, seen, template.map(ImageText::name))), load,
                            tokenizer == null ? null : id -> tokenizer.stream(longs(words)).next(id), result), tokenizer != null);
                }
            }
        }
    }

    private void report(RunReport report, boolean tokenizer) {
        if (json) {
            JsonOutput.print(console, report.json());
            return;
        }
        if (console.outIsTerminal()) {
            console.text("\n");
        }
        if (!tokenizer) {
            console.note("The bundle has no tokenizer: token ids are printed instead of text.");
        }
        report.print(console);
    }

    /** What is wrong with a prompt is told before a large model is loaded. */
    private void check(int[] ids, int[] words, int tokens, BundleInfo info) {
        if (tokens > info.model().context()) {
            throw new InputException("the prompt has " + tokens + " tokens" + (tokens == ids.length ? "" : ", those of images too") + ", but the model's context is " + info.model().context()
                    + "; give a shorter one" + (tokens == ids.length ? "" : ", or fewer images"));
        }
        for (int id : words) {
            if (id < 0 || id >= info.model().vocab()) {
                throw new InputException("token id " + id + " is not in the vocabulary, expected 0 to " + (info.model().vocab() - 1));
            }
        }
        if (options.logprobs() > info.model().vocab()) {
            throw new InputException("--logprobs is " + options.logprobs() + ", expected at most " + info.model().vocab() + ", the size of the vocabulary");
        }
        options.candidates().flags(tokens, info.candidates());
        Path folder = options.saveLogits().map(f -> f.toAbsolutePath().getParent()).orElse(null);
        if (folder != null && !Files.isWritable(folder)) {
            throw new InputException("--save-logits " + options.saveLogits().get() + ": "
                    + (Files.isDirectory(folder) ? "may not write to " : "there is no folder ") + folder);
        }
    }

    private int[] encode(Tokenizer tokenizer) {
        int[] ids = Arrays.stream(tokenizer.encode(options.text())).mapToInt(Math::toIntExact).toArray();
        if (ids.length == 0) {
            throw new InputException("the prompt " + '"' + options.text() + '"' + " has no tokens, expected text that the model's tokenizer knows");
        }
        return ids;
    }

    private static long[] longs(int[] ids) {
        return Arrays.stream(ids).asLongStream().toArray();
    }
}
