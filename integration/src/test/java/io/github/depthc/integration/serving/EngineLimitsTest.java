// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.integration.Bundles;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Engines that were built for few rows and short prompts, on the stand-in for a GPU. */
final class EngineLimitsTest {
    private static final Path STORIES = Path.of(System.getProperty("depthc.root"), "samples/checkpoints/stories260k");
    private static final EngineLimits LIMITS = new EngineLimits(2, 16);

    @TempDir
    private Path temp;

    private PlanEngine engine() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(STORIES)) {
            return Bundles.planEngine(Importer.load(checkpoint), temp.resolve("plan"), LIMITS);
        }
    }

    @Test
    void moreThanTheyWereBuiltForIsRefusedBeforeAnythingRuns() throws IOException {
        try (PlanEngine engine = engine()) {
            assertEquals(LIMITS, engine.limits());
            assertTrue(engine.freeBytes().orElseThrow() > 0);
            Slot slot = engine.open();
            String prompt = assertThrows(InputException.class, () -> slot.prefill(PromptInput.of(IntStream.range(1, 18).toArray()))).getMessage();
            assertEquals("the prompt has 17 tokens, the engines for Host GPU were built for 16 at most; build them again with --max-prompt 17", prompt);
            assertEquals(0, slot.kvBytesReserved());
            List<Slot> slots = IntStream.range(0, 3).mapToObj(i -> engine.open()).toList();
            slots.forEach(s -> s.prefill(PromptInput.of(1, 2)));
            String rows = assertThrows(InputException.class, () -> engine.step(slots, new int[] {3, 4, 5})).getMessage();
            assertEquals("a decode step has 3 rows, the engines for Host GPU were built for 2 at most; build them again with --max-batch 3", rows);
            engine.step(slots.subList(0, 2), new int[] {3, 4});
        }
    }

    /** However many come, and however many the server was told to take. */
    @Test
    @Timeout(120)
    void aServerKeepsWithinThem() throws Exception {
        Path bundle = temp.resolve("stories");
        Served.command("convert", STORIES, "-o", bundle, "--layers", "none");
        String json = "{\"prompt\": \"Once upon a time\", \"max_tokens\": 12, \"temperature\": 0}";
        try (PlanEngine engine = engine(); Served served = Served.start(bundle, 16, 8, engine); ExecutorService clients = Executors.newFixedThreadPool(6)) {
            String alone = served.text(json);
            List<Future<String>> all = IntStream.range(0, 6).mapToObj(i -> clients.submit(() -> served.text(json))).toList();
            for (Future<String> one : all) {
                assertEquals(alone, one.get());
            }
            assertEquals(List.of(), served.failures);
            HttpResponse<String> refused = served.post("/v1/completions", "{\"prompt\": " + Collections.nCopies(17, 5) + ", \"max_tokens\": 1}");
            assertEquals(400, refused.statusCode(), refused.body());
            assertTrue(refused.body().contains("the prompt has 17 tokens, expected at most 16"), refused.body());
        }
    }
}
