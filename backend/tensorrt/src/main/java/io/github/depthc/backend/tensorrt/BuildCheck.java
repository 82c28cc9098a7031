// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.plan.StepListener;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Segment;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Runs a plan on two devices step by step, a prompt and one decode step, and compares what each step makes. The tokens that are kept are those of
 * the first device, and after each step its results are put in the place of the second one's, so that every step is judged by itself: errors
 * do not add up over layers, and the first step that differs is the one that is wrong.
 */
public final class BuildCheck {
    /** How far a step's results may be from the reference in relative L2, rounding to 16 bits included. */
    public static final double TOLERANCE = 1e-2;

    private final Map<Integer, int[]> kept = new HashMap<>();

    private BuildCheck() {
    }

    /**
     * What was found.
     *
     * @param steps    how many were compared
     * @param largest  relative L2 error of the worst
     * @param mismatch the first step that is farther off than {@link #TOLERANCE}; the run ends there
     */
    public record Report(int steps, double largest, Optional<String> mismatch) {
    }

    /** A step is too far off. */
    private static final class Mismatch extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Mismatch(String message) {
            super(message, null, false, false);
        }
    }

    /**
     * Compares two engines for one plan.
     *
     * @param reference runs first, in F32
     * @param checked   the one that is judged
     */
    public static Report compare(PlanEngine reference, PlanEngine checked, PromptInput prompt) {
        var check = new BuildCheck();
        Comparison comparison = check.new Comparison(checked.device());
        try (Slot expected = reference.open(); Slot found = checked.open()) {
            Recording ofPrompt = check.new Recording(reference.device(), false);
            StepOutput logits = reference.prefill(expected, prompt, ofPrompt);
            int token = largest(logits);
            comparison.against(ofPrompt, "prompt");
            checked.prefill(found, prompt, comparison);
            if (prompt.tokens() != null) {
                Recording ofStep = check.new Recording(reference.device(), true);
                reference.step(List.of(expected), new int[] {token}, ofStep);
                comparison.against(ofStep, "decode step");
                checked.step(List.of(found), new int[] {token}, comparison);
            }
        } catch (Mismatch e) {
            return new Report(comparison.steps, comparison.largest, Optional.of(e.getMessage()));
        }
        return new Report(comparison.steps, comparison.largest, Optional.empty());
    }

    private static int largest(StepOutput logits) {
        int best = 0;
        for (int token = 1; token < logits.vocab(); token++) {
            best = logits.at(0, token) > logits.at(0, best) ? token : best;
        }
        return best;
    }

    /** What the reference made at each step; null where it is not compared. */
    private final class Recording implements StepListener {
        private final Device device;
        private final boolean enginesOnly;
        private final List<List<float[]>> results = new ArrayList<>();

        /** @param enginesOnly of a decode step that routes nothing, scores and gates are left as they are */
        Recording(Device device, boolean enginesOnly) {
            this.device = device;
            this.enginesOnly = enginesOnly;
        }

        @Override
        public int[] keep(int index) {
            return null;
        }

        @Override
        public void done(int step, Node node, List<DeviceTensor> made) {
            if (node.kind() instanceof ModSelect select && !enginesOnly) {
                kept.put(select.index(), ints(made.getFirst()));
            }
            boolean compared = !enginesOnly || node.kind() instanceof Segment || node.kind() instanceof Attention;
            results.add(compared ? made.stream().map(t -> t.dtype().isFloat() ? floats(device, t) : null).toList() : List.of());
        }

        private int[] ints(DeviceTensor from) {
            try (Arena arena = Arena.ofConfined()) {
                return read(device, from, arena).toArray(ValueLayout.JAVA_INT);
            }
        }
    }

    /** Compares with a recording, and goes on with what it has. */
    private final class Comparison implements StepListener {
        private final Device device;
        private Recording reference;
        private String phase;
        private int steps;
        private double largest;

        Comparison(Device device) {
            this.device = device;
        }

        void against(Recording other, String of) {
            reference = other;
            phase = of;
        }

        @Override
        public int[] keep(int index) {
            return kept.get(index);
        }

        @Override
        public void done(int step, Node node, List<DeviceTensor> made) {
            List<float[]> expected = reference.results.get(step);
            for (int i = 0; i < expected.size(); i++) {
                if (expected.get(i) != null && expected.get(i).length > 0) {
                    double error = relativeError(floats(device, made.get(i)), expected.get(i));
                    steps++;
                    largest = Math.max(largest, error);
                    if (!(error <= TOLERANCE)) {
                        String what = node.kind() instanceof Segment s ? "segment " + s.index() : node.kind().mnemonic();
                        throw new Mismatch(String.format(Locale.ROOT, "%s (%s), result %d of a %s of %d tokens: relative L2 error %.4g, expected at most %.0e",
                                what, node.location(), i, phase, made.get(i).rows(), error, TOLERANCE));
                    }
                    write(device, expected.get(i), made.get(i));
                }
            }
        }
    }

    static double relativeError(float[] found, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += ((double) found[i] - expected[i]) * ((double) found[i] - expected[i]);
            norm += (double) expected[i] * expected[i];
        }
        return difference == 0 ? 0 : Math.sqrt(difference / norm);
    }

    private static MemorySegment read(Device device, DeviceTensor from, Arena arena) {
        MemorySegment host = arena.allocate(Math.max(1, from.bytes()), Long.BYTES).asSlice(0, from.bytes());
        if (from.rows() > 0) {
            device.download(from, host);
        }
        return host;
    }

    private static float[] floats(Device device, DeviceTensor from) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = read(device, from, arena);
            if (from.dtype() == DType.F32) {
                return bytes.toArray(ValueLayout.JAVA_FLOAT);
            }
            short[] halves = bytes.toArray(ValueLayout.JAVA_SHORT);
            float[] values = new float[halves.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = from.dtype() == DType.BF16 ? Float.intBitsToFloat(halves[i] << Short.SIZE) : Float.float16ToFloat(halves[i]);
            }
            return values;
        }
    }

    private static void write(Device device, float[] values, DeviceTensor to) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(to.bytes(), Long.BYTES);
            for (int i = 0; i < values.length; i++) {
                switch (to.dtype()) {
                    case F32 -> bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
                    case BF16 -> bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, bfloat16(values[i]));
                    default -> bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
                }
            }
            device.upload(bytes, to);
            device.download(to.first(1), arena.allocate(to.rowBytes(), Long.BYTES)); // the source must stay until then
        }
    }

    /** Rounded to nearest, ties to even. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (Float.isNaN(value) ? bits >>> Short.SIZE | 0x40 : bits + 0x7fff + (bits >>> Short.SIZE & 1) >>> Short.SIZE);
    }
}
