// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.backend.tensorrt.Gpu;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which of several GPUs runs a bundle. */
class EnginesTest {
    private static Gpu gpu(int index) {
        return new Gpu(index, "GPU " + index, 90, 132, 1L << 37, "13.0");
    }

    private static final List<Gpu> GPUS = List.of(gpu(0), gpu(1), gpu(2));

    @Test
    void theFirstThatHasEngines() throws IOException {
        assertEquals(new Engines.Choice.Ready(gpu(1)), Engines.first(GPUS, g -> g.index() > 0 ? Optional.empty() : Optional.of("nothing")));
        assertEquals(new Engines.Choice.Ready(gpu(0)), Engines.first(GPUS, g -> Optional.empty()));
    }

    @Test
    void whereNoneHasThemTheFirstSaysWhatIsMissing() throws IOException {
        assertEquals(new Engines.Choice.Missing("no engines for GPU 0"), Engines.first(GPUS, g -> Optional.of("no engines for " + g.name())));
    }
}
