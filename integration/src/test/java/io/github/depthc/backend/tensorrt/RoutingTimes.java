// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.backend.kernels.Size;
import io.github.depthc.backend.kernels.Sizes;
import io.github.depthc.backend.plan.DeviceMemory;
import io.github.depthc.ir.mod.Routing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Times each routing step of a p-MoD layer by itself, and all of them one after the other: selection, gate, gather, combination with the next layer's
 * score. Hidden states come from so many places in turn that no cache holds them.
 */
public final class RoutingTimes {
    private static final int LEAST_SETS = 2;
    private static final float TANH = 0.2f;
    private static final double EPSILON = 1e-5;
    /** Two kernels, what a plan does where an engine begins with the norm; a step that is no part of a layer's. */
    public static final String GATHER_THEN_NORM = "gather then norm";
    /** The same by one kernel. */
    public static final String GATHER_NORM = "gather norm";

    private final GpuBench bench;
    private final Cuda cuda;
    private final KernelLauncher kernels;
    private final Precision precision;
    private final int width;
    private final long beyondCaches;

    /** @param beyondCaches bytes that no cache of the GPU holds */
    RoutingTimes(GpuBench bench, Cuda cuda, KernelLauncher kernels, Precision precision, int width, long beyondCaches) {
        this.bench = bench;
        this.cuda = cuda;
        this.kernels = kernels;
        this.precision = precision;
        this.width = width;
        this.beyondCaches = beyondCaches;
    }

    /**
     * A step.
     *
     * @param seconds    of each measurement
     * @param floorBytes that it cannot do without
     */
    public record Step(String name, List<Double> seconds, long floorBytes) {
    }

    /** Memory of one measurement; hidden states stand at {@code x + i · setBytes}, those of kept tokens behind them. */
    private record Room(long x, long setBytes, long keptAt, int sets, long w, long score, long candidates, long offsets, long mask, long rowKept, long indices,
            long keptOffsets, long inverse, long gate, long each, long normed) {
        long x(int repetition) {
            return x + repetition % sets * setBytes;
        }

        long kept(int repetition) {
            return x(repetition) + keptAt;
        }
    }

    List<Step> measure(int tokens, int candidates, double ratio, int rounds) {
        int kept = Math.toIntExact(tokens - candidates + Routing.Selection.kept(candidates, ratio));
        long rowBytes = (long) width * precision.bytes();
        long setBytes = (tokens + kept) * rowBytes;
        int sets = Math.toIntExact(Math.max(LEAST_SETS, (beyondCaches + setBytes - 1) / setBytes));
        long small = aligned((long) Math.max(tokens + 1, width) * Float.BYTES);
        try (DeviceMemory memory = cuda.allocate(sets * setBytes); DeviceMemory vectors = cuda.allocate(11 * small); DeviceMemory normed = cuda.allocate(kept * rowBytes)) {
            long v = vectors.address();
            var room = new Room(memory.address(), setBytes, tokens * rowBytes, sets, v, v + small, v + 2 * small, v + 3 * small, v + 4 * small, v + 5 * small,
                    v + 6 * small, v + 7 * small, v + 8 * small, v + 9 * small, v + 10 * small, normed.address());
            fill(room, tokens, candidates, kept);
            Sizes s = Sizes.of(Size.ROWS, 1).with(Size.TOKENS, tokens).with(Size.KEPT, kept).with(Size.WRITTEN, kept).with(Size.WIDTH, width)
                    .with(Size.ROW_BYTES, rowBytes);
            select(room, s, (float) ratio);
            gate(room, s);
            for (int i = 0; i < sets; i++) {
                gather(room, s, i);
            }
            cuda.synchronize();

            var steps = new ArrayList<Step>();
            time(steps, "score", rounds, sets, i -> score(room, s, i), floor(s, Kernel.SCORE_LINEAR));
            time(steps, "select", rounds, sets, i -> select(room, s, (float) ratio), floor(s, Kernel.SELECT_TOP_K, Kernel.COMPACT));
            time(steps, "gate", rounds, sets, i -> gate(room, s), floor(s, Kernel.GATE));
            time(steps, "gather", rounds, sets, i -> gather(room, s, i), floor(s, Kernel.GATHER));
            time(steps, GATHER_THEN_NORM, rounds, sets, i -> {
                gather(room, s, i);
                norm(room, s, room.kept(i), room.each(), 0);
            }, floor(s, Kernel.GATHER) + 2 * kept * rowBytes + 4L * kept + 4L * width);
            time(steps, GATHER_NORM, rounds, sets, i -> norm(room, s, room.x(i), room.indices(), room.kept(i)), floor(s, Kernel.GATHER_NORM));
            time(steps, "combine", rounds, sets, i -> combine(room, s, i), floor(s, Kernel.COMBINE));
            time(steps, "combine and score", rounds, sets, i -> combineScore(room, s, i), floor(s, Kernel.COMBINE_SCORE));
            time(steps, "all of a layer", rounds, sets, i -> {
                select(room, s, (float) ratio);
                gate(room, s);
                gather(room, s, i);
                combineScore(room, s, i);
            }, floor(s, Kernel.SELECT_TOP_K, Kernel.COMPACT, Kernel.GATE, Kernel.GATHER, Kernel.COMBINE_SCORE));
            return steps;
        }
    }

