// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static io.github.depthc.backend.kernels.Buffers.requireBytes;
import static io.github.depthc.backend.kernels.Buffers.requireFloats;
import static io.github.depthc.backend.kernels.Buffers.requireInts;

import io.github.depthc.backend.kernels.host.Heads;
import io.github.depthc.backend.kernels.host.HostCache;
import io.github.depthc.backend.kernels.host.HostReceived;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Attention of decode steps over caches, and the attention that tokens receive. */
final class AttentionCases {
    private static final int FORMS = 6;
    private static final int[] OBSERVERS = {1, 4, 19};

    private AttentionCases() {
    }

    /** Caches of uneven length, empty ones too: a token is appended to some rows, then all attend. */
    static int decode(KernelRunner runner, Precision precision) {
        var random = new Random(6);
        int[][] shapes = {{1, 1, 8}, {4, 2, 5}, {6, 2, 16}, {2, 2, 128}, {8, 1, 64}, {5, 1, 24}, {2, 1, 256}, {3, 3, 100}};
        for (int[] shape : shapes) {
            for (int form = 0; form < FORMS; form++) {
                try (var b = new Buffers(runner, precision, random, random.nextInt(4) == 0 ? 4 : 0)) {
                    cacheAndAttention(precision, random, b, new Heads(shape[0], shape[1], shape[2], 0.3f, form % 2 == 0 ? 0 : 2.5f), form);
                    b.checkGuards();
                }
            }
        }
        return shapes.length * FORMS;
    }

    private static void cacheAndAttention(Precision precision, Random random, Buffers b, Heads h, int form) {
        int rows = 3;
        int[] lengths = {random.nextInt(70), 1 + random.nextInt(9), 0};
        int w = h.kvHeads() * h.headDim();
        boolean indexed = form >= 2;
        int window = form >= 4 ? 1 + random.nextInt(20) : form == 1 ? 7 : 0;
        var k = new ArrayList<MemorySegment>();
        var v = new ArrayList<MemorySegment>();
        var index = new ArrayList<MemorySegment>();
        for (int length : lengths) {
            k.add(b.randomRows((long) (length + 1) * w));
            v.add(b.randomRows((long) (length + 1) * w));
            // Entries have gaps: those in them were skipped by the layer.
            index.add(b.ints(IntStream.range(0, length + 1).map(t -> 2 * t).toArray()));
        }
        MemorySegment place = b.ints(IntStream.of(lengths).map(n -> 2 * n + 1).toArray());
        MemorySegment newK = b.randomRows((long) rows * w);
        MemorySegment newV = b.randomRows((long) rows * w);
        // The last cache is empty and, in half of the cases, stays so.
        MemorySegment keep = form % 2 == 0 ? null : b.bytes(rows).copyFrom(MemorySegment.ofArray(new byte[] {1, 1, 0}));
        MemorySegment count = b.ints(lengths);

        List<MemorySegment> hostK = k.stream().map(b::widen).toList();
        List<MemorySegment> hostV = v.stream().map(b::widen).toList();
        List<MemorySegment> hostIndex = index.stream().map(b::copy).toList();
        MemorySegment hostCount = b.ints(lengths);
        HostCache.append(b.widen(newK), b.widen(newV), rows, w, hostK, hostV, indexed ? hostIndex : null, place, hostCount, keep);

        var kPointers = new KernelRunner.Addresses(k);
        var vPointers = new KernelRunner.Addresses(v);
        KernelRunner.Addresses indexPointers = indexed ? new KernelRunner.Addresses(index) : null;
        Sizes sizes = Sizes.of(Size.ROWS, rows).with(Size.HEADS, h.heads()).with(Size.KV_HEADS, h.kvHeads()).with(Size.HEAD_DIM, h.headDim())
                .with(Size.SPLITS, 1 + random.nextInt(5));
        int splits = (int) sizes.get(Size.SPLITS);
        b.launch(Kernel.APPEND, Kernel.APPEND.launch(sizes), newK, newV, rows, w, kPointers, vPointers, indexPointers, place, count, keep);
        requireInts(hostCount, count, "append, lengths");
        for (int r = 0; r < rows; r++) {
            requireBytes(hostK.get(r), b.widen(k.get(r)), "append, k");
            requireBytes(hostV.get(r), b.widen(v.get(r)), "append, v");
            requireInts(hostIndex.get(r), index.get(r), "append, index");
        }

        MemorySegment q = b.randomRows((long) rows * h.heads() * h.headDim());
        MemorySegment partial = b.bytes(Kernel.attendScratch(sizes));
        MemorySegment out = b.rows((long) rows * h.heads() * h.headDim());
        b.launch(Kernel.ATTEND, Kernel.ATTEND.launch(sizes), q, rows, h.heads(), h.kvHeads(), h.headDim(), h.scale(), h.softcap(), window, kPointers,
                vPointers, indexPointers, place, count, splits, partial);
        b.launch(Kernel.ATTEND_MERGE, Kernel.ATTEND_MERGE.launch(sizes), partial, rows, h.heads(), h.headDim(), splits, out);
        MemorySegment expected = b.floats((long) rows * h.heads() * h.headDim());
        HostCache.attend(b.widen(q), rows, h, window, hostK, hostV, indexed ? hostIndex : null, place, hostCount, expected);
        requireFloats(expected, b.widen(out), KernelCases.rounding(precision), "attend, " + h + ", window " + window + ", splits " + splits);
    }

