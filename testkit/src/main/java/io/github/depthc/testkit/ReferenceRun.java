// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.reference.Cache;
import io.github.depthc.reference.Interpreter;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.SelectionListener;
import io.github.depthc.reference.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Runs a model, layers and all, by the reference interpreter, and notes what {@link Traces} notes. */
final class ReferenceRun {
    private final Model model;
    private final Script script;
    private final SelectionListener listener;
    private final Interpreter.Precision precision;
    private final List<Trace.Item> items = new ArrayList<>();
    private final Map<Integer, long[]> kept = new TreeMap<>();
    private final Map<String, Object> caches = new HashMap<>();
    private final int[] done;

    private ReferenceRun(Model model, Script script, SelectionListener listener, Interpreter.Precision precision) {
        this.model = model;
        this.script = script;
        this.listener = listener;
        this.precision = precision;
        this.done = new int[script.prompts().size()];
        for (Param p : model.graph().params()) {
            if (p.type() instanceof CacheType) {
                caches.put(p.name(), Cache.empty(done.length));
            }
        }
    }

    /** The whole script; the listener is told of every selection. */
    static Trace trace(Model model, Script script, SelectionListener listener, Interpreter.Precision precision) {
        return new ReferenceRun(model, script, listener, precision).run();
    }

    private Trace run() {
        List<int[]> prompts = script.prompts().stream().map(Script.Prompt::tokens).toList();
        Tensor logits = call("prompt", prompts, script.prompts().stream().map(Script.Prompt::flags).toList(), true);
        items.addAll(Traces.kept(model, script, kept));
        int at = 0;
        for (int r = 0; r < prompts.size(); r++) {
            int n = prompts.get(r).length;
            items.add(Traces.prompt(r, logits.width(), floats(Arrays.copyOfRange(logits.data(), at, at += n * logits.width()))));
        }
        cacheLengths("prompt with all logits");
        float[] last = new float[prompts.size() * logits.width()];
        int end = 0;
        for (int r = 0; r < prompts.size(); r++) {
            end += prompts.get(r).length * logits.width();
            System.arraycopy(floats(Arrays.copyOfRange(logits.data(), end - logits.width(), end)), 0, last, r * logits.width(), logits.width());
        }
        items.add(Traces.last(logits.width(), last));
        cacheLengths("prompt");
        boolean routed = model.graph().nodes().stream().anyMatch(n -> n.kind() instanceof DecoderLayer l
                && l.routed().filter(r -> r.decode() == Routing.DecodeRule.THRESHOLD).isPresent());
        for (int s = 0; s < script.steps().size(); s++) {
            List<int[]> tokens = IntStream.of(script.steps().get(s)).mapToObj(t -> new int[] {t}).toList();
            Tensor step = call("step " + s, tokens, tokens.stream().map(t -> new boolean[] {routed}).toList(), false);
            items.add(Traces.step(s, step.width(), floats(step.data())));
            cacheLengths("step " + s);
        }
        return new Trace(items);
    }

    /** Logits of all new tokens. */
    private Tensor call(String name, List<int[]> tokens, List<boolean[]> candidates, boolean prompt) {
        int[] lengths = tokens.stream().mapToInt(t -> t.length).toArray();
        int n = Arrays.stream(lengths).sum();
        double[] ids = new double[n];
        double[] positions = new double[n];
        double[] flags = new double[n];
        int t = 0;
        for (int r = 0; r < lengths.length; r++) {
            for (int i = 0; i < lengths[r]; i++, t++) {
                ids[t] = tokens.get(r)[i];
                positions[t] = done[r] + i;
                flags[t] = candidates.get(r)[i] ? 1 : 0;
            }
        }
        var inputs = new HashMap<String, Object>(caches);
        inputs.put(GraphNames.TOKEN_IDS, Tensor.vector(ids));
        inputs.put(GraphNames.POSITIONS, Tensor.vector(positions));
        inputs.put(GraphNames.CANDIDATES, Tensor.vector(flags));
        inputs.put(GraphNames.LOGITS_AT, Tensor.vector(IntStream.range(0, n).asDoubleStream().toArray()));
        inputs.put(GraphNames.ROWS, Rows.of(lengths, done));
        List<Object> yields = Interpreter.run(model.graph(), model.weights(), inputs, (layer, selection, rows, c, key, chosen) -> {
            if (prompt) {
                kept.put(layer, Arrays.stream(chosen).asLongStream().toArray());
            }
            listener.selected(layer, selection, rows, c, key, chosen);
        }, precision);
        for (int l = 0; l < model.info().layers(); l++) {
            caches.put(GraphNames.cache(l), yields.get(l + 1));
        }
        for (int r = 0; r < lengths.length; r++) {
            done[r] += lengths[r];
        }
        return (Tensor) yields.getFirst();
    }

    private void cacheLengths(String call) {
        for (int r = 0; r < done.length; r++) {
            int row = r;
            items.add(Traces.caches(call, r, IntStream.range(0, model.info().layers())
                    .mapToLong(l -> ((Cache) caches.get(GraphNames.cache(l))).lengths()[row]).toArray()));
        }
    }

    private static float[] floats(double[] values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }
}
