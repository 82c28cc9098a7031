// SPDX-License-Identifier: Apache-2.0
package org.example.inprocess;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.Verify;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Goes on with a text, without a server and without the command line: from a bundle to tokens. */
public final class Story {
    private static final int TOKENS = 60;

    private Story() {
    }

    /** Prints what the bundle at the first argument makes of the text of the second: at most sixty tokens, to the end of the text or of the model's context. */
    public static void main(String[] args) {
        if (args.length != 2) {
            System.err.println("found " + args.length + " arguments, expected two: a bundle's folder, as depthc convert writes it, and a text to go on with");
            System.exit(2);
        }
        try {
            tell(Path.of(args[0]), args[1]);
        } catch (InputException | InvalidPathException | IOException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void tell(Path folder, String begin) throws IOException {
        try (OrtEngine engine = OrtEngine.open(Bundle.open(folder, Verify.QUICK), OrtOptions.DEFAULT);
                Tokenizer tokenizer = Tokenizer.open(folder); Slot slot = engine.open()) {
            long[] prompt = tokenizer.encode(begin);
            var text = tokenizer.stream(prompt);
            var sampler = new Sampler(SamplingOptions.GREEDY);
            int room = engine.info().model().context() - prompt.length;
            if (room < 1) {
                throw new InputException("the text has " + prompt.length + " tokens, expected fewer than the model's context of " + engine.info().model().context());
            }
            StepOutput output = slot.prefill(PromptInput.of(Arrays.stream(prompt).mapToInt(Math::toIntExact).toArray()));
            int most = Math.min(TOKENS, room);
            for (int i = 0; i < most; i++) {
                int token = sampler.next(output, 0);
                if (engine.info().tokens().eos().contains(token)) {
                    break;
                }
                System.out.print(text.next(token));
                if (i + 1 < most) {
                    output = engine.step(List.of(slot), new int[] {token});
                }
            }
            System.out.println(text.flush());
        }
    }
}
