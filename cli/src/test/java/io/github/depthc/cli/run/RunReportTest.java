// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Terminals;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RunReportTest {
    private static GenerationResult result(int[] kept, List<GenerationResult.TokenChoice> choices) {
        return new GenerationResult(new int[] {4, 5, 2}, "a b", GenerationResult.Stop.EOS, kept, kept,
                new GenerationResult.KvBytes(1024, 2048, 8192, 4096), new GenerationResult.Times(0.002, 0.004, 2), Map.of(), choices);
    }

    @Test
    void figuresForPeople() {
        var report = new RunReport(new int[] {1, 7}, 0.5, id -> "t" + id, result(new int[] {2, 2, 1}, List.of()));
        assertEquals("""
                prompt   2 tokens in 2.0 ms (1000 tokens/s), after loading for 500 ms
                decode   3 tokens, 2 steps in 4.0 ms (500 tokens/s), ended by the model
                kept     layers 0-1: 2, 2: 1 of 2 tokens of the prompt
                KV       2.00 KiB against 4.00 KiB dense (50.0 %)
                """, printed(report));
    }

    @Test
    void manyLayersAreWrapped() {
        int[] kept = IntStream.range(0, 80).map(i -> 2000 - i).toArray();
        String text = printed(new RunReport(new int[2048], 0.1, null, result(kept, List.of())));
        assertTrue(text.lines().allMatch(l -> l.length() <= 100), text);
        assertTrue(text.contains("79: 1921 of 2048 tokens"), text);
    }

    @Test
    void figuresForPrograms() {
        var choice = new GenerationResult.TokenChoice(4, -0.5, List.of(new Sampler.TokenLogprob(4, -0.5), new Sampler.TokenLogprob(9, -1.5)));
        JsonNode o = new RunReport(new int[] {1, 7}, 0.5, id -> "t" + id, result(new int[] {2, 2, 1}, List.of(choice))).json();
        assertEquals("[1,7]", o.get("prompt_ids").toString());
        assertEquals("[4,5,2]", o.get("output_ids").toString());
        assertEquals("a b", o.get("text").textValue());
        assertEquals("[2,2,1]", o.get("kept_per_layer").toString());
        assertEquals(2048, o.get("kv_bytes").longValue());
        assertEquals(4096, o.get("kv_bytes_dense").longValue());
        assertEquals(500, o.get("timings").get("decode_tokens_per_s").doubleValue(), 1e-9);
        assertEquals("t9", o.get("logprobs").get(0).get("top").get(1).get("text").textValue());
    }

    @Test
    void withoutATokenizerThereIsNoText() {
        assertTrue(new RunReport(new int[] {1}, 0.5, null, result(new int[] {1}, List.of())).json().get("text").isNull());
    }

    private static String printed(RunReport report) {
        var err = new ByteArrayOutputStream();
        report.print(new Console(new ByteArrayOutputStream(), err, true, Terminals.NONE));
        return err.toString(StandardCharsets.UTF_8);
    }
}
