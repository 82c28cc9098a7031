// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.ServerOptions;
import io.github.depthc.server.batch.BatchLimits;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What becomes of what was asked for, by what an engine takes and has. */
final class CapacityTest {
    private static final long HOST = 8L << 30;
    private static final Engine CPU = engine(EngineLimits.NONE, OptionalLong.empty());
    private static final Engine GPU = engine(new EngineLimits(8, 4096), OptionalLong.of(6L << 30));

    private static Engine engine(EngineLimits limits, OptionalLong free) {
        return (Engine) Proxy.newProxyInstance(Engine.class.getClassLoader(), new Class<?>[] {Engine.class}, (_, method, _) -> switch (method.getName()) {
            case "limits" -> limits;
            case "freeBytes" -> free;
            default -> throw new UnsupportedOperationException(method.getName());
        });
    }

    private static ServerOptions of(Engine engine, Capacity capacity) {
        return capacity.of(engine, new ServerOptions("127.0.0.1", 0, Optional.empty(), new BatchLimits(256, capacity.rows().orElse(32), capacity.kvBytes().orElse(HOST), 1024), 1, 1,
                capacity.promptTokens().orElse(Integer.MAX_VALUE), 1, Duration.ofSeconds(1)));
    }

    private static Capacity asked(int rows, int prompt, long kv) {
        return new Capacity(rows == 0 ? OptionalInt.empty() : OptionalInt.of(rows), prompt == 0 ? OptionalInt.empty() : OptionalInt.of(prompt),
                kv == 0 ? OptionalLong.empty() : OptionalLong.of(kv));
    }

    @Test
    void cachesAreInTheMemoryOfWhatComputes() {
        assertEquals(HOST, of(CPU, asked(0, 0, 0)).batch().kvBytes());
        assertEquals(3L << 30, of(GPU, asked(0, 0, 0)).batch().kvBytes());
        assertEquals(5L << 30, of(GPU, asked(0, 0, 5L << 30)).batch().kvBytes());
        assertEquals(7L << 30, of(CPU, asked(0, 0, 7L << 30)).batch().kvBytes());
        assertEquals(1, of(engine(new EngineLimits(8, 4096), OptionalLong.of(1)), asked(0, 0, 0)).batch().kvBytes());
        assertEquals("--kv-budget is 7.00 GiB, of the GPU's memory 6.00 GiB are free; give less, or end other programs on this GPU",
                assertThrows(InputException.class, () -> of(GPU, asked(0, 0, 7L << 30))).getMessage());
    }

    @Test
    void moreThanEnginesTakeIsRefusedWhereItWasAskedFor() {
        assertEquals("--max-batch is 9, the engines were built for 8 at most; lower it, or build them again with --max-batch 9",
                assertThrows(InputException.class, () -> of(GPU, asked(9, 0, 0))).getMessage());
        assertEquals("--max-prompt-tokens is 5000, the engines were built for 4096 at most; lower it, or build them again with --max-prompt 5000",
                assertThrows(InputException.class, () -> of(GPU, asked(0, 5000, 0))).getMessage());
        assertEquals(8, of(GPU, asked(8, 4096, 0)).batch().rows());
        assertEquals(64, of(CPU, asked(64, 1 << 20, 0)).batch().rows());
    }

    @Test
    void whatEnginesTakeIsTold() {
        assertEquals(Optional.empty(), Capacity.told(CPU.limits()));
        assertEquals("The engines were built for 8 requests together and prompts of 4096 tokens, at most.", Capacity.told(GPU.limits()).orElseThrow());
        assertEquals("The engines were built for 1 request together and prompts of 512 tokens, at most.", Capacity.told(new EngineLimits(1, 512)).orElseThrow());
    }
}