    /** 32 bits of rows in which every number is 0.01. */
    static int small(Precision precision) {
        return switch (precision) {
            case F32 -> Float.floatToRawIntBits(0.01f);
            case BF16 -> 0x3c243c24;
            case F16 -> 0x211f211f;
        };
    }

    private static long aligned(long bytes) {
        return (bytes + 255) / 256 * 256;
    }

    /** A small number in all hidden states, random weights and scores; text stands before what may be skipped, as before an image. */
    private void fill(Room room, int tokens, int candidates, int kept) {
        cuda.fill(room.x(), small(precision), room.setBytes() * room.sets() / Integer.BYTES);
        var random = new SplittableRandom(1);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(tokens, width));
            for (long i = 0; i < Math.max(tokens, width); i++) {
                numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
            }
            cuda.upload(numbers.asSlice(0, (long) width * Float.BYTES), room.w());
            cuda.upload(numbers.asSlice(0, (long) tokens * Float.BYTES), room.score());
            MemorySegment flags = arena.allocate(tokens);
            flags.asSlice(tokens - candidates, candidates).fill((byte) 1);
            cuda.upload(flags, room.candidates());
            cuda.upload(arena.allocateFrom(ValueLayout.JAVA_INT, 0, tokens), room.offsets());
            cuda.upload(arena.allocateFrom(ValueLayout.JAVA_INT, IntStream.range(0, kept).toArray()), room.each());
            cuda.synchronize();
        }
    }

    private long floor(Sizes s, Kernel... all) {
        long sum = 0;
        for (Kernel kernel : all) {
            sum += kernel.byteFloor(precision, s);
        }
        return sum;
    }

    private void time(List<Step> steps, String name, int rounds, int sets, GpuBench.Started work, long floorBytes) {
        steps.add(new Step(name, bench.seconds(rounds, sets, work), floorBytes));
    }

    private static int tokens(Sizes s) {
        return Math.toIntExact(s.get(Size.TOKENS));
    }

    private void score(Room room, Sizes s, int i) {
        kernels.of(Kernel.SCORE_LINEAR).pointer(room.x(i)).integer(tokens(s)).integer(width).pointer(room.w()).pointer(0).pointer(room.score()).launch(s);
    }

    private void select(Room room, Sizes s, float ratio) {
        kernels.of(Kernel.SELECT_TOP_K).pointer(room.offsets()).integer(1).pointer(room.candidates()).pointer(room.score()).real(ratio).integer(0)
                .pointer(room.mask()).pointer(room.rowKept()).launch(s);
        kernels.of(Kernel.COMPACT).pointer(room.offsets()).integer(1).pointer(room.mask()).pointer(room.rowKept()).pointer(room.indices())
                .pointer(room.keptOffsets()).pointer(room.inverse()).launch(s);
    }

    private void gate(Room room, Sizes s) {
        kernels.of(Kernel.GATE).integer(1).real(TANH).real(1).pointer(room.score()).pointer(room.candidates()).pointer(room.offsets()).integer(1)
                .pointer(room.gate()).launch(s);
    }

    private void gather(Room room, Sizes s, int i) {
        kernels.of(Kernel.GATHER).pointer(room.x(i)).pointer(room.indices()).integer(Math.toIntExact(s.get(Size.KEPT)))
                .integer(Math.toIntExact(s.get(Size.ROW_BYTES))).pointer(room.kept(i)).launch(s);
    }

    /** @param kept where the rows go, or 0 where the norm alone is wanted */
    private void norm(Room room, Sizes s, long x, long indices, long kept) {
        kernels.of(Kernel.GATHER_NORM).pointer(x).pointer(indices).integer(Math.toIntExact(s.get(Size.KEPT))).integer(width).pointer(room.w()).real(EPSILON)
                .integer(0).pointer(kept).pointer(room.normed()).launch(s);
    }

    private void combine(Room room, Sizes s, int i) {
        combining(Kernel.COMBINE, room, s, i).launch(s);
    }

    private void combineScore(Room room, Sizes s, int i) {
        combining(Kernel.COMBINE_SCORE, room, s, i).pointer(room.w()).pointer(0).pointer(room.score()).launch(s);
    }

    private KernelLauncher combining(Kernel kernel, Room room, Sizes s, int i) {
        return kernels.of(kernel).pointer(room.x(i)).integer(tokens(s)).integer(width).pointer(room.inverse()).pointer(room.kept(i)).pointer(0)
                .pointer(room.x(i));
    }
}
