// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Fits linear routers to what is seen on calibration samples, one layer after the other: in memory are one layer's weights, the hidden
 * states of the samples and two matrices of their width.
 */
final class RouterFit {
    /** Of so many samples one is kept to judge by. */
    private static final int HELD_OUT = 4;
    /** With fewer tokens nothing differs within a sample. */
    private static final int LEAST_TOKENS = 2;
    /** Attention that is less counts as so much, for its logarithm. */
    private static final double LEAST = 1e-12;
    private static final double PERCENT = 100;

    private final RouteByImportance.Options options;
    private final PassContext context;
    private final List<Node> layers;
    private final List<Sample> samples;
    private final Map<Integer, float[]> routers = new TreeMap<>();
    private RidgeRegression fitted;
    private RidgeRegression heldOut;
    private int used;
    private int held;

    private RouterFit(Model model, RouteByImportance.Options options, PassContext context) {
        this.options = options;
        this.context = context;
        this.layers = model.layers();
        this.samples = context.calibration();
    }

    /** The weights of each routed layer's router, {@code [d]}, by the layer's place. */
    static Map<Integer, float[]> of(Model model, RouteByImportance.Options options, PassContext context) {
        var fit = new RouterFit(model, options, context);
        fit.requireSamples();
        try {
            LayerWalk.run(model, context, "routers", fit::received, fit::see);
        } finally {
            fit.close();
        }
        return fit.routers;
    }

    private void requireSamples() {
        for (Node layer : layers) {
            if (layer.kind() instanceof ModLayer routed) {
                long enough = samples.stream().filter(s -> tokens(s, routed.routing().candidates()).length >= LEAST_TOKENS).count();
                if (enough == 0) {
                    throw new InputException("no calibration sample has at least " + LEAST_TOKENS + " tokens that may be skipped before its last " + options.observers()
                            + ", whose attention counts; give longer texts or fewer observers");
                }
                if (enough < samples.size()) {
                    context.remark(Diagnostic.remark(Location.of("layer " + routed.index()), samples.size() - enough + " of " + samples.size()
                            + " calibration samples are left out: too short for tokens that may be skipped before the " + options.observers() + " observers"));
                }
            }
        }
    }

    private List<Value> received(Node node, RegionBuilder b) {
        return node.kind() instanceof Attention a
                ? List.of(b.add("received", new AttentionReceived(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), options.observers(), a.causal()),
                        b.value(node.operand(0)), b.value(node.operand(1)), b.value(node.operand(Attention.QUERY_ROWS))))
                : List.of();
    }

    private void see(int layer, int sample, HostTensor before, List<HostTensor> received, HostTensor after) {
        if (!(layers.get(layer).kind() instanceof ModLayer routed)) {
            return;
        }
        if (received.isEmpty()) {
            throw new InputException("layer " + routed.index() + " has no attention, by which its router would be fitted");
        }
        if (sample == 0) {
            int width = (int) before.shape()[1];
            fitted = new RidgeRegression(width);
            heldOut = new RidgeRegression(width);
            used = 0;
            held = 0;
        }
        int[] tokens = tokens(samples.get(sample), routed.routing().candidates());
        if (tokens.length >= LEAST_TOKENS) {
            boolean judges = used++ % HELD_OUT == HELD_OUT - 1;
            held += judges ? 1 : 0;
            float[] x = before.floats();
            (judges ? heldOut : fitted).add(x, tokens, signal(routed.index(), sample, tokens, x, after.floats(), received.getFirst().floats()));
        }
        if (sample == samples.size() - 1) {
            routers.put(layer, router(routed.index()));
            close();
        }
    }

    /** The logarithm of what each of these tokens is worth. */
    private double[] signal(int layer, int sample, int[] tokens, float[] before, float[] after, float[] received) {
        int width = before.length / received.length;
        var signal = new double[tokens.length];
        for (int t = 0; t < tokens.length; t++) {
            double update = 0;
            for (int i = tokens[t] * width; i < (tokens[t] + 1) * width; i++) {
                update += ((double) after[i] - before[i]) * ((double) after[i] - before[i]);
            }
            double attention = Math.log(Math.max(received[tokens[t]], LEAST));
            double norm = Math.log(Math.max(Math.sqrt(update), LEAST));
            signal[t] = switch (options.signal()) {
                case ATTENTION -> attention;
                case UPDATE -> norm;
                case ATTENDED_UPDATE -> attention + norm;
            };
            if (!Double.isFinite(signal[t]) || !Double.isFinite(update)) {
                throw new InputException("calibration sample " + sample + " has hidden states in layer " + layer + " that are not numbers: the weights overflow, or the "
                        + "sample is one to leave out");
            }
        }
        return signal;
    }

    private float[] router(int layer) {
        double explained = held == 0 ? 0 : heldOut.explained(fitted.fit(options.ridge()));
        fitted.add(heldOut);
        double[] weights = fitted.fit(options.ridge());
        context.remark(Diagnostic.remark(Location.of("layer " + layer), String.format(Locale.ROOT, "the router explains %d %% of how the signal varies within a sample%s",
                Math.round(PERCENT * (held == 0 ? fitted.explained(weights) : explained)), held == 0 ? ", on the samples it was fitted to" : ", on samples held out")));
        float[] router = new float[weights.length];
        for (int i = 0; i < router.length; i++) {
            router[i] = (float) weights[i];
        }
        return router;
    }

    /** Those that may be skipped, before the observers. */
    private int[] tokens(Sample sample, Routing.Candidates rule) {
        int end = sample.tokens() - options.observers();
        return IntStream.range(0, Math.max(0, end)).filter(t -> sample.candidates().map(c -> c[t]).orElse(switch (rule) {
            case PROMPT -> t > 0;
            case ALL -> true;
            case VISION, GIVEN -> false;
        })).toArray();
    }

    private void close() {
        if (fitted != null) {
            fitted.close();
            heldOut.close();
            fitted = null;
            heldOut = null;
        }
    }
}
