// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.cli.console.Console;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * What integers cost the weights of a bundle, as its conversion measured it.
 *
 * @param json an array, of each rounding its bits, block and places
 */
public record RoundedWeights(JsonNode json) {
    /** Of a bundle; empty where its weights are not in integers. */
    public static Optional<RoundedWeights> of(Bundle bundle) throws IOException {
        if (bundle.info().files().stream().noneMatch(f -> f.path().equals(BundleSpec.QUANTIZATION))) {
            return Optional.empty();
        }
        Path file = bundle.file(BundleSpec.QUANTIZATION);
        try {
            JsonNode json = new ObjectMapper().readTree(Files.readString(file));
            if (!json.isArray()) {
                throw new InputException(file + ": is no array, expected what depthc convert wrote; convert the model again");
            }
            return Optional.of(new RoundedWeights(json));
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": is no JSON, expected what depthc convert wrote; convert the model again", e);
        }
    }

    /** Prints a line for each layer and each weight outside of layers. */
    public void print(Console console) {
        for (JsonNode rounding : json) {
            console.line("");
            console.line("Weights in " + rounding.path("bits").asInt() + " bits, blocks of " + rounding.path("block").asInt() + ": relative error ‖rounded − w‖ / ‖w‖");
            for (JsonNode place : rounding.path("places")) {
                console.line(String.format(Locale.ROOT, "  %.4f  %s", place.path("relative_error").asDouble(), place.path("name").asText()));
            }
        }
    }
}
