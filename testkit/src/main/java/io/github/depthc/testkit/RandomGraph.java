// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.passes.api.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A random graph on its own, and inputs for it.
 *
 * @param seed   what it was drawn from
 * @param model  the graph, of a model without facts
 * @param inputs a value for each parameter, as {@link io.github.depthc.passes.api.Executor} wants them
 */
public record RandomGraph(long seed, Model model, Map<String, HostTensor> inputs) {
    public RandomGraph {
        inputs = Map.copyOf(inputs);
    }

    /** One graph; the random numbers go on from one to the next. */
    static RandomGraph draw(SplittableRandom random, long seed) {
        return new Drawing(random).draw(seed);
    }

    /** The graph while it grows. */
    private static final class Drawing {
        private static final int[] ROW_LENGTHS = {1, 4, 6};
        private static final int TOKENS = 11;
        private static final int TAKEN = 5;
        private static final int MOST_OPS = 24;
        /** Numbers about as large as this are not multiplied or added any more. */
        private static final double LARGE = 16;

        private final SplittableRandom random;
        private final RandomWeights weights;
        private final RegionBuilder b = new RegionBuilder();
        /** Matrices {@code f32[…, d]}. */
        private final List<Sized> pool = new ArrayList<>();
        private Value perToken;
        private Value indices;
        private Value positions;
        private Value rows;

        /**
         * A value and about how large its numbers get.
         */
        private record Sized(Value value, double size) {
            TensorType type() {
                return value.tensor();
            }

            int width() {
                return Math.toIntExact(type().lastSize());
            }
        }

        Drawing(SplittableRandom random) {
            this.random = random;
            this.weights = new RandomWeights(random);
        }

        RandomGraph draw(long seed) {
            int wide = 4 * (1 + random.nextInt(4));
            int narrow = 1 + random.nextInt(8);
            pool.add(new Sized(b.param("x", TensorType.of(DType.F32, Dim.TOKENS, Dim.of(wide))), 3));
            pool.add(new Sized(b.param("y", TensorType.of(DType.F32, Dim.TOKENS, Dim.of(narrow))), 3));
            perToken = b.param("per_token", TensorType.of(DType.F32, Dim.TOKENS));
            indices = b.param("indices", TensorType.of(DType.I64, Dim.of("taken")));
            positions = b.param("positions", TensorType.of(DType.I64, Dim.TOKENS));
            rows = b.param("rows", new RowsType(Dim.TOKENS));
            for (int n = 4 + random.nextInt(MOST_OPS - 4); n > 0; n--) {
                grow();
            }
            var yields = new ArrayList<Value>(List.of(pool.getLast().value()));
            for (int n = random.nextInt(4); n > 0; n--) {
                yields.add(any().value());
            }
            Region region = b.build(yields);
            return new RandomGraph(seed, new Model(ModelInfo.NONE, region, weights.store()), inputs(wide, narrow));
        }

        private Sized any() {
            return pool.get(random.nextInt(pool.size()));
        }

        private void grow() {
            Sized a = any();
            switch (random.nextInt(14)) {
                case 0, 1 -> unary(a);
                case 2, 3 -> binary(a);
                case 4 -> add(new Sized(b.add("v", new Binary.Mul(), a.value(), b.add("c", new Constant(constant()))), a.size()));
                case 5, 6 -> add(new Sized(linear(a.value(), 1 + random.nextInt(12)), a.size()));
                case 7 -> norm(a);
                case 8 -> residualAndNorm(a);
                case 9 -> slice(a);
                case 10 -> gather(a);
                case 11 -> attention(a);
                case 12 -> twice(a);
                default -> add(new Sized(Noise.maybe(random, b, a.value()), a.size()));
            }
        }

        private void add(Sized made) {
            pool.add(made);
        }

        private void unary(Sized a) {
            OpKind kind = switch (random.nextInt(8)) {
                case 0 -> new Unary.Silu();
                case 1 -> new Unary.Gelu(random.nextBoolean());
                case 2 -> new Unary.Sigmoid();
                case 3 -> new Unary.Tanh();
                case 4 -> new Unary.Softmax();
                case 5 -> new Unary.Softcap(3);
                default -> new Unary.Scale(constant());
            };
            add(new Sized(b.add("v", kind, a.value()), a.size()));
        }

        /** Now and then one that a clean-up pass can do something with. */
        private double constant() {
            return switch (random.nextInt(6)) {
                case 0, 1 -> 1;
                case 2 -> 0;
                case 3 -> -1;
                default -> random.nextInt(-8, 9) / 8.0;
            };
        }

