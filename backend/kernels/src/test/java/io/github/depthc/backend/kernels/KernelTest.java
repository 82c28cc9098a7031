// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class KernelTest {
    private static final Pattern ENTRY = Pattern.compile("extern \"C\" __global__ void __launch_bounds__\\((\\d+)\\) (\\w+)\\(([^)]*)\\)");

    private static final Sizes SIZES = Stream.of(Size.values()).reduce(Sizes.of(Size.ROWS, 2), (s, size) -> s.with(size, 2), (a, b) -> b);

    @ParameterizedTest
    @EnumSource
    void theSourceDeclaresTheSameParametersAndBlock(Kernel kernel) {
        var entry = ENTRY.matcher(KernelSources.files().get(kernel.source()));
        String found = null;
        while (entry.find()) {
            if (entry.group(2).equals(kernel.symbol())) {
                found = entry.group(3).replaceAll("\\s+", " ");
                assertEquals(Integer.parseInt(entry.group(1)), kernel.launch(SIZES).block());
            }
        }
        assertEquals(found, kernel.declaration());
    }

    @Test
    void everyEntryOfTheSourcesIsDescribed() {
        var symbols = new TreeSet<String>();
        KernelSources.files().values().forEach(text -> ENTRY.matcher(text).results().forEach(m -> symbols.add(m.group(2))));
        assertEquals(Stream.of(Kernel.values()).map(Kernel::symbol).collect(Collectors.toCollection(TreeSet::new)), symbols);
    }

    @Test
    void launches() {
        assertEquals(new Launch(374, 1, 1, 256, 0), Kernel.COMBINE.launch(Sizes.of(Size.TOKENS, 2988)));
        assertEquals(new Launch(1, 1, 1, 256, 0), Kernel.GATHER.launch(Sizes.of(Size.KEPT, 0)));
        assertEquals(new Launch(3, 4, 5, 128, 0), Kernel.ATTEND.launch(
                Sizes.of(Size.SPLITS, 3).with(Size.HEADS, 14).with(Size.KV_HEADS, 2).with(Size.ROWS, 5)));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Kernel.COMBINE.launch(Sizes.of(Size.ROWS, 1))).getMessage().contains("TOKENS"));
    }

    /** The numbers of the design for 7B: 24 MB of score, 24 MB of gather and 24 MB of combine at 2928 tokens of which half are kept. */
    @Test
    void byteFloors() {
        Sizes s = Sizes.of(Size.TOKENS, 2928).with(Size.KEPT, 1464).with(Size.WRITTEN, 1464).with(Size.WIDTH, 4096).with(Size.ROW_BYTES, 8192);
        assertEquals(2928L * 8192 + 4 * 4096 + 4 * 2928, Kernel.SCORE_LINEAR.byteFloor(Precision.BF16, s));
        assertEquals(2L * 1464 * 8192 + 4 * 1464, Kernel.GATHER.byteFloor(Precision.BF16, s));
        assertEquals(2L * 1464 * 8192 + 4 * 2928, Kernel.COMBINE.byteFloor(Precision.BF16, s));
        assertEquals((1464L + 2928) * 16384 + 8 * 2928 + 4 * 4096, Kernel.COMBINE_SCORE.byteFloor(Precision.F32, s));
    }

    @Test
    void splitsFillTheGpu() {
        Sizes one = Sizes.of(Size.ROWS, 1).with(Size.HEADS, 32).with(Size.KV_HEADS, 8);
        assertEquals(33, Kernel.attendSplits(one, 132));
        assertEquals(8, Kernel.attendSplits(one.with(Size.ROWS, 4), 132));
        assertEquals(1, Kernel.attendSplits(one.with(Size.ROWS, 128), 132));
        // more would be more partial results than entries are worth
        assertEquals(64, Kernel.attendSplits(one.with(Size.HEADS, 1).with(Size.KV_HEADS, 1), 132));
    }
}
