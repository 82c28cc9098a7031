// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.frontend.tokenizer.StreamDecoder;
import io.github.depthc.server.api.StopStrings;
import io.github.depthc.server.batch.Generation;
import io.github.depthc.server.batch.Outcome;
import java.time.Duration;
import java.util.Optional;

/** Reads a generation as text, up to a stop string. */
final class TokenText {
    private final Generation generation;
    private final StreamDecoder decoder;
    private final StopStrings stops;
    private int tokens;
    private boolean flushed;

    TokenText(Generation generation, StreamDecoder decoder, StopStrings stops) {
        this.generation = generation;
        this.decoder = decoder;
        this.stops = stops;
    }

    /** All text that is there, waiting this long for the first token of it; possibly none. */
    String next(Duration longest) throws InterruptedException {
        var text = new StringBuilder();
        int token = generation.next(longest);
        while (token != Generation.NONE) {
            tokens++;
            text.append(stops.next(decoder.next(token)));
            if (stops.found()) {
                generation.stop();
                return text.toString();
            }
            token = generation.next(Duration.ZERO);
        }
        if (generation.outcome().isPresent() && !flushed) {
            flushed = true;
            text.append(stops.next(decoder.flush()));
            text.append(stops.flush());
        }
        return text.toString();
    }

    /** Why the answer ended, in the words of OpenAI's API; empty while it has not, while text is left, or when it failed. */
    Optional<String> finish() {
        if (stops.found()) {
            return Optional.of("stop");
        }
        // What was held back may have become text only now that no token comes any more.
        return generation.outcome().filter(o -> flushed && o.complete()).map(o -> o == Outcome.LENGTH ? "length" : "stop");
    }

    /** How it failed. */
    Optional<Outcome> failure() {
        return stops.found() ? Optional.empty() : generation.outcome().filter(o -> !o.complete());
    }

    /** Tokens read so far. */
    int tokens() {
        return tokens;
    }
}
