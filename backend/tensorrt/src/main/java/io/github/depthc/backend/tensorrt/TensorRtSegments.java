// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.plan.Ending;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.plan.PlanFiles.AttentionGraph;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.tensorrt.nvinfer.IRuntime;

/** The engines of a plan, loaded. They share one stretch of scratch memory, since they run one after the other on one stream. */
final class TensorRtSegments implements SegmentEngines {
    private static final int PROMPT = 0;
    private static final int STEP = 1;
    private static final List<String> ATTENTION_INPUTS = List.of("q", "k", "v");
    private static final List<String> INDEX_INPUTS = List.of("query_index", "key_index");

    private final EnginesInfo info;
    private final List<AttentionGraph> kinds;
    private final List<Engine> segments = new ArrayList<>();
    private final List<Engine> attentions = new ArrayList<>();
    private CUstream_st stream;
    private IRuntime runtime;

    private TensorRtSegments(EnginesInfo info, List<AttentionGraph> kinds) {
        this.info = info;
        this.kinds = kinds;
    }

    /** Loads engines that {@link EngineStore#find} found fitting. */
    static TensorRtSegments load(Cuda cuda, Path folder, EnginesInfo info, PlanFiles files, Plan plan) throws IOException {
        var all = new TensorRtSegments(info, files.attentions());
        try {
            all.load(cuda, folder, plan);
            return all;
        } catch (IOException | RuntimeException | Error e) {
            Ending.after(e, List.of(all::close));
            throw e;
        }
    }

    private void load(Cuda cuda, Path folder, Plan plan) throws IOException {
        stream = new CUstream_st(new Address(cuda.stream()));
        runtime = TensorRt.runtime();
        for (Node node : plan.segments()) {
            List<String> inputs = node.region().params().stream().map(Param::name).toList();
            List<String> outputs = IntStream.range(0, node.results().size()).mapToObj(i -> "out." + i).toList();
            Engine engine = Engine.load(runtime, folder.resolve(EngineNames.segment(segments.size())), inputs, outputs, 2);
            segments.add(engine);
            for (int i = 0; i < inputs.size(); i++) {
                Value operand = node.operand(i);
                engine.requireType(inputs.get(i), TensorRt.type(plan.dtype(operand)));
            }
            for (int i = 0; i < outputs.size(); i++) {
                engine.requireType(outputs.get(i), TensorRt.type(plan.dtype(node.result(i))));
            }
        }
        for (AttentionGraph kind : kinds) {
            var inputs = new ArrayList<>(ATTENTION_INPUTS);
            if (kind.byIndex()) {
                inputs.addAll(INDEX_INPUTS);
            }
            attentions.add(Engine.load(runtime, folder.resolve(EngineNames.attention(attentions.size())), inputs, List.of("out"), 1));
        }
        long scratch = Math.max(most(segments), most(attentions));
        long address = scratch == 0 ? 0 : cuda.allocate(scratch).address();
        segments.forEach(e -> e.prepare(address, scratch, stream));
        attentions.forEach(e -> e.prepare(address, scratch, stream));
        cuda.synchronize();
    }

    private static long most(List<Engine> engines) {
        return engines.stream().mapToLong(Engine::scratchBytes).max().orElse(0);
    }

    @Override
    public EngineLimits limits() {
        return new EngineLimits(info.maxBatch(), info.maxPrompt());
    }

    @Override
    public void segment(int index, List<DeviceTensor> inputs, List<DeviceTensor> outputs) {
        // the profile is the one for so few rows, whatever they are: of a prompt, the last layers see one token
        boolean few = outputs.getFirst().rows() <= info.maxBatch();
        segments.get(index).enqueue(few ? STEP : PROMPT, inputs, outputs, stream);
    }

    @Override
    public void attention(Attention kind, List<DeviceTensor> inputs, DeviceTensor out) {
        boolean byIndex = inputs.size() > ATTENTION_INPUTS.size();
        for (int i = 0; i < kinds.size(); i++) {
            if (kinds.get(i).kind().equals(kind) && kinds.get(i).byIndex() == byIndex) {
                attentions.get(i).enqueue(PROMPT, inputs, List.of(out), stream);
                return;
            }
        }
        throw new IllegalStateException("the plan has no graph for " + kind + (byIndex ? " by index" : ""));
    }

    /** Once nothing runs any more. */
    @Override
    public void close() {
        Ending.all(() -> Ending.all(Stream.concat(segments.stream(), attentions.stream()).map(engine -> engine::close)), () -> TensorRt.delete(runtime));
    }
}
