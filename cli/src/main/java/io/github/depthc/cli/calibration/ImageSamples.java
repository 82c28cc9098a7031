// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.calibration;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.convert.ImageSource;
import io.github.depthc.cli.run.ImageInput;
import io.github.depthc.cli.run.ImageText;
import io.github.depthc.cli.run.TowerRun;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Calibration samples of images and text: JSON lines {@code {"image": "a.jpg", "text": "…"}}, the image's name from the folder of the file. The
 * text is a user's turn, by the model's chat template, with the image before it or where it says {@code <image>}; {@code answer}, if there is one, is
 * what the model is to say.
 */
public final class ImageSamples {
    private static final int LONGEST_LINE = 1 << 20;

    private final Checkpoint checkpoint;
    private final ImageSource source;
    private final Model model;
    private final EmbeddingSplit split;

    /**
     * Samples for a model.
     *
     * @param model with its weights
     * @param split the model, cut behind its embeddings
     */
    public ImageSamples(Checkpoint checkpoint, ImageSource source, Model model, EmbeddingSplit split) {
        this.checkpoint = checkpoint;
        this.source = source;
        this.model = model;
        this.split = split;
    }

    /** Whether a file has lines that name images: by its first. */
    static boolean names(Path file) throws IOException {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".jsonl") || !Files.isRegularFile(file)) {
            return false;
        }
        try (BufferedReader lines = ByteOrderMark.skipped(Files.newBufferedReader(file))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    return line.length() <= LONGEST_LINE && new ObjectMapper().readTree(line).has("image");
                }
            }
            return false;
        } catch (JsonProcessingException | CharacterCodingException e) {
            return false; // who reads it as text says what is wrong
        }
    }

    /**
     * The samples, as embeddings with the images' tokens as candidates; those longer than the model's context are left out.
     *
     * @param most     samples to take, from the start
     * @param executor runs vision tower and embedding
     * @throws InputException naming file and line of what is wrong
     */
    public List<Sample> read(Path file, int most, Executor executor) throws IOException {
        var samples = new ArrayList<Sample>();
        ImageText template = ImageText.of(checkpoint.dir());
        int longest = model.info().context();
        try (Tokenizer tokenizer = Tokenizer.open(checkpoint.dir(), model.info().vocab());
                Executor.Program vision = executor.compile(source.parts().vision(), model.weights());
                Executor.Program text = executor.compile(split.embedding(), model.weights());
                BufferedReader lines = ByteOrderMark.skipped(Files.newBufferedReader(file))) {
            int number = 0;
            for (String line = lines.readLine(); line != null && samples.size() < most; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    Sample sample = sample(file, file + ":" + number, line, template, tokenizer, vision, text);
                    if (sample.tokens() <= longest) {
                        samples.add(sample);
                    }
                }
            }
        }
        if (samples.isEmpty()) {
            throw new InputException(file + ": has no sample of at most " + longest + " tokens, the model's context; expected lines with an \"image\" and a \"text\"");
        }
        return samples;
    }

    private Sample sample(Path file, String where, String line, ImageText template, Tokenizer tokenizer, Executor.Program vision, Executor.Program text)
            throws IOException {
        JsonNode json;
        try {
            json = new ObjectMapper().readTree(line);
        } catch (JsonProcessingException e) {
            throw new InputException(where + ": is not JSON, expected an object with \"image\" and \"text\" in each line", e);
        }
        if (!json.path("image").isTextual()) {
            throw new InputException(where + ": has no string \"image\", expected a picture's file name in each line, for the first line with something has one; give it an image, or "
                    + "take it out");
        }
        if (!json.path("text").isTextual()) {
            throw new InputException(where + ": has no string \"text\", expected what is asked about the image in each line");
        }
        if (json.has("answer") && !json.path("answer").isTextual()) {
            throw new InputException(where + ": \"answer\" is no string, expected the text that is to come behind the prompt; give it one, or take it out");
        }
        Path image = image(file, where, json.path("image").textValue());
        LlavaSettings settings = source.parts().settings();
        OptionalInt bos = Importer.generationIds(checkpoint).bos();
        int[] ids = template.ids(tokenizer, settings, Optional.empty(), json.path("text").textValue(), 1, bos);
        long[] answer = json.path("answer").isTextual() ? tokenizer.encodeWithoutSpecialTokens(json.path("answer").textValue()) : new long[0];
        ids = concat(ids, answer);
        try {
            ImageInput images = ImageInput.open(source.images(), settings, List.of(image));
            List<MergedPrompt.Image> seen = images.images().stream().map(i -> TowerRun.seen(i.tower(), vision::run)).toList();
            Optional<float[]> newline = run(text, 0).stream().skip(1).findFirst().map(HostTensor::floats);
            MergedPrompt merged = MergedPrompt.of(settings, ids, seen, newline, model.info().hidden(), i -> run(text, i).getFirst().floats());
            return new Sample(Arrays.stream(ids).asLongStream().toArray(), Optional.of(HostTensor.of(merged.embeddings(), merged.tokens(), model.info().hidden())),
                    Optional.of(merged.layout().candidates()), prompt(merged, answer.length));
        } catch (InputException e) {
            throw new InputException(where + ": " + e.getMessage(), e);
        }
    }

    private static Path image(Path file, String where, String name) {
        if (name.isBlank()) {
            throw new InputException(where + ": \"image\" is empty, expected a picture's file name, as seen from the folder of " + file.getFileName());
        }
        try {
            return file.toAbsolutePath().resolveSibling(name);
        } catch (InvalidPathException e) {
            throw new InputException(where + ": \"image\" is no file name (" + e.getReason() + ")", e);
        }
    }

    /** The tokens before the answer; unknown where there is none, or where the prompt was cut in it. */
    private static OptionalInt prompt(MergedPrompt merged, int answer) {
        int before = merged.tokens() - answer;
        return answer == 0 || before < 1 || merged.layout().cut() > 0 ? OptionalInt.empty() : OptionalInt.of(before);
    }

    private static List<HostTensor> run(Executor.Program text, int... ids) {
        return text.run(Map.of(GraphNames.TOKEN_IDS, HostTensor.of(Arrays.stream(ids).asLongStream().toArray())));
    }

    private static int[] concat(int[] a, long[] b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        for (int i = 0; i < b.length; i++) {
            all[a.length + i] = Math.toIntExact(b[i]);
        }
        return all;
    }
}
