// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.integration.Bundles;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the stage does with weights in integers, on the stand-in for a GPU: its conversions, and its comparison with the CPU. */
final class EngineStageTest {
    private static final int[] PROMPT = {1, 403, 407, 261, 378, 31, 12, 99};

    @TempDir
    private Path temp;

    @ParameterizedTest
    @EnumSource(names = {"INT8", "INT4"})
    void weightsInIntegersAreComparedWithTheSameBundleOnTheCpu(EngineStage.Kind kind) throws IOException {
        var setting = new Setting(Path.of(System.getProperty("depthc.root")), temp, temp, 4);
        Findings findings = Findings.begin(temp.resolve("engines.json"));
        Path folder = temp.resolve("bundle");
        EngineStage.convert(findings, kind.key() + ".fp32", setting, folder, "fp32", 90, kind.options(temp, temp));
        Bundle bundle = Bundle.open(folder);
        JsonNode quantization = new ObjectMapper().readTree(bundle.file("quantization.json").toFile());
        assertTrue(quantization.toString().contains("\"block\":" + EngineStage.BLOCK), quantization.toString());
        try (PlanEngine gpu = Bundles.onStandIn(bundle, EngineLimits.NONE)) {
            EngineStage.compare(findings, kind.key() + ".fp32", bundle, gpu, PromptInput.of(PROMPT));
        }
        JsonNode found = findings.json().path(kind.key()).path("fp32");
        assertEquals("", found.at("/steps/mismatch").asText());
        assertTrue(found.at("/steps/compared").asInt() > 20, found.toString());
        assertTrue(found.at("/steps/largest_error").asDouble() < 1e-4, found.toString());
        assertEquals(found.at("/kv/predicted").asLong(), found.at("/kv/used").asLong());
        // the CPU rounds activations to 8 bits, so that it may go another way
        assertTrue(found.path("tokens_equal").asInt() > 0, found.toString());
    }
}
