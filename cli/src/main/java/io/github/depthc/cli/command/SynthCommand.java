// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.cli.plan.ParameterCount;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.arch.Size;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.synth.Synth;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc synth}: a checkpoint of random weights. */
@Command(
        name = "synth",
        mixinStandardHelpOptions = true,
        header = "Write a random checkpoint in any shape.",
        description = "For benchmarks and tests. What is not given is as in a well-known model of the architecture. The checkpoint has no tokenizer: run "
                + "it with --input-ids.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc synth llama --hidden 1024 --layers 16 --heads 16 --kv-heads 4 \\",
            "      --intermediate 2816 --vocab 32000 -o /tmp/llama-small",
            "  depthc synth llama --dtype bf16 -o /tmp/llama-7b     (14 GB, in shards)",
        })
public final class SynthCommand implements Callable<Integer> {
    private static final long MOST_SHARD_GB = 1000;

    private final Console console;

    @Parameters(paramLabel = "ARCH", completionCandidates = ModelTypes.class, description = "A model_type as in config.json: ${COMPLETION-CANDIDATES}.")
    private String architecture;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "DIR", description = "Folder to write; must not exist or be empty.")
    private Path output;

    @Option(names = "--hidden", paramLabel = "N", description = "Width of the hidden states.")
    private Integer hidden;

    @Option(names = "--layers", paramLabel = "N", description = "Decoder layers.")
    private Integer layers;

    @Option(names = "--heads", paramLabel = "N", description = "Query heads.")
    private Integer heads;

    @Option(names = "--kv-heads", paramLabel = "N", description = "Key and value heads (default: as many as query heads, if those are given).")
    private Integer kvHeads;

    @Option(names = "--head-dim", paramLabel = "N", description = "Size of a head (default: hidden over heads, if one of them is given).")
    private Integer headDim;

    @Option(names = "--intermediate", paramLabel = "N", description = "Width of the MLP.")
    private Integer intermediate;

    @Option(names = "--vocab", paramLabel = "N", description = "Vocabulary size.")
    private Integer vocab;

    @Option(names = "--context", paramLabel = "N", description = "Longest sequence in tokens.")
    private Integer context;

    @Option(names = "--dtype", paramLabel = "TYPE", completionCandidates = StoredTypes.class, description = "Type of the weights: ${COMPLETION-CANDIDATES} (default: f32).", defaultValue = "f32")
    private Stored dtype;

    @Option(names = "--seed", paramLabel = "S", description = "Seed of the random numbers (default: 0).")
    private long seed;

    @Option(names = "--shard-gb", paramLabel = "N", description = "Most gigabytes (1e9 bytes) in one file (default: 2).", defaultValue = "2")
    private double shardGb;

    public SynthCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (!(shardGb > 0 && shardGb <= MOST_SHARD_GB)) {
            throw new InputException("--shard-gb is " + shardGb + ", expected more than 0, at most " + MOST_SHARD_GB);
        }
        OutputFolder folder = OutputFolder.of(output);
        JsonObject example = Importer.exampleConfig(architecture, sizes());
        ObjectNode node = example.node();
        node.remove("dtype");
        node.put("torch_dtype", dtype.hugging);
        JsonObject config = JsonObject.of(node, example.file());
        SequencedMap<String, TensorType> tensors = Importer.tensors(config, Importer.statedDType(config));
        ParameterCount count = ParameterCount.of(tensors.values());
        folder.requireWritable();
        folder.requireSpace("the checkpoint", count.bytes());
        long start = System.nanoTime();
        try (Progress progress = console.progress()) {
            Synth.write(output, config, tensors, seed, (long) (shardGb * 1e9), (done, total) -> progress.at("writing", done, total));
        }
        console.line("Wrote " + output + ": " + architecture + ", " + count + ", in " + Units.duration((System.nanoTime() - start) / 1e9));
        if (architecture.contains("llava") && tensors.keySet().stream().noneMatch(n -> n.contains("vision_tower."))) {
            console.note("It is the decoder alone, without a vision tower and without the projector behind it: a bundle of it takes text alone. llava and llava_next are written with both.");
        }
        return Main.DONE;
    }

    private Map<Size, Integer> sizes() {
        var sizes = new EnumMap<Size, Integer>(Size.class);
        put(sizes, "--hidden", Size.HIDDEN, hidden);
        put(sizes, "--layers", Size.LAYERS, layers);
        put(sizes, "--heads", Size.HEADS, heads);
        put(sizes, "--kv-heads", Size.KV_HEADS, kvHeads);
        put(sizes, "--head-dim", Size.HEAD_DIM, headDim);
        put(sizes, "--intermediate", Size.INTERMEDIATE, intermediate);
        put(sizes, "--vocab", Size.VOCAB, vocab);
        put(sizes, "--context", Size.CONTEXT, context);
        return sizes;
    }

    private static void put(Map<Size, Integer> sizes, String option, Size size, Integer value) {
        if (value != null) {
            if (value < 1 || value > size.max()) {
                throw new InputException(option + " is " + value + ", expected 1 to " + size.max());
            }
            sizes.put(size, value);
        }
    }

    /** Values of ARCH. */
    static final class ModelTypes implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Importer.modelTypes().iterator();
        }
    }

    /** Values of {@code --dtype}. */
    static final class StoredTypes extends EnumNames {
        StoredTypes() {
            super(Stored.class);
        }
    }

    /** Types that a checkpoint may be stored in, with the name that {@code config.json} uses. */
    private enum Stored {
        F32("float32"), F16("float16"), BF16("bfloat16");

        private final String hugging;

        Stored(String hugging) {
            this.hugging = hugging;
        }
    }
}
