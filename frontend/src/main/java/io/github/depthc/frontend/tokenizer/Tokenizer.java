// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.github.depthc.ir.InputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A checkpoint's own tokenizer, {@code tokenizer.json}, run by the HuggingFace tokenizers library through DJL's binding.
 * Nothing is downloaded and nothing is reported. Thread-safe; {@link #close()} frees the native part.
 */
public final class Tokenizer implements AutoCloseable {
    /** The file that a tokenizer is read from. */
    public static final String FILE = "tokenizer.json";

    private final Path file;
    private final OptionalLong largest;
    private final HuggingFaceTokenizer tokenizer;
    private final long vocabulary;

    private Tokenizer(Path file, OptionalLong largest, HuggingFaceTokenizer tokenizer, long vocabulary) {
        this.file = file;
        this.largest = largest;
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
    }

    /** As {@link #open(Path, long)} for a model of any vocabulary. */
    public static Tokenizer open(Path folder) throws IOException {
        return open(folder, Long.MAX_VALUE);
    }

    /**
     * Opens the tokenizer of a folder.
     *
     * @param vocabulary rows of the model's embedding: to encode a text with a token of that id or a larger one is an error
     * @throws InputException when there is no {@code tokenizer.json}, or the library cannot read it
     * @throws IOException    when it cannot be read, or the library's native part cannot be loaded
     */
    public static Tokenizer open(Path folder, long vocabulary) throws IOException {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new InputException(folder + ": has no " + FILE + ", expected one beside the weights for text in and out;"
                    + " where a command takes token ids (--input-ids), they work without; else put one into the checkpoint and convert it again");
        }
        TokenizerJson.Content json = TokenizerJson.read(file);
        quiet();
        try {
            // The file may ask for truncation or padding; a prompt is neither cut nor filled up here.
            return new Tokenizer(file, json.largest(), HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.text()),
                    Map.of("addSpecialTokens", "true", "truncation", "DO_NOT_TRUNCATE", "padding", "DO_NOT_PAD")), vocabulary);
        } catch (RuntimeException e) {
            throw new InputException(file + ": cannot be read as a tokenizer: " + LibraryWords.plain(firstLine(e)) + "; get the file anew from where "
                    + "the checkpoint is from", e);
        } catch (LinkageError e) {
            throw new IOException("the native part of the HuggingFace tokenizers library cannot be loaded: " + firstLine(e), e);
        }
    }

    /**
     * Opens the tokenizer of a checkpoint, and closes it: the same library will have to read it when the model runs.
     *
     * @param vocabulary rows of the model's embedding
     * @throws InputException when the library cannot read it, or its vocabulary is larger than the model's. Tokens that were
     *         added to a vocabulary may lie behind its end: checkpoints are published that never use theirs
     */
    public static void check(Path folder, int vocabulary) throws IOException {
        try (Tokenizer tokenizer = open(folder)) {
            if (tokenizer.largest.orElse(-1) >= vocabulary) {
                throw new InputException(tokenizer.file + ": has tokens up to id " + tokenizer.largest.getAsLong() + ", but the model's vocabulary (vocab_size) has "
                        + vocabulary + ", expected ids below that; the tokenizer belongs to another model");
            }
        }
    }

    /**
     * The token ids of a text, with the special tokens that the tokenizer's own post-processor adds (such as BOS);
     * {@link InputException} for a token that the model does not have.
     */
    public long[] encode(String text) {
        return ids(text, true);
    }

    /** The token ids of a text alone; {@link InputException} for a token that the model does not have. */
    public long[] encodeWithoutSpecialTokens(String text) {
        return ids(text, false);
    }

    private long[] ids(String text, boolean special) {
        long[] ids;
        try {
            ids = tokenizer.encode(text, special, false).getIds();
        } catch (RuntimeException e) {
            throw new InputException(file + ": the tokenizer fails on the text: " + LibraryWords.plain(firstLine(e)) + "; the file is damaged or not complete", e);
        }
        for (long id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw new InputException(file + ": the text has the token \"" + tokenizer.decode(new long[] {id}, false) + "\" with id " + id
                        + ", which the model does not have: its ids end at " + (vocabulary - 1) + "; leave that token out of the text");
            }
        }
        return ids;
    }

    /** The text of token ids; special tokens give none. */
    public String decode(long... ids) {
        return tokenizer.decode(ids, true);
    }

    /** A decoder that gives text as tokens come; {@code before} are the tokens before the first (the prompt), which give none. */
    public StreamDecoder stream(long... before) {
        return new StreamDecoder(this::decode, Arrays.copyOf(before, before.length));
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    /** DJL else asks a cloud metadata address who it runs for, and may look for native libraries to download. */
    private static void quiet() {
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
    }

    private static String firstLine(Throwable e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message.lines().findFirst().orElse("");
    }
}