    static int received(KernelRunner runner, Precision precision) {
        var random = new Random(7);
        int[][] shapes = {{1, 1, 8}, {4, 2, 5}, {6, 2, 16}, {2, 2, 128}, {2, 1, 256}};
        for (int[] shape : shapes) {
            for (int observers : OBSERVERS) {
                try (var b = new Buffers(runner, precision, random, observers == 4 ? 4 : 0)) {
                    var h = new Heads(shape[0], shape[1], shape[2], 0.3f, observers == 4 ? 2 : 0);
                    Tokens tokens = Tokens.of(b, random, 1, 37, 1, 20, 2);
                    boolean causal = observers != 4;
                    MemorySegment q = b.randomRows((long) tokens.n() * h.heads() * h.headDim());
                    MemorySegment k = b.randomRows((long) tokens.n() * h.kvHeads() * h.headDim());
                    Sizes sizes = Sizes.of(Size.ROWS, tokens.rows()).with(Size.TOKENS, tokens.n()).with(Size.HEADS, h.heads()).with(Size.OBSERVERS, observers);
                    MemorySegment scratch = b.bytes(Kernel.receivedScratch(sizes));
                    MemorySegment score = b.floats(tokens.n());
                    b.launch(Kernel.RECEIVED_SCORES, Kernel.RECEIVED_SCORES.launch(sizes), q, k, tokens.n(), tokens.rowOffsets(), tokens.rows(), h.heads(),
                            h.kvHeads(), h.headDim(), h.scale(), h.softcap(), observers, causal ? 1 : 0, scratch);
                    b.launch(Kernel.RECEIVED_SOFTMAX, Kernel.RECEIVED_SOFTMAX.launch(sizes), scratch, tokens.n(), tokens.rowOffsets(), tokens.rows(), observers);
                    b.launch(Kernel.RECEIVED_SUM, Kernel.RECEIVED_SUM.launch(sizes), scratch, tokens.n(), tokens.rowOffsets(), tokens.rows(), h.heads(),
                            observers, score);
                    MemorySegment expected = b.floats(tokens.n());
                    HostReceived.received(b.widen(q), b.widen(k), tokens.rowOffsets(), tokens.rows(), h, observers, causal, expected);
                    requireFloats(expected, score, 1e-5, "received, " + h + ", observers " + observers);
                    b.checkGuards();
                }
            }
        }
        return shapes.length * OBSERVERS.length;
    }
}
