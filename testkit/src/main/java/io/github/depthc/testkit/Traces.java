// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.reference.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Runs models and graphs on ONNX Runtime and notes what comes out. */
final class Traces {
    // Small models: what prepacking and more threads gain, loading them would cost.
    private static final OrtOptions OPTIONS = OrtOptions.DEFAULT.withPrepacking(false);

    private Traces() {
    }

    /** Runs flat graphs for passes. */
    static Executor executor() {
        return new OrtExecutor(OPTIONS);
    }

    /**
     * Logits of every prompt position and of every step, cache lengths after each call, and which prompt tokens were kept.
     *
     * @param flat  the model, lowered
     * @param plans what its layers do
     */
    static Trace model(Model flat, List<LayerPlan> plans, Script script, boolean portable) {
        var items = new ArrayList<Trace.Item>(kept(flat, script));
        BundleSpec spec = BundleSpec.of(flat).layers(plans).portable(portable).build();
        try (OrtEngine engine = OrtEngine.load(spec, OPTIONS)) {
            List<PromptInput> inputs = script.prompts().stream().map(Traces::input).toList();
            List<Slot> whole = inputs.stream().map(p -> engine.open()).toList();
            prompts(items, script, engine.prefill(whole, inputs.stream().map(PromptInput::withAllLogits).toList()));
            caches(items, "prompt with all logits", whole);
            whole.forEach(Slot::close);
            // as it is run otherwise: only the last position's logits are wanted
            List<Slot> slots = inputs.stream().map(p -> engine.open()).toList();
            StepOutput last = engine.prefill(slots, inputs);
            items.add(last(last.vocab(), logits(last)));
            caches(items, "prompt", slots);
            for (int s = 0; s < script.steps().size(); s++) {
                step(items, s, engine.step(slots, script.steps().get(s)));
                caches(items, "step " + s, slots);
            }
        }
        return new Trace(items);
    }

    private static List<Trace.Item> kept(Model flat, Script script) {
        if (flat.nodes(ModSelect.class).isEmpty()) {
            return kept(flat, script, Map.of());
        }
        try (KeptSets sets = KeptSets.of(flat, executor())) {
            return kept(flat, script, sets.kept(script.prompts()));
        }
    }

    /** Kept prompt tokens of each layer, as packed indices; a layer without a selection keeps all. */
    static List<Trace.Item> kept(Model model, Script script, Map<Integer, long[]> chosen) {
        long[] all = LongStream.range(0, script.prompts().stream().mapToInt(p -> p.tokens().length).sum()).toArray();
        return IntStream.range(0, model.info().layers()).<Trace.Item>mapToObj(
                l -> new Trace.Kept("prompt, kept tokens of layer " + l, chosen.getOrDefault(l, all))).toList();
    }

    private static PromptInput input(Script.Prompt prompt) {
        return PromptInput.of(prompt.tokens()).withCandidates(new CandidateTokens.Ranges(prompt.candidates()));
    }

    private static void prompts(List<Trace.Item> items, Script script, StepOutput output) {
        int position = 0;
        for (int r = 0; r < script.prompts().size(); r++) {
            int n = script.prompts().get(r).tokens().length;
            float[] values = new float[n * output.vocab()];
            output.logits().get(position * output.vocab(), values);
            items.add(prompt(r, output.vocab(), values));
            position += n;
        }
    }

    private static void step(List<Trace.Item> items, int number, StepOutput output) {
        items.add(step(number, output.vocab(), logits(output)));
    }

    private static float[] logits(StepOutput output) {
        float[] values = new float[output.rows() * output.vocab()];
        output.logits().get(0, values);
        return values;
    }

    private static void caches(List<Trace.Item> items, String call, List<Slot> slots) {
        for (int r = 0; r < slots.size(); r++) {
            items.add(caches(call, r, IntStream.of(slots.get(r).cacheLengths()).asLongStream().toArray()));
        }
    }

    /** Logits of one row of the prompt. */
    static Trace.Item prompt(int row, int vocab, float[] logits) {
        return new Trace.Numbers("prompt, row " + row, "position", "logit", vocab, logits);
    }

    /** Logits of each row's last position in the prompt, when no others are wanted. */
    static Trace.Item last(int vocab, float[] logits) {
        return new Trace.Numbers("prompt, last positions", "row", "logit", vocab, logits);
    }

    /** Logits of a decode step. */
    static Trace.Item step(int number, int vocab, float[] logits) {
        return new Trace.Numbers("step " + number, "row", "logit", vocab, logits);
    }

    /** Cache lengths of one row after a call. */
    static Trace.Item caches(String call, int row, long[] lengths) {
        return new Trace.Exact(call + ", row " + row + ", cache lengths by layer", lengths);
    }

    /** The yields of a graph on its own. */
    static Trace graph(Region graph, WeightStore weights, Map<String, HostTensor> inputs) {
        var items = new ArrayList<Trace.Item>();
        try (Executor.Program program = executor().compile(graph, weights)) {
            List<HostTensor> yields = program.run(inputs);
            for (int i = 0; i < yields.size(); i++) {
                items.add(output(i, yields.get(i)));
            }
        }
        return new Trace(items);
    }

    private static Trace.Item output(int number, HostTensor t) {
        int rank = t.shape().length;
        return switch (t.dtype()) {
            case F32 -> output(number, rank < 2 ? 1 : Math.toIntExact(t.shape()[rank - 1]), t.floats());
            case I64 -> new Trace.Exact("yield " + number, t.longs());
            default -> new Trace.Exact("yield " + number, IntStream.range(0, Math.toIntExact(t.data().byteSize()))
                    .mapToLong(b -> t.data().get(java.lang.foreign.ValueLayout.JAVA_BYTE, b)).toArray());
        };
    }

    /** The same of the reference. */
    static Trace.Item output(int number, Tensor t) {
        float[] values = new float[t.data().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) t.data()[i];
        }
        return output(number, t.shape().length < 2 ? 1 : t.shape()[t.shape().length - 1], values);
    }

    private static Trace.Item output(int number, int width, float[] values) {
        return new Trace.Numbers("yield " + number, "row", "element", width, values);
    }
}
