// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.onnx.WrittenGraph;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.tensorrt.EnginesInfo.EngineFile;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.nvinfer.Dims64;
import org.bytedeco.tensorrt.nvinfer.IBuilder;
import org.bytedeco.tensorrt.nvinfer.IBuilderConfig;
import org.bytedeco.tensorrt.nvinfer.IHostMemory;
import org.bytedeco.tensorrt.nvinfer.INetworkDefinition;
import org.bytedeco.tensorrt.nvinfer.IOptimizationProfile;
import org.bytedeco.tensorrt.nvinfer.ITensor;
import org.bytedeco.tensorrt.nvinfer.ITimingCache;

/**
 * Builds the engines of a plan for the GPU of this machine: one for each segment, with a profile for prompts and one for decode steps, so that
 * weights are held once, and one for each kind of a prompt's attention. The workspace is left at its default, all free memory.
 */
public final class EngineBuilder {
    private static final int PIECE = 64 << 20;
    private static final int MOST_TOKENS = 1 << 20;
    private static final int MOST_ROWS = 1 << 12;

    private EngineBuilder() {
    }

    /**
     * What engines are built for.
     *
     * @param maxPrompt tokens that a prompt may have; engines are fastest at that many
     * @param maxBatch  rows that a decode step may have; engines are fastest at one
     */
    public record Limits(int maxPrompt, int maxBatch) {
        public Limits {
            require("--max-prompt", maxPrompt, MOST_TOKENS);
            require("--max-batch", maxBatch, MOST_ROWS);
        }
    }

    private static void require(String option, int value, int most) {
        if (value < 1 || value > most) {
            throw new InputException(option + " is " + value + ", expected 1 to " + most);
        }
    }

    /** Told of each engine before it is built and after. */
    public interface Progress {
        /** @param abandon deletes what is unfinished, for when the process is to end while an engine is built */
        void began(Runnable abandon);

        /** @param weightBytes of its weights */
        void building(int number, int count, String engine, long weightBytes);

        /** @param engineBytes of its file */
        void built(int number, int count, String engine, long engineBytes, Duration took);
    }

    /**
     * Builds all engines and puts them in the bundle, in place of those that were there for this kind of GPU and version of TensorRT. They are not
     * taken before {@link TensorRtEngines#accept}.
     *
     * @return their folder
     * @throws InputException where the plan has no kernels for this GPU: its engines would be of no use
     * @throws MissingGpuException where this machine cannot build them
     */
    public static Path build(PlanFiles files, BundleInfo info, Gpu gpu, Limits limits, Progress progress) throws IOException {
        KernelLauncher.cubinFor(gpu, files.kernels());
        String fingerprint = EngineStore.fingerprint(files, info);
        List<String> names = EngineStore.names(files);
        List<Path> graphs = EngineStore.graphs(files);
        try (Cuda cuda = Cuda.open(Driver.open(Libraries.ofSystem()), gpu)) {
            cuda.enter();
            String version = TensorRt.version();
            Path target = EngineStore.folder(files, gpu.name(), version);
            Path timings = target.resolveSibling(target.getFileName() + ".timing");
            try (StagingFolder staging = StagingFolder.open(target, true)) {
                progress.began(staging::abandon);
                try {
                    var built = new ArrayList<EngineFile>();
                    for (int i = 0; i < names.size(); i++) {
                        WrittenGraph graph = WrittenGraph.read(graphs.get(i));
                        progress.building(i, names.size(), names.get(i), BuildEstimate.weightBytes(graph));
                        long start = System.nanoTime();
                        Path file = staging.folder().resolve(names.get(i));
                        boolean steps = i < files.segments().size();
                        try {
                            one(graphs.get(i), graph, limits, steps, timings, file);
                        } catch (UncheckedIOException e) {
                            throw new UncheckedIOException(new IOException(e.getCause().getMessage() + memory(graph, cuda.freeBytes()), e));
                        }
                        built.add(new EngineFile(names.get(i), Files.size(file)));
                        progress.built(i, names.size(), names.get(i), Files.size(file), Duration.ofNanos(System.nanoTime() - start));
                    }
                    new EnginesInfo(gpu.name(), gpu.architecture(), version, gpu.driver(), limits.maxPrompt(), limits.maxBatch(), fingerprint, built)
                            .write(staging.folder(), EngineNames.UNCHECKED);
                    staging.commit();
                } catch (IOException e) {
                    throw staging.about(e);
                }
            }
            return target;
        }
    }

