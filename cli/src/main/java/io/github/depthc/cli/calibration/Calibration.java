// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.calibration;

import io.github.depthc.cli.console.Units;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.Sample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The text that a model is measured on: a file of the user's, or the openings of four public-domain novels that come with
 * the program. Tokenised with the model's own tokenizer, the special tokens it puts before a text included.
 *
 * @param file            plain text in UTF-8, or JSON lines with a {@code text} each; empty is the built-in text
 * @param samples         how many samples to take at most, from the start
 * @param tokensPerSample length of every sample: plain text is cut as one, of a JSON line the beginning is taken and shorter ones are
 *                        left out; empty takes each paragraph, story or JSON line as a sample
 */
public record Calibration(Optional<Path> file, int samples, OptionalInt tokensPerSample) {
    /** Samples taken when the user does not say: as many as the built-in text has. */
    public static final int SAMPLES = 4;
    /** Samples taken to measure a model's answers when the user does not say. */
    public static final int MEASURED_SAMPLES = 32;
    /** Longest sample when the user does not say: what attention costs grows with the square, what a rank costs with the cube. */
    public static final int LONGEST = 256;

    /** Samples that may be taken at most. */
    public static final int MOST_SAMPLES = 100_000;
    /** For the attention probabilities of one layer and sample, which are held twice: by the runtime and as its result. */
    private static final long MOST_PROBABILITY_BYTES = 1L << 30;
    private static final int MOST_HEADS = 1 << 16;
    /** More characters than a token has but in rare texts. */
    private static final int CHARACTERS = 32;

    public Calibration {
        if (samples < 1 || samples > MOST_SAMPLES) {
            throw new InputException("--samples is " + samples + ", expected 1 to " + MOST_SAMPLES);
        }
        if (tokensPerSample.isPresent() && tokensPerSample.getAsInt() < 2) {
            throw new InputException("--tokens-per-sample is " + tokensPerSample.getAsInt() + ", expected at least 2");
        }
    }

    /** A file, or where that is null the built-in text. */
    public static Calibration of(Path file) {
        return new Calibration(Optional.ofNullable(file), SAMPLES, OptionalInt.empty());
    }

    /** The same text with at most this many samples. */
    public Calibration withSamples(int count) {
        return new Calibration(file, count, tokensPerSample);
    }

    /** The same text in samples of this many tokens. */
    public Calibration withTokensPerSample(int tokens) {
        return new Calibration(file, samples, OptionalInt.of(tokens));
    }

    /** Where the text is from, for people. */
    public String source() {
        return file.map(Path::toString).orElse("built-in text (openings of four novels)");
    }

    /**
     * Reads the samples when they are first asked for, and once.
     *
     * @param checkpoint whose tokenizer reads the text
     * @param instead    as in {@link #samples(Checkpoint, String)}
     */
    public Supplier<List<Sample>> reader(Supplier<Checkpoint> checkpoint, String instead) {
        return once(() -> samples(checkpoint.get(), instead));
    }

    /** Samples that are read when they are first asked for, and once. */
    public static Supplier<List<Sample>> once(Supplier<List<Sample>> source) {
        var read = new ArrayList<Sample>();
        return () -> {
            if (read.isEmpty()) {
                read.addAll(source.get());
            }
            return List.copyOf(read);
        };
    }

