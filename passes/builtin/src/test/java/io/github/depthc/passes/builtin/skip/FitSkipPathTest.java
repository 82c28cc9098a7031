// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.ComputedWeights;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.testkit.MemoryWeights;
import io.github.depthc.testkit.ValueCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Layers 0 and 1 skip, and each adds to a token a map of rank 2 of its norm, with as much of something else as a test says; layer 2 is dense. */
class FitSkipPathTest {
    private static final PassRegistry REGISTRY = PassRegistry.load();
    private static final FitSkipPath PASS = new FitSkipPath();
    private static final int WIDTH = 4;
    private static final int VOCAB = 16;
    private static final int CONTINUATION = 3;
    private static final String ROUTED = """
              %h.NUMBER, %c.NUMBER = mod{index=NUMBER, routing={score=none, gate=one, placement=mlp, selection=most_recent(ratio=0.4), candidates=prompt, kv=drop, \
            positions=original, skip=identity, decode=dense}}(%BEFORE, %position_ids, %rows, %cache.NUMBER, %candidates) : f32[tokens, 4], cache<1x4>
            """;
    private static final String DENSE = """
              %h.NUMBER, %c.NUMBER = layer{index=NUMBER, selected=false, ratio=1.0}(%BEFORE, %position_ids, %rows, %cache.NUMBER) : f32[tokens, 4], cache<1x4>
            """;
    private static final String BODY = """
                region(%x: f32[tokens, 4], %positions: i64[tokens], %rows: rows[tokens], %cache: cache<1x4>) {
                  %g = weight @checkpoint:"NUMBER.norm" : f32[4]
                  %n = rms_norm{epsilon=1.0E-5, unitOffset=false, groups=1}(%x, %g) : f32[tokens, 4]
                  %wq = weight @checkpoint:"NUMBER.q" : f32[4, 4]
                  %q = linear(%n, %wq) : f32[tokens, 4]
                  %a, %c = attention{heads=1, kvHeads=1, headDim=4, scale=0.5, softcap=0.0, window=0}(%q, %n, %n, %rows, %rows, %cache) : \
            f32[tokens, 4], cache<1x4>
                  %wo = weight @checkpoint:"NUMBER.o" : f32[4, 4]
                  %o = linear(%a, %wo) : f32[tokens, 4]
                  %r = residual{branch=attention}(%x, %o) : f32[tokens, 4]
                  %wm = weight @checkpoint:"NUMBER.mlp" : f32[4, 4]
                  %m = linear(%n, %wm) : f32[tokens, 4]
                  %y = residual{branch=mlp}(%r, %m) : f32[tokens, 4]
                  yield %y, %c
                }
            """;
    private static final String MODEL = """
            depthc.mir 1
            model "example" {architecture="example", layers=3, hidden=4, heads=1, kvHeads=1, headDim=4, intermediate=4, vocab=16, context=64}
            graph(%input_ids: i64[tokens], %position_ids: i64[tokens], %rows: rows[tokens], %candidates: bool[tokens], %logits_at: i64[outputs], \
            %cache.0: cache<1x4>, %cache.1: cache<1x4>, %cache.2: cache<1x4>) {
              %table = weight @checkpoint:"embed" : f32[16, 4]
              %x = embedding(%input_ids, %table) : f32[tokens, 4]
            LAYERS  %last = gather_rows(%h.2, %logits_at) : f32[outputs, 4]
              %head = weight @checkpoint:"head" : f32[16, 4]
              %logits = linear(%last, %head) : f32[outputs, 16]
              yield %logits, %c.0, %c.1, %c.2
            }
            """;

    private final Random random = new Random(1);
    private final List<float[]> maps = new ArrayList<>();

    @Test
    void whatALayerAddsIsRecoveredAndTheAnswersAreTheDenseModels() {
        PassContext context = context(samples(8, 12));
        Outcome outcome = PASS.run(model(0, 1), new FitSkipPath.Options(2, 0, 0.25, CONTINUATION, 1), context);
        Model fitted = assertInstanceOf(Outcome.Changed.class, outcome).model();
        assertEquals(List.of(new Routing.SkipPath.Linear(2), new Routing.SkipPath.Linear(2)), fitted.routings().stream().map(Routing::skip).toList());
        SkipPathTrace trace = context.findings().of(SkipPathTrace.class).getFirst();
        assertEquals(6, trace.fitted());
        assertEquals(2, trace.heldOut());
        for (SkipPathTrace.Tried t : trace.layers()) {
            assertTrue(t.accepted(), t.toString());
            assertEquals(6 * 5, t.tokens(), "of nine prompt tokens seven are candidates, and two of those are kept");
            assertEquals(1, t.explains(), 1e-5);
        }
        assertTrue(trace.layers().getFirst().after() > 1e-4, "layer 1 still skips: " + trace);
        assertEquals(0, trace.layers().getLast().after(), 1e-9);
        for (int layer = 0; layer < 2; layer++) {
            assertArrayEquals(maps.get(layer), product(fitted, layer), 1e-4f);
            assertArrayEquals(new float[WIDTH], weight(fitted, layer, "c", WIDTH), 1e-4f);
        }
    }

