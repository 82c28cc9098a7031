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

/**
 * A checkpoint's own tokenizer, {@code tokenizer.json}, run by the HuggingFace tokenizers library through DJL's binding.
 * Nothing is downloaded and nothing is reported. Thread-safe; {@link #close()} frees the native part.
 */
public final class Tokenizer implements AutoCloseable {
    /** The file that a tokenizer is read from. */
    public static final String FILE = "tokenizer.json";

    private final HuggingFaceTokenizer tokenizer;

    private Tokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Opens the tokenizer of a folder.
     *
     * @throws InputException when there is no {@code tokenizer.json}, or the library cannot read it
     * @throws IOException    when it cannot be read, or the library's native part cannot be loaded
     */
    public static Tokenizer open(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new InputException(folder + ": has no " + FILE + ", expected one beside the weights for text in and out;"
                    + " prompts given as token ids (--input-ids) work without");
        }
        quiet();
        byte[] json = Files.readAllBytes(file);
        try {
            // The file may ask for truncation or padding; a prompt is neither cut nor filled up here.
            return new Tokenizer(HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json),
                    Map.of("addSpecialTokens", "true", "truncation", "DO_NOT_TRUNCATE", "padding", "DO_NOT_PAD")));
        } catch (RuntimeException e) {
            throw new InputException(file + ": cannot be read as a tokenizer: " + firstLine(e) + "; expected a file of the"
                    + " HuggingFace tokenizers library", e);
        } catch (LinkageError e) {
            throw new IOException("the native part of the HuggingFace tokenizers library cannot be loaded: " + firstLine(e), e);
        }
    }

    /** The token ids of a text, with the special tokens that the tokenizer's own post-processor adds (such as BOS). */
    public long[] encode(String text) {
        return tokenizer.encode(text, true, false).getIds();
    }

    /** The token ids of a text alone. */
    public long[] encodeWithoutSpecialTokens(String text) {
        return tokenizer.encode(text, false, false).getIds();
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