    /**
     * The samples as token ids, each of at least two tokens and none longer than the model's context.
     *
     * @param instead what else the user may do where there is no tokenizer, put behind a message; may be empty
     * @throws InputException       when the text has no sample of two tokens, or there is no tokenizer, or the samples are to be
     *                              longer than the model's context or than memory allows
     * @throws UncheckedIOException when a file cannot be read
     */
    public List<Sample> samples(Checkpoint checkpoint, String instead) {
        if (!Files.isRegularFile(checkpoint.dir().resolve(Tokenizer.FILE))) {
            throw new InputException(checkpoint.dir() + ": has no " + Tokenizer.FILE + ", which is needed to read text; copy the model's there"
                    + (instead.isEmpty() ? "" : ", " + instead));
        }
        JsonObject config = Importer.decoderConfig(checkpoint.config());
        int context = config.optInt("max_position_embeddings", LONGEST, 1, Integer.MAX_VALUE);
        int heads = config.requireInt("num_attention_heads", 1, MOST_HEADS);
        int vocabulary = config.requireInt("vocab_size", 1, Integer.MAX_VALUE);
        try (Tokenizer tokenizer = Tokenizer.open(checkpoint.dir(), vocabulary)) {
            return samples(tokenizer, context, heads).stream().map(Sample::of).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #samples(Checkpoint, String)}, token ids alone, with a tokenizer that is open already. */
    public List<long[]> samples(Tokenizer tokenizer, int context, int heads) throws IOException {
        if (tokensPerSample.isPresent()) {
            requireContext(tokensPerSample.getAsInt(), context);
            requireMemory(tokensPerSample.getAsInt(), heads);
        }
        return samples(tokenizer, context);
    }

    /** As {@link #samples(Tokenizer, int, int)}, for uses that do not hold attention probabilities: of any length that the context has. */
    public List<long[]> samples(Tokenizer tokenizer, int context) throws IOException {
        List<long[]> found = tokensPerSample.isPresent() ? pieces(tokenizer, tokensPerSample.getAsInt(), context)
                : texts(tokenizer, Math.min(LONGEST, context));
        if (found.isEmpty()) {
            throw new InputException(source() + ": has no text of at least " + Math.max(2, tokensPerSample.orElse(2))
                    + " tokens to measure on; expected plain text, or a .jsonl file with a \"text\" in each line");
        }
        return found;
    }

    private List<long[]> texts(Tokenizer tokenizer, int longest) throws IOException {
        var found = new ArrayList<long[]>();
        try (SampleTexts texts = SampleTexts.open(file)) {
            for (Optional<String> text = texts.next(); text.isPresent() && found.size() < samples; text = texts.next()) {
                long[] ids = beginning(text.get(), longest, tokenizer::encode);
                if (ids.length >= 2) {
                    found.add(ids.length > longest ? Arrays.copyOf(ids, longest) : ids);
                }
            }
        }
        return found;
    }

    private List<long[]> pieces(Tokenizer tokenizer, int length, int context) throws IOException {
        requireContext(length, context);
        long[] special = prefix(tokenizer);
        int fresh = length - special.length;
        if (fresh < 1) {
            throw new InputException("--tokens-per-sample is " + length + ", but the tokenizer puts " + special.length
                    + " special tokens before a text; expected more");
        }
        var found = new ArrayList<long[]>();
        long[] left = {};
        try (SampleTexts texts = SampleTexts.open(file)) {
            for (Optional<String> text = texts.next(); text.isPresent() && found.size() < samples; text = texts.next()) {
                if (texts.apart()) {
                    long[] ids = beginning(text.get(), fresh, tokenizer::encodeWithoutSpecialTokens);
                    if (ids.length >= fresh) {
                        found.add(join(special, Arrays.copyOf(ids, fresh)));
                    }
                    continue;
                }
                left = join(left, beginning(text.get() + "\n", (long) (samples - found.size()) * fresh, tokenizer::encodeWithoutSpecialTokens));
                int at = 0;
                for (; left.length - at >= fresh && found.size() < samples; at += fresh) {
                    found.add(join(special, Arrays.copyOfRange(left, at, at + fresh)));
                }
                left = Arrays.copyOfRange(left, at, left.length);
            }
        }
        return found;
    }

    /**
     * At least the first tokens of a text, or all where it has no more. Of a text that is much longer only the beginning is encoded:
     * where it is cut has an effect on tokens near by, and those wanted are far from there.
     */
    private static long[] beginning(String text, long wanted, Function<String, long[]> encode) {
        if (text.length() > wanted * CHARACTERS) {
            int cut = (int) wanted * CHARACTERS;
            long[] ids = encode.apply(text.substring(0, Character.isHighSurrogate(text.charAt(cut - 1)) ? cut - 1 : cut));
            if (ids.length >= 2 * wanted) {
                return ids;
            }
        }
        return encode.apply(text);
    }

    private static void requireContext(int length, int context) {
        if (length > context) {
            throw new InputException("--tokens-per-sample is " + length + ", expected at most the model's context of " + context);
        }
    }

    private static void requireMemory(int length, int heads) {
        double bytes = (double) heads * length * length * Float.BYTES;
        if (bytes > MOST_PROBABILITY_BYTES) {
            throw new InputException("--tokens-per-sample is " + length + ", for which the attention probabilities of a layer's " + heads
                    + " heads take " + Units.bytes((long) bytes) + ", expected at most " + Units.bytes(MOST_PROBABILITY_BYTES) + "; lower it to "
                    + (int) Math.sqrt((double) MOST_PROBABILITY_BYTES / Float.BYTES / heads) + " or less");
        }
    }

    /** What the tokenizer puts before a text, such as BOS. */
    private static long[] prefix(Tokenizer tokenizer) {
        long[] with = tokenizer.encode("a");
        long[] without = tokenizer.encodeWithoutSpecialTokens("a");
        for (int n = 0; n + without.length <= with.length; n++) {
            if (Arrays.equals(with, n, n + without.length, without, 0, without.length)) {
                return Arrays.copyOf(with, n);
            }
        }
        return new long[0];
    }

    private static long[] join(long[] a, long[] b) {
        long[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }
}