    /** With as many tokens as there are numbers to fit, anything is explained. */
    @Test
    void aMapThatFitsNothingElseIsNotKept() {
        PassContext context = context(samples(4, 8));
        Model model = model(3, 0);
        assertEquals(new Outcome.Unchanged(), PASS.run(model, new FitSkipPath.Options(0, 0, 0.5, CONTINUATION, 1), context));
        for (SkipPathTrace.Tried t : context.findings().of(SkipPathTrace.class).getFirst().layers()) {
            assertEquals(WIDTH, t.rank());
            assertTrue(t.explains() > 0.8 && t.after() > t.before(), t.toString());
        }
    }

    @Test
    void progressGoesUpToItsEnd() {
        var done = new ArrayList<Long>();
        var totals = new ArrayList<Long>();
        PassContext context = builder(samples(8, 12)).progress((what, d, total) -> {
            done.add(d);
            totals.add(total);
        }).build();
        PASS.run(model(0, 1), new FitSkipPath.Options(2, 0, 0.25, CONTINUATION, 1), context);
        assertEquals(done.stream().sorted().toList(), done);
        assertEquals(totals.getLast(), done.getLast());
        assertEquals(totals.getFirst(), done.getLast());
    }

    @Test
    void hiddenStatesThatOverflowAreAnError() {
        var e = assertThrows(InputException.class, () -> PASS.run(model(1e38f, 0), new FitSkipPath.Options(2, 0, 0.25, CONTINUATION, 1), context(samples(8, 12))));
        assertTrue(e.getMessage().matches("calibration sample \\d cannot be measured: .*"), e.getMessage());
    }

    /**
     * A model made up at random.
     *
     * @param other how much the attention of the routed layers adds
     * @param map   how much their map adds
     */
    private Model model(float other, float map) {
        var weights = new MemoryWeights("checkpoint");
        weights.add("embed", DType.F32, normal(VOCAB * WIDTH, 1), VOCAB, WIDTH);
        weights.add("head", DType.F32, normal(VOCAB * WIDTH, 1), VOCAB, WIDTH);
        var layers = new StringBuilder();
        for (int l = 0; l < 3; l++) {
            weights.add(l + ".norm", DType.F32, new float[] {1, 0.5f, 2, 1}, WIDTH);
            weights.add(l + ".q", DType.F32, normal(WIDTH * WIDTH, 1), WIDTH, WIDTH);
            weights.add(l + ".o", DType.F32, normal(WIDTH * WIDTH, l < 2 ? other : 1), WIDTH, WIDTH);
            float[] added = product(normal(WIDTH * 2, 1), normal(2 * WIDTH, l < 2 ? map : 1), 2);
            maps.add(added);
            weights.add(l + ".mlp", DType.F32, added, WIDTH, WIDTH);
            layers.append(((l < 2 ? ROUTED : DENSE) + BODY).replace("NUMBER", Integer.toString(l)).replace("BEFORE", l == 0 ? "x" : "h." + (l - 1)));
        }
        return Parser.model(new SourceText("example", MODEL.replace("LAYERS", layers)), BuiltinOps.SET, weights);
    }

    private float[] normal(int n, float deviation) {
        var values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian() * deviation;
        }
        return values;
    }

    private List<Sample> samples(int count, int tokens) {
        var samples = new ArrayList<Sample>();
        for (int i = 0; i < count; i++) {
            samples.add(Sample.of(random.longs(tokens, 0, VOCAB).toArray()));
        }
        return samples;
    }

    /** The map of a layer's skip path. */
    private static float[] product(Model fitted, int layer) {
        return product(weight(fitted, layer, "up", WIDTH, 2), weight(fitted, layer, "down", 2, WIDTH), 2);
    }

    /** {@code a · b}, a being {@code [WIDTH, inner]}. */
    private static float[] product(float[] a, float[] b, int inner) {
        var out = new float[WIDTH * WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            for (int j = 0; j < WIDTH; j++) {
                for (int k = 0; k < inner; k++) {
                    out[i * WIDTH + j] += a[i * inner + k] * b[k * WIDTH + j];
                }
            }
        }
        return out;
    }

    private static float[] weight(Model fitted, int layer, String part, long... shape) {
        WeightExpr.Stored weight = ComputedWeights.weight("layers." + layer + ".skip." + part, shape);
        assertTrue(fitted.nodes(Weight.class).stream().anyMatch(n -> ((Weight) n.kind()).expr().equals(weight)), weight.toString());
        return WeightReader.floats(weight, fitted.weights());
    }

    private static PassContext context(List<Sample> samples) {
        return builder(samples).build();
    }

    private static PassContext.Builder builder(List<Sample> samples) {
        return PassContext.builder().executor(new ValueCheck(REGISTRY).context().executor()).calibration(() -> samples);
    }
}