        private void binary(Sized a) {
            List<Sized> same = pool.stream().filter(s -> s.type().equals(a.type())).toList();
            Sized other = same.get(random.nextInt(same.size()));
            boolean rowwise = random.nextInt(4) == 0 && a.type().dim(0).equals(Dim.TOKENS);
            Value second = rowwise ? perToken : other.value();
            double size = rowwise ? 3 : other.size();
            if (a.size() * size > LARGE) {
                add(new Sized(b.add("v", new Unary.Tanh(), a.value()), 1));
                return;
            }
            OpKind kind = switch (random.nextInt(4)) {
                case 0 -> new Binary.Add();
                case 1 -> new Binary.Sub();
                case 2 -> new Binary.Residual(Binary.Branch.MLP);
                default -> new Binary.Mul();
            };
            add(new Sized(b.add("v", kind, a.value(), second), Math.max(a.size() * size, a.size() + size)));
        }

        private Value linear(Value x, int out) {
            Value w = RandomWeights.value(b, weights.matrix(out, Math.toIntExact(x.tensor().lastSize())));
            return random.nextInt(3) == 0 ? b.add("v", new Linear(), x, w, RandomWeights.value(b, weights.vector(out, 0, 0.5)))
                    : b.add("v", new Linear(), x, w);
        }

        private void norm(Sized a) {
            if (random.nextInt(4) == 0) {
                add(new Sized(b.add("v", new LayerNorm(1e-3), a.value(), normWeight(a.width()), RandomWeights.value(b, weights.vector(a.width(), 0, 0.5))), 3));
                return;
            }
            int groups = a.width() % 2 == 0 && random.nextBoolean() ? 2 : 1;
            add(new Sized(b.add("v", new RmsNorm(1e-3, random.nextBoolean(), groups), a.value(), normWeight(a.width() / groups)), 3));
        }

        private Value normWeight(int n) {
            return RandomWeights.value(b, weights.vector(n, 1, 0.2));
        }

        private void residualAndNorm(Sized a) {
            Value sum = b.add("sum", new Binary.Residual(Binary.Branch.ATTENTION), a.value(), linear(a.value(), a.width()));
            add(new Sized(sum, 2 * a.size()));
            for (int n = 1 + random.nextInt(4) / 3; n > 0; n--) {
                add(new Sized(b.add("v", new RmsNorm(1e-3, false, 1), sum, normWeight(a.width())), 3));
            }
        }

        private void slice(Sized a) {
            int begin = random.nextInt(a.width());
            add(new Sized(b.add("v", new SliceLast(begin, begin + 1 + random.nextInt(a.width() - begin)), a.value()), a.size()));
        }

        private void gather(Sized a) {
            if (a.type().dim(0).equals(Dim.TOKENS)) {
                add(new Sized(b.add("v", new GatherRows(), a.value(), indices), a.size()));
            }
        }

        /** Attention without a cache, of two heads over one. */
        private void attention(Sized a) {
            if (!a.type().dim(0).equals(Dim.TOKENS)) {
                return;
            }
            int headDim = 8;
            Value q = linear(a.value(), 2 * headDim);
            Value k = linear(a.value(), headDim);
            if (random.nextBoolean()) {
                var spec = new RotarySpec(headDim, 10_000, new RotarySpec.Scaling.None());
                q = rotated(q, spec, 2);
                k = rotated(k, spec, 1);
            }
            boolean causal = random.nextInt(4) > 0;
            int window = causal && random.nextInt(3) == 0 ? 3 : 0;
            Node made = b.node("v", new Attention(2, 1, headDim, 0.3, random.nextInt(3) == 0 ? 4 : 0, window, causal),
                    List.of(q, k, linear(a.value(), headDim), rows, rows), List.of());
            add(new Sized(made.result(0), a.size()));
        }

        private Value rotated(Value v, RotarySpec spec, int heads) {
            Node table = b.node("cos", new RotaryTable(spec), List.of(positions, rows), List.of(), "sin");
            return b.add("v", new Rotary(heads), v, table.result(0), table.result(1));
        }

        /** The same computation two times, joined again. */
        private void twice(Sized a) {
            OpKind kind = random.nextBoolean() ? new Unary.Silu() : new Unary.Scale(0.5);
            Value one = b.add("v", kind, a.value());
            Value two = b.add("v", kind, a.value());
            add(new Sized(b.add("v", new Binary.Add(), one, two), 2 * a.size()));
        }

        private Map<String, HostTensor> inputs(int wide, int narrow) {
            return Map.of("x", floats(TOKENS, wide), "y", floats(TOKENS, narrow),
                    "per_token", HostTensor.of(numbers(TOKENS), TOKENS),
                    "indices", HostTensor.of(random.longs(TAKEN, 0, TOKENS).toArray()),
                    "positions", HostTensor.of(random.longs(TOKENS, 0, 40).toArray()),
                    GraphNames.ROW_LENGTHS, HostTensor.of(java.util.Arrays.stream(ROW_LENGTHS).asLongStream().toArray()),
                    GraphNames.ROW_STARTS, HostTensor.of(new long[ROW_LENGTHS.length]));
        }

        private HostTensor floats(int n, int width) {
            return HostTensor.of(numbers(n * width), n, width);
        }

        private float[] numbers(int n) {
            float[] values = new float[n];
            for (int i = 0; i < n; i++) {
                values[i] = (float) random.nextGaussian();
            }
            return values;
        }
    }
}
