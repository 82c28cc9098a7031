// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A whole decoder of random shape and weights, its layers dense or routed. */
final class RandomDecoder {
    private final SplittableRandom random;
    private final DecoderTraits traits;
    private final ModelInfo info;
    private final RandomWeights weights;
    private final RegionBuilder b = new RegionBuilder();

    private RandomDecoder(SplittableRandom random, long seed) {
        this.random = random;
        this.traits = DecoderTraits.draw(random, seed);
        this.info = traits.info();
        this.weights = new RandomWeights(random);
    }

    /**
     * A model.
     *
     * @param seed   its name
     * @param routes whether some layers may route
     */
    static Model build(SplittableRandom random, long seed, boolean routes) {
        return new RandomDecoder(random, seed).build(routes);
    }

    private Model build(boolean routes) {
        Param ids = b.param(GraphNames.TOKEN_IDS, TensorType.of(DType.I64, Dim.TOKENS));
        Param positions = b.param(GraphNames.POSITIONS, TensorType.of(DType.I64, Dim.TOKENS));
        Param rows = b.param(GraphNames.ROWS, new RowsType(Dim.TOKENS));
        Param candidates = b.param(GraphNames.CANDIDATES, TensorType.of(DType.BOOL, Dim.TOKENS));
        Param logitsAt = b.param(GraphNames.LOGITS_AT, TensorType.of(DType.I64, Dim.of("outputs")));
        var caches = new ArrayList<Param>();
        for (int i = 0; i < info.layers(); i++) {
            caches.add(b.param(GraphNames.cache(i), new CacheType(info.kvHeads(), info.headDim(), false)));
        }
        WeightExpr table = weights.matrix(info.vocab(), info.hidden());
        Value embedded = RandomWeights.value(b, table);
        Value x = b.add("x", new Embedding(), ids, embedded);
        if (traits.embedScale() != 1) {
            x = b.add("x", new Unary.Scale(traits.embedScale()), x);
        }
        Routing.Candidates rule = Routing.Candidates.values()[random.nextInt(Routing.Candidates.values().length)];
        Routing.DecodeRule decode = random.nextInt(3) == 0 ? Routing.DecodeRule.THRESHOLD : Routing.DecodeRule.DENSE;
        var yields = new ArrayList<Value>();
        for (int i = 0; i < info.layers(); i++) {
            Region body = RandomLayer.build(random, traits, weights, i);
            var operands = new ArrayList<Value>(List.of(x, positions, rows, caches.get(i)));
            OpKind kind = new Layer(i);
            if (routes && random.nextInt(3) > 0) {
                var mod = new ModLayer(i, RandomRouting.draw(random, traits.block().before(), rule, decode));
                operands.add(candidates);
                addRouter(mod, x, operands);
                kind = mod;
            }
            Node layer = b.node("x", kind, operands, List.of(body), "cache." + i + ".new");
            x = Noise.maybe(random, b, layer.result(0));
            yields.add(layer.result(1));
        }
        yields.addFirst(logits(b.add("last", new GatherRows(), x, logitsAt), embedded));
        return new Model(info, b.build(yields), weights.store());
    }

    private void addRouter(ModLayer mod, Value x, List<Value> operands) {
        int d = info.hidden();
        switch (mod.routing().score()) {
            case Routing.Score.Linear s -> {
                operands.add(RandomWeights.value(b, weights.matrix(1, d)));
                if (s.bias()) {
                    operands.add(RandomWeights.value(b, weights.vector(1, 0, 0.3)));
                }
            }
            case Routing.Score.SharedLinear s -> operands.add(RandomWeights.value(b, weights.matrix(2, d)));
            case Routing.Score.Given s -> operands.add(b.add("score", new ModScore(new Routing.Score.Linear(false)), x,
                    RandomWeights.value(b, weights.matrix(1, d))));
            case Routing.Score.None s -> { }
            case Routing.Score.AttentionReceived s -> { }
        }
        if (mod.routing().skip() instanceof Routing.SkipPath.Linear(int rank)) {
            operands.add(RandomWeights.value(b, weights.matrix(rank, d)));
            operands.add(RandomWeights.value(b, weights.matrix(d, rank)));
            operands.add(RandomWeights.value(b, weights.vector(d, 0, 0.1)));
        }
    }

    private Value logits(Value last, Value table) {
        Value normed = b.add("normed", new RmsNorm(traits.epsilon(), traits.unitOffset(), 1), last,
                RandomWeights.value(b, weights.vector(info.hidden(), traits.unitOffset() ? 0 : 1, 0.1)));
        Value head = traits.tied() ? table : RandomWeights.value(b, weights.matrix(info.vocab(), info.hidden()));
        Value logits = b.add(GraphNames.LOGITS, new Linear(), normed, head);
        return traits.logitCap() > 0 ? b.add(GraphNames.LOGITS, new Unary.Softcap(traits.logitCap()), logits) : logits;
    }
}