    /** What a failure may have come from, since TensorRT seldom says it. */
    private static String memory(WrittenGraph graph, long freeBytes) {
        return String.format(Locale.ROOT, "; the graph has %.2f GiB of weights, %.2f GiB of the GPU's memory are free: if that was too little, lower --max-prompt or --max-batch, or end other "
                + "programs on this GPU", BuildEstimate.gib(BuildEstimate.weightBytes(graph)), BuildEstimate.gib(freeBytes));
    }

    private static void one(Path path, WrittenGraph graph, Limits limits, boolean steps, Path timings, Path to) throws IOException {
        IBuilder builder = TensorRt.builder();
        INetworkDefinition network = null;
        IBuilderConfig config = null;
        try {
            network = TensorRt.require(builder.createNetworkV2(0), "createNetworkV2");
            config = TensorRt.require(builder.createBuilderConfig(), "createBuilderConfig");
            try (var parsed = ParsedGraph.parse(network, path, graph)) {
                profile(builder, network, config, limits.maxPrompt(), limits.maxPrompt());
                if (steps) {
                    profile(builder, network, config, limits.maxBatch(), 1);
                }
                serialize(builder, network, config, parsed.file(), timings, to);
            }
        } finally {
            TensorRt.delete(config);
            TensorRt.delete(network);
            TensorRt.delete(builder);
        }
    }

    /** One to so many tokens; a dimension of 0 is none that engines can have. */
    private static void profile(IBuilder builder, INetworkDefinition network, IBuilderConfig config, int most, int best) {
        IOptimizationProfile profile = TensorRt.require(builder.createOptimizationProfile(), "createOptimizationProfile");
        for (int i = 0; i < network.getNbInputs(); i++) {
            ITensor input = network.getInput(i);
            Dims64 shape = input.getDimensions();
            shape.d(0, 1);
            boolean taken = profile.setDimensions(input.getName(), nvinfer.OptProfileSelector.kMIN, shape);
            shape.d(0, best);
            taken &= profile.setDimensions(input.getName(), nvinfer.OptProfileSelector.kOPT, shape);
            shape.d(0, most);
            taken &= profile.setDimensions(input.getName(), nvinfer.OptProfileSelector.kMAX, shape);
            TensorRt.require(taken, "setDimensions of the input " + input.getName());
        }
        TensorRt.require(config.addOptimizationProfile(profile) >= 0, "addOptimizationProfile");
    }

    private static void serialize(IBuilder builder, INetworkDefinition network, IBuilderConfig config, Path graph, Path timings, Path to)
            throws IOException {
        byte[] known = Files.isRegularFile(timings) ? Files.readAllBytes(timings) : new byte[0];
        ITimingCache cache = timingCache(config, known);
        IHostMemory engine = null;
        try {
            engine = TensorRt.require(builder.buildSerializedNetwork(network, config), "buildSerializedNetwork of " + graph);
            write(engine, to);
            save(cache, timings);
        } finally {
            TensorRt.delete(engine);
            TensorRt.delete(cache);
        }
    }

    /** What was measured before; nothing where that is of another GPU or version. */
    private static ITimingCache timingCache(IBuilderConfig config, byte[] known) {
        try (var bytes = new org.bytedeco.javacpp.BytePointer(known)) {
            ITimingCache cache = config.createTimingCache(bytes, known.length);
            if (cache != null && config.setTimingCache(cache, false)) {
                return cache;
            }
            TensorRt.delete(cache);
        }
        ITimingCache empty = TensorRt.require(config.createTimingCache(new Address(0), 0), "createTimingCache");
        TensorRt.require(config.setTimingCache(empty, false), "setTimingCache");
        return empty;
    }

    private static void save(ITimingCache cache, Path timings) throws IOException {
        IHostMemory bytes = TensorRt.require(cache.serialize(), "serialize of the timing cache");
        try {
            Path part = timings.resolveSibling(timings.getFileName() + ".partial");
            write(bytes, part);
            Files.move(part, timings, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            TensorRt.delete(bytes);
        }
    }

    private static void write(IHostMemory memory, Path to) throws IOException {
        MemorySegment bytes = NativeMemory.at(memory.data().address(), memory.size());
        try (FileChannel channel = FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            for (long done = 0; done < bytes.byteSize(); done += PIECE) {
                var piece = bytes.asSlice(done, Math.min(PIECE, bytes.byteSize() - done)).asByteBuffer();
                while (piece.hasRemaining()) {
                    channel.write(piece);
                }
            }
            channel.force(true);
        }
    }
}
